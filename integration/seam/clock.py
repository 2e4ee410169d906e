"""The only clock in the project: the database's."""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """The database's present moment in UTC; inside a transaction it moves on, unlike SQL's now()."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment

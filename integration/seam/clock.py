"""The only clock in the project: the database's."""

from datetime import datetime

from . import sql


def now() -> datetime:
    """The database's present moment in UTC; inside a transaction it moves on, unlike SQL's now()."""
    moment: datetime = sql.value("SELECT clock_timestamp()")
    return moment

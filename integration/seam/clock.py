"""The only clock in the project: the database's."""

from datetime import datetime

from . import sql


def now() -> datetime:
    """The database's present moment in UTC; it advances inside a transaction, unlike SQL's now()."""
    moment: datetime = sql.value("SELECT clock_timestamp()")
    return moment

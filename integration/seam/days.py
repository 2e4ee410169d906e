"""Tables of rows per day, RANGE-partitioned by month: each month's partition is made when its first rows come."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from . import sql
from .loads import Partition
from .sql import Sql, compose, identifier

_PRESENT = """
SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
 WHERE inhparent = %(parent)s::regclass
"""


@dataclass(frozen=True)
class DaysOfMonth(Partition):
    """The rows of a month's days; `value` is the month, as 202607 for July, `key` the column of the day."""

    @property
    def first(self) -> date:
        return date(self.value // 100, self.value % 100, 1)

    @property
    def bounds(self) -> Sql:
        return compose("FROM ({first}) TO ({end})", first=_literal(self.first), end=_literal(_next_month(self.first)))

    @property
    def condition(self) -> Sql:
        first, end = _literal(self.first), _literal(_next_month(self.first))
        return compose("{key} >= {first} AND {key} < {end}", key=identifier(self.key), first=first, end=end)

    def fill_empty(self) -> None:
        """Create the unattached table without its key, to be filled."""
        self._create_empty()


def missing_months(parent: str, key: str, first: date, last: date) -> list[DaysOfMonth]:
    """The partitions from the month of one day to that of another that are not there. The caller keeps others out."""
    present = set(sql.column(_PRESENT, {"parent": parent}))
    wanted = (DaysOfMonth(parent, key, int(f"{month:%Y%m}")) for month in _months(first, last))
    return [one for one in wanted if one.table not in present]


def insert_days(parent: str, key: str, primary_key: Sequence[str], rows: Sql, first: date, last: date) -> None:
    """Insert the rows of `{rows}`, a query that returns the parent's columns, with days from `first` to `last`.

    A month that has no partition is filled before it gets its key, which takes a third of the time. The caller keeps
    others from inserting.
    """
    new = missing_months(parent, key, first, last)
    chosen = "INSERT INTO {table} SELECT * FROM ({rows}) rows WHERE {condition}"
    for month in new:
        month.fill_empty()
        month.execute(chosen, rows=rows, condition=month.condition)
        month.finish(primary_key)
    old = [compose("NOT ({condition})", condition=month.condition) for month in new] or [compose("true")]
    condition = Sql(" AND ".join(old))
    sql.execute(compose(chosen, table=identifier(parent), rows=rows, condition=condition))
    for month in new:
        month.attach()


def _months(first: date, last: date) -> Iterator[date]:
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = _next_month(month)


def _next_month(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=31)).replace(day=1)


def _literal(day: date) -> Sql:
    """A day in a statement in which PostgreSQL allows no parameters."""
    return Sql(f"'{day.isoformat()}'")

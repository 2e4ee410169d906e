"""Monthly partitions: those of a month's stages are folded into one, long after the month is over.

A query for one device searches every partition, so their number must not keep growing. The rows are copied while others
keep reading. The tables are exchanged at the end of the transaction, under a lock that each attempt waits a second for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from . import sql
from .loads import Partition, patiently
from .sql import Sql, compose, identifier, identifiers, integer, listed

# The name of a stage's partition ends in the stage's id, that of a month's in "m", the month and a count.
_OF_ONE_STAGE = """
SELECT DISTINCT substr(child.relname, length(parent.relname) + 2)::bigint
  FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid JOIN pg_class parent ON parent.oid = inhparent
 WHERE parent.relname = ANY(%s) AND child.relname ~ ('^' || parent.relname || '_[0-9]+$')
"""
_HOLDING = """
SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
 WHERE inhparent = %(parent)s::regclass
   AND (child.relname = ANY(%(of_one_stage)s) OR child.relname ~ ('^' || %(parent)s || '_m' || %(month)s || '_'))
"""


class Bulk(NamedTuple):
    """A table that is LIST-partitioned by `key`."""

    parent: str
    key: str
    primary_key: tuple[str, ...]


@dataclass(frozen=True)
class Month(Partition):
    """The rows of a month's stages; `value` is the month, as 202607 for July."""

    ids: tuple[int, ...]

    @property
    def table(self) -> str:
        return f"{self.parent}_m{self.value}_{len(self.ids)}"  # a month folded again has more stages

    @property
    def values(self) -> Sql:
        return listed(map(integer, self.ids))

    @property
    def condition(self) -> Sql:
        return compose("{key} = ANY ('{{{values}}}'::bigint[])", key=identifier(self.key), values=self.values)

    def fill(self) -> None:
        """Create the table with the present rows of its stages."""
        self._create_empty()
        self.execute("INSERT INTO {table} SELECT * FROM {parent} WHERE {condition}", condition=self.condition)

    def finish(self, primary_key: Sequence[str]) -> None:
        """Add the key; if it does not start with the stage, also a small index: a stage's rows lie together."""
        super().finish(primary_key)
        if primary_key[0] != self.key:
            index = identifier(f"{self.table}_by_stage")
            self.execute("CREATE INDEX {index} ON {table} USING brin ({key})", index=index)

    def sources(self) -> list[str]:
        """The partitions that it replaces; none if no stage has its own partition."""
        names = [f"{self.parent}_{pk}" for pk in self.ids]
        found = sql.column(_HOLDING, {"parent": self.parent, "of_one_stage": names, "month": str(self.value)})
        return found if set(found).intersection(names) else []


def months_to_fold(tables: Sequence[Bulk], over: QuerySet[Any], now: datetime) -> list[int]:
    """Months that ended FOLD_AFTER_DAYS ago, if a stage of theirs that is `over` still has its own partition."""
    ids = sql.column(_OF_ONE_STAGE, [[table.parent for table in tables]])
    before = _month_of(now - timedelta(days=settings.FOLD_AFTER_DAYS))
    ends = over.filter(pk__in=ids, ends_at__lt=before).values_list("ends_at", flat=True)
    return sorted({int(f"{end.astimezone(UTC):%Y%m}") for end in ends})


def fold_oldest_month(tables: Sequence[Bulk], over: QuerySet[Any], now: datetime) -> None:
    """Fold the oldest month that is due, if any. Raises NotYet if readers leave no moment for the exchange."""
    if months := months_to_fold(tables, over, now):
        _fold(tables, over, months[0])


@transaction.atomic
def _fold(tables: Sequence[Bulk], over: QuerySet[Any], month: int) -> None:
    """Put the rows of a month's stages that are `over` into one partition per table. They must not change again."""
    begins = datetime(month // 100, month % 100, 1, tzinfo=UTC)
    stages = over.filter(ends_at__gte=begins, ends_at__lt=_month_of(begins + timedelta(days=31)))
    ids = tuple(stages.order_by("pk").values_list("pk", flat=True))
    months = {Month(table.parent, table.key, month, ids): table for table in tables}
    sources = {each: found for each in months if (found := each.sources())}
    for each, found in sources.items():
        sql.execute(compose("LOCK TABLE {tables} IN SHARE MODE", tables=identifiers(found)))
        each.fill()
        each.finish(months[each].primary_key)
    parents = [compose("ONLY {parent}", parent=identifier(each.parent)) for each in sources]
    taken_over = [identifier(name) for found in sources.values() for name in found]
    lock = compose("LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE", tables=listed([*parents, *taken_over]))
    patiently(lambda: sql.execute(lock))
    for each, found in sources.items():
        sql.execute(compose("DROP TABLE {tables}", tables=identifiers(found)))
        each.attach()


def _month_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)

"""Monthly partitions: those of a month's stages are folded into one, long after the month is over.

A look-up of one device asks every partition, so they must not become ever more. The rows are copied while everybody
reads on; the tables change places at the end of the transaction, under a lock that is waited for a second at a time.
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

# Partitions that hold one stage are named by its number, a month's by "m" and the month.
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
        """Make the table, with the rows its stages have now."""
        self._create_empty()
        self.execute("INSERT INTO {table} SELECT * FROM {parent} WHERE {condition}", condition=self.condition)

    def finish(self, primary_key: Sequence[str]) -> None:
        """As of one stage; where the key does not lead to a stage's rows, a small index does: they lie together."""
        super().finish(primary_key)
        if primary_key[0] != self.key:
            index = identifier(f"{self.table}_by_stage")
            self.execute("CREATE INDEX {index} ON {table} USING brin ({key})", index=index)

    def sources(self) -> list[str]:
        """The partitions whose rows it takes over; none where no stage has one of its own."""
        names = [f"{self.parent}_{pk}" for pk in self.ids]
        found = sql.column(_HOLDING, {"parent": self.parent, "of_one_stage": names, "month": str(self.value)})
        return found if set(found).intersection(names) else []


def months_to_fold(tables: Sequence[Bulk], over: QuerySet[Any], now: datetime) -> list[int]:
    """Months that ended FOLD_AFTER_DAYS ago and of which a stage that is `over` has a partition of its own."""
    ids = sql.column(_OF_ONE_STAGE, [[table.parent for table in tables]])
    before = _month_of(now - timedelta(days=settings.FOLD_AFTER_DAYS))
    ends = over.filter(pk__in=ids, ends_at__lt=before).values_list("ends_at", flat=True)
    return sorted({int(f"{end.astimezone(UTC):%Y%m}") for end in ends})


def fold_oldest_month(tables: Sequence[Bulk], over: QuerySet[Any], now: datetime) -> None:
    """Fold the oldest month there is to fold, if any. Raises NotYet if readers leave no moment for the exchange."""
    if months := months_to_fold(tables, over, now):
        _fold(tables, over, months[0])


@transaction.atomic
def _fold(tables: Sequence[Bulk], over: QuerySet[Any], month: int) -> None:
    """Put the rows of a month's stages that are `over` into one partition a table. Nothing may change them any more."""
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

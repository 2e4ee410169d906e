"""Fill a partition from the parts of an extract, each part exactly once, and attach it after the last part.

The one place that knows how a bulk partition is created, filled, finished and attached. The rows go into a plain table
that nobody reads yet; its check allows only rows of its stage, and it has no index. Then it gets its key, and is
attached to its parent as the last step before the commit.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import Exists, OuterRef

from . import clock, sql
from .delivery import NotYet
from .messages import ExtractRef
from .models import Delivery, Load, Message
from .sql import Sql, compose, identifier, identifiers, integer, listed

# PostgreSQL's statistics target for tables that are rebuilt for each stage: a sample of 3,000 rows describes ids, watts
# and a handful of codes as well as the usual 30,000.
STATISTICS_TARGET = 10
EXCHANGE_TRIES, EXCHANGE_PAUSE_S = 20, 0.2
_KEEP_REFUSED = """
INSERT INTO integration_refusedrow (delivery_id, head_end, nic_id, reason)
SELECT %(delivery)s, refused.* FROM ({query}) refused
"""
_NEEDED_COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND attnotnull"


@dataclass(frozen=True)
class Partition:
    """The rows of one stage in one of the bulk tables, which are LIST-partitioned by `key`."""

    parent: str
    key: str
    value: int

    @property
    def table(self) -> str:
        return f"{self.parent}_{self.value}"

    @property
    def values(self) -> Sql:
        """The keys of its rows, as ATTACH lists them."""
        return integer(self.value)

    @property
    def bounds(self) -> Sql:
        """The rows that it has, as ATTACH names them."""
        return compose("IN ({values})", values=self.values)

    @property
    def condition(self) -> Sql:
        """The condition that each of its rows meets."""
        return compose("{key} = {value}", key=identifier(self.key), value=self.values)

    @property
    def check(self) -> Sql:
        """The constraint with that condition; it spares ATTACH a scan of the rows."""
        name = identifier(f"{self.table}_of_its_keys")
        return compose("CONSTRAINT {name} CHECK ({condition})", name=name, condition=self.condition)

    def create(self) -> None:
        """Create the empty, unattached table, which only allows rows of this stage; does nothing if it exists.

        The caller holds the lock of the stage.
        """
        if not sql.value("SELECT to_regclass(%s)", [self.table]):
            self._create_empty()
            self.execute("ALTER TABLE {table} ALTER {key} SET DEFAULT {value}", value=integer(self.value))

    def create_from(self, query: Sql, params: dict[str, Any]) -> int:
        """Create the unattached table from a query that returns the parent's columns; returns how many rows.

        Unlike INSERT, this lets PostgreSQL run the query on several processors.
        """
        create = compose("CREATE TABLE {table} AS {query}", table=identifier(self.table), query=query)
        rows = sql.in_parallel(create, params)
        needed = (identifier(name) for name in sql.column(_NEEDED_COLUMNS, [self.parent]))
        not_null = listed(compose("ALTER {column} SET NOT NULL", column=column) for column in needed)
        self.execute("ALTER TABLE {table} {not_null}, ADD {check}", not_null=not_null, check=self.check)
        return rows

    def take_now(self) -> None:
        """Keep loaders out until the transaction ends. Raises NotYet if one is at work."""
        try:
            with transaction.atomic():
                self.execute("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE NOWAIT")
        except OperationalError as busy:
            raise NotYet("rows are being loaded") from busy

    def finish(self, primary_key: Sequence[str]) -> None:
        """Add the primary key, after all rows are in."""
        self.execute("ALTER TABLE {table} ADD PRIMARY KEY ({columns})", columns=identifiers(primary_key))

    def attach(self) -> None:
        """Make the rows visible. Call it at the end of the transaction: it blocks other attachments."""
        self.execute("ALTER TABLE {parent} ATTACH PARTITION {table} FOR VALUES {bounds}", bounds=self.bounds)
        analyze_after_commit(self.table, target=STATISTICS_TARGET)

    def execute(self, text: str, params: sql.Params = None, **parts: Sql) -> int:
        """Run a statement about this partition, with `{table}`, `{parent}`, `{key}` and the parts put into its text."""
        named = {"table": identifier(self.table), "parent": identifier(self.parent), "key": identifier(self.key)}
        return sql.execute(compose(text, **named, **parts), params)

    def _create_empty(self) -> None:
        text = "CREATE TABLE {table} (LIKE {parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS, {check})"
        self.execute(text, check=self.check)


@dataclass(frozen=True)
class Renewed(Partition):
    """All rows of a partition rewritten in a new table, which replaces the old one under its name."""

    @property
    def table(self) -> str:
        return f"{super().table}_renewed"

    def attach(self) -> None:
        """Drop the old table and take its name. The caller keeps writers away from the parent."""
        place = Partition(self.parent, self.key, self.value)
        self.execute("DROP TABLE {place}; ALTER TABLE {table} RENAME TO {place}", place=identifier(place.table))
        place.attach()


def patiently(exchange: Callable[[], object]) -> None:
    """Exchange tables that others read, inside the transaction; each attempt blocks readers for a second at most.

    Raises NotYet if readers, such as a backup, leave no moment for it.
    """
    for _ in range(EXCHANGE_TRIES):
        try:
            with transaction.atomic():
                sql.execute("SET LOCAL lock_timeout = '1s'")
                exchange()
        except OperationalError:
            time.sleep(EXCHANGE_PAUSE_S)
        else:
            return
    raise NotYet("the tables are in constant use")


def analyze_after_commit(*tables: str, target: int | None = None) -> None:
    """Update the planner's statistics once others can see the bulk rows; `target` replaces the server's own."""
    transaction.on_commit(lambda: _analyze(tables, target), robust=True)


def begin_load(message: Message, *, receiver: str, table: str = "") -> Load:
    """The load of this message at this receiver, created by the first call."""
    ref: ExtractRef = message.body.extract  # type: ignore[attr-defined]  # every bulk message names an extract
    return Load.objects.get_or_create(
        message=message, receiver=receiver, defaults={"parts": ref.parts, "table": table}
    )[0]


def count_part(delivery: Delivery, *, applied: int, refused: int) -> Load:
    """Lock the load and count this part as done; if its `finished_at` is now set, the caller finishes the load."""
    load = Load.objects.select_for_update(no_key=True).get(message=delivery.message_id, receiver=delivery.receiver)
    load.parts_done += 1
    load.applied += applied
    load.refused += refused
    if load.parts_done == load.parts:
        load.finished_at = clock.now()
    load.save(update_fields=["parts_done", "applied", "refused", "finished_at"])
    return load


def count_rows(query: Sql, params: dict[str, Any]) -> int:
    """How many rows a query returns, on several processors; an INSERT uses one, and there are seldom rows to insert."""
    return int(sql.value(compose("SELECT count(*) FROM ({query}) counted", query=query), params))


def keep_refused(delivery: Delivery, query: Sql, params: dict[str, Any]) -> int:
    """Store the rows of a query, (head_end, nic_id, reason), as refused; returns how many."""
    return sql.execute(compose(_KEEP_REFUSED, query=query), {"delivery": delivery.pk, **params})


def drop_abandoned_tables(*, now: datetime) -> int:
    """Drop the unattached tables of loads that can never be finished; returns how many such loads there were.

    All their parts were delivered or discarded, but some were not counted: the stage was canceled or closed meanwhile.
    `now` is not used.
    """
    awaited = Delivery.objects.filter(
        message=OuterRef("message"), receiver=OuterRef("receiver"), delivered_at=None, discarded_at=None
    )
    with transaction.atomic():
        locked = Load.objects.select_for_update(no_key=True, skip_locked=True)
        abandoned = list(locked.filter(~Exists(awaited), finished_at=None).exclude(table=""))
        for load in abandoned:
            if not _is_attached(load.table):
                sql.execute(compose("DROP TABLE IF EXISTS {table}", table=identifier(load.table)))
            load.table = ""
            load.save(update_fields=["table"])
    return len(abandoned)


def _is_attached(table: str) -> bool:
    query = "SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass(%s) AND relispartition)"
    return bool(sql.value(query, [table]))


@transaction.atomic
def _analyze(tables: tuple[str, ...], target: int | None) -> None:
    if target is not None:
        sql.execute("SET LOCAL default_statistics_target = %s", [target])
    sql.analyze(*tables)

"""Filling a partition from the parts of an extract, each part exactly once, and attaching it when the last is in.

The one place that knows how a bulk partition is made, filled, finished and attached: a plain table that nobody reads
yet takes the rows without an index; then it gets its key and a check, and joins its parent as the last thing before
the commit.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from . import clock
from .messages import ExtractRef
from .models import Delivery, Load, Message, RefusedRow


@dataclass(frozen=True)
class Partition:
    """The rows of one stage in one of the bulk tables, which are LIST-partitioned by `key`."""

    parent: str
    key: str
    value: int

    @property
    def table(self) -> str:
        return f"{self.parent}_{self.value}"

    def create(self) -> None:
        """Make the empty, unattached table; does nothing where it is there."""
        _execute(f"CREATE TABLE IF NOT EXISTS {self.table} (LIKE {self.parent} INCLUDING DEFAULTS)")

    def finish(self, primary_key: str) -> None:
        """Add the key, and the check that spares ATTACH a second look at the rows."""
        _execute(
            f"ALTER TABLE {self.table} ADD PRIMARY KEY ({primary_key}),"
            f" ADD CONSTRAINT {self.table}_of_one_stage CHECK ({self.key} = {self.value})"
        )

    def attach(self) -> None:
        """Make the rows visible; belongs at the end of the transaction, since it holds up other attachments."""
        _execute(f"ALTER TABLE {self.parent} ATTACH PARTITION {self.table} FOR VALUES IN ({self.value})")

    @property
    def exists(self) -> bool:
        """Whether the table is there, attached or not."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [self.table])
            return bool(cursor.fetchone()[0])


def begin_load(message: Message, *, receiver: str, table: str = "") -> Load:
    """The load of this message at this receiver, made on the first call."""
    ref: ExtractRef = message.body.extract  # type: ignore[attr-defined]  # every bulk message names an extract
    return Load.objects.get_or_create(
        message=message, receiver=receiver, defaults={"parts": ref.parts, "table": table}
    )[0]


def count_part(delivery: Delivery, *, applied: int, refused: int) -> Load:
    """Lock the load and count this part as done; the caller looks at `is_complete` and finishes it then."""
    load = Load.objects.select_for_update(no_key=True).get(message=delivery.message_id, receiver=delivery.receiver)
    load.parts_done += 1
    load.applied += applied
    load.refused += refused
    if load.parts_done == load.parts:
        load.finished_at = clock.now()
    load.save(update_fields=["parts_done", "applied", "refused", "finished_at"])
    return load


def keep_refused(delivery: Delivery, query: str, params: dict[str, Any]) -> int:
    """Keep the rows a query gives as (head_end, nic_id, reason); gives how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {RefusedRow._meta.db_table} (delivery_id, head_end, nic_id, reason)"
            f" SELECT %(delivery)s, refused.* FROM ({query}) refused",
            {"delivery": delivery.pk, **params},
        )
        return int(cursor.rowcount)


def drop_abandoned_tables() -> int:
    """Drop tables of loads whose every delivery was discarded before the load was done. Gives how many."""
    abandoned = Load.objects.filter(finished_at=None).exclude(table="").exclude(
        message__deliveries__discarded_at=None
    )
    for load in abandoned:
        _execute(f"DROP TABLE IF EXISTS {load.table}")
    return abandoned.update(table="")


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)

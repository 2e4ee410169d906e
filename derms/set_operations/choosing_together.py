"""Choosing for the stages of one event before anything is reserved: none that overlap get the same device twice.

Schedule reserves stage by stage, so each stage sees what the ones before it hold. Before that, what would be chosen for
stages that overlap is kept in a temporary table. Stages that don't overlap need none.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction

from derms.models import Stage
from derms.set_operations.choosing import KEPT, Chosen, choose_and_keep, choose_devices
from integration.seam import sql
from integration.seam.sql import compose

Goals = Mapping[int, float | None]  # kW by the stage's id
_CREATE = "CREATE TEMPORARY TABLE {kept} (stage_id bigint, device_id bigint, expected_w integer) ON COMMIT DROP"


def any_overlap(stages: list[Stage]) -> bool:
    """Whether any two of the stages run at the same moment."""
    ordered = sorted(stages, key=lambda stage: stage.starts_at)
    ends = [max(stage.ends_at for stage in ordered[: n + 1]) for n in range(len(ordered))]
    return any(stage.starts_at < end for stage, end in zip(ordered[1:], ends, strict=False))


@contextmanager
def kept_apart(*, needed: bool) -> Iterator[None]:
    """Create the temporary table if it is needed; on leaving, roll back everything done since, and with it the table.

    A read-only transaction can't create it, but may fill it.
    """
    if not needed:
        yield
        return
    with transaction.atomic():
        sql.execute(compose(_CREATE, kept=KEPT))
        yield
        transaction.set_rollback(True)


def choose_together(stages: list[Stage], goals: Goals, *, now: datetime) -> list[Chosen]:
    """Return what Schedule would reserve for each of an event's stages now; changes nothing."""
    with kept_apart(needed=any_overlap(stages)):
        return choose_for(stages, goals, now=now)


def choose_for(stages: list[Stage], goals: Goals, *, now: datetime) -> list[Chosen]:
    """Do the same inside `kept_apart`."""
    if any_overlap(stages):
        return choose_apart(stages, goals, now=now)
    return [choose_devices(stage, goal_kw=goals[stage.pk], now=now) for stage in stages]


def choose_apart(stages: list[Stage], goals: Goals, *, now: datetime) -> list[Chosen]:
    """Choose for one stage after the other inside `kept_apart`, and keep what is chosen in the table."""
    chosen = []
    for n, stage in enumerate(stages):
        taken_by = [s.pk for s in stages[:n] if s.starts_at < stage.ends_at and s.ends_at > stage.starts_at]
        chosen.append(choose_and_keep(stage, goal_kw=goals[stage.pk], now=now, taken_by=taken_by))
    return chosen

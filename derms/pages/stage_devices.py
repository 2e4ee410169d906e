"""What a stage's page shows: its devices by state, by feeder and one by one, and their answers over time.

All counts come from the stage's own counters and its latest report of delivered load, so their cost doesn't grow with
the number of devices.
"""

from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from derms.models import DeliveredLoad, Stage
from integration.seam import sql
from integration.seam.sql import Sql, compose, statement


class Part(NamedTuple):
    """A labeled part of a stage's devices."""

    label: str
    devices: int
    whole: int


class StageDevice(NamedTuple):
    """A reserved device of a stage, and its outcome once it is known. Power in W."""

    device_id: int
    head_end: str
    nic_id: str
    device_class: str
    feeder: str
    expected_w: int
    outcome: str | None
    reduction_w: int | None
    started_at: datetime | None
    ended_at: datetime | None
    error: str | None


class DeviceChoice(NamedTuple):
    """Which of a stage's devices to show; an empty value does not filter. Outcome "none": not known yet."""

    q: str = ""
    feeder: str = ""
    outcome: str = ""


def stage_devices(stage: Stage, chosen: DeviceChoice, *, after: int, limit: int) -> list[StageDevice]:
    """One keyset page of a stage's devices."""
    return [StageDevice(*row) for row in sql.rows(*_page(stage, chosen, after, limit))]


def stage_device_count(stage: Stage, chosen: DeviceChoice, *, most: int) -> int:
    """How many of a stage's devices match, counting at most so many."""
    return sql.count(*_page(stage, chosen, 0, most))


def _page(stage: Stage, chosen: DeviceChoice, after: int, limit: int) -> tuple[Sql, dict[str, Any]]:
    narrowed = statement("derms", "narrowed_devices") if any(chosen) else compose("")
    params = {"stage": stage.pk, "after": after, "limit": limit, **chosen._asdict()}
    return statement("derms", "stage_devices", narrowed=narrowed), params


def answers(stage: Stage) -> list[DeliveredLoad]:
    """What the stage's devices answered, minute by minute, as LEC reported it."""
    return list(stage.delivered.order_by("at"))


def devices_by_state(stage: Stage, last: DeliveredLoad | None) -> list[Part]:
    """Count the reserved devices by their current state; `last` is the running stage's latest report."""
    if stage.outcomes:
        closed = sum(stage.outcomes.values())
        counts = [(_("Outcome known"), closed), (_("No outcome yet"), max(0, stage.reserved - closed))]
    elif last and last.called:
        participating = max(0, last.answered - last.rejected - last.overridden)
        counts = [
            (_("Take part"), participating),
            (_("Overridden by the customer"), last.overridden),
            (_("Rejected the call"), last.rejected),
            (_("Called, no answer yet"), last.called - last.answered),
            (_("Left before the call"), max(0, stage.reserved - last.called)),
        ]
    elif stage.called:
        counts = [
            (_("Called, no answer yet"), stage.called),
            (_("Left before the call"), stage.reserved - stage.called),
        ]
    else:
        counts = [(_("Reserved"), stage.reserved - stage.removed), (_("Left before the call"), stage.removed)]
    return [Part(label, devices, stage.reserved) for label, devices in counts]


def devices_by_feeder(stage: Stage) -> list[Part]:
    """Count the reserved devices per feeder, the largest count first."""
    by_size = sorted(stage.feeders.items(), key=lambda one: (-one[1], one[0]))
    return [Part(code, devices, stage.reserved) for code, devices in by_size]

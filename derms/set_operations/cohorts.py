"""The devices that stages may be generated from: those that are alike together, with the hours they may be called."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from derms.models import Event, Stage
from derms.set_operations.choosing import KEPT, choose_and_keep
from integration.seam import sql
from integration.seam.sql import statement

HOUR = timedelta(hours=1)


class ProgramControl(NamedTuple):
    """A program, and what its devices would be asked to do."""

    program_id: int
    control: str
    control_value: float


class Alike(NamedTuple):
    """Devices that are alike; bit n of `callable_in` is the nth hour. `watts` are those expected of them by hour.

    `events` is how often each was called this season.
    """

    program_id: int
    device_class: str
    band: int
    events: int
    callable_in: int
    devices: int
    watts: dict[int, int]

    def watts_near(self, hour: int) -> int:
        """The W expected in an hour; if they may not be called in it, those of the nearest one in which they may."""
        return self.watts[min(self.watts, key=lambda known: abs(known - hour))]


def alike_devices(
    event: Event, asked: Sequence[ProgramControl], groups: list[dict[str, object]], starts_at: datetime, hours: int,
    lengths: Mapping[int, timedelta], now: datetime,
) -> list[Alike]:  # fmt: skip
    """Return the devices of the event's zone that programs may call in any of the hours from `starts_at` on.

    Every rule is looked at for each hour on its own, as if a stage of that hour were checked, or of its first minutes
    if a call of the program may not last an hour: `lengths` by program. The caller has created KEPT
    (choosing_together.py).
    """
    each = [(one, n) for one in asked for n in range(hours)]
    stages = [
        _hour(event, one, groups, starts_at + n * HOUR, lengths[one.program_id], nth)
        for nth, (one, n) in enumerate(each)
    ]
    for stage in stages:
        choose_and_keep(stage, goal_kw=None, now=now, taken_by=[])
    params = {
        "stages": [stage.pk for stage in stages],
        "programs": [stage.program_id for stage in stages],
        "hours": [n for _one, n in each],
        "season": event.zone.season(starts_at),
        "zone": event.zone_id,
    }
    found: dict[tuple[int, str, int, int, int], tuple[int, dict[int, int]]] = {}
    for *key, hour, devices, watts in sql.rows(statement("derms", "cohorts", kept=KEPT), params):
        found.setdefault(tuple(key), (devices, {}))[1][hour] = watts
    return [Alike(*key, devices, by_hour) for key, (devices, by_hour) in found.items()]


def _hour(
    event: Event, asked: ProgramControl, groups: list[dict[str, object]], starts_at: datetime, length: timedelta,
    nth: int,
) -> Stage:  # fmt: skip
    stage = Stage(
        pk=-1 - nth, event=event, number=nth + 1, starts_at=starts_at, ends_at=starts_at + length,
        program_id=asked.program_id, control=asked.control, control_value=asked.control_value,
    )  # fmt: skip
    stage.group_criteria = groups
    stage.of_event = [stage]
    return stage

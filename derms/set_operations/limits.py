"""The program rules about single devices, evaluated for all devices at once: each kind of rule is written once.

What the rules count is in memory, as masks over devices (uses.py). SQL gets one byte a device: the rule that it breaks,
or that it is unavailable or reserved in the window.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from derms.models import Stage
from derms.rules import lifted, reason_of
from derms.set_operations.counted_stages import CountedStage, counted_stages, event_around, rules_of
from derms.set_operations.uses import Mask, Numbers, Uses
from integration.seam.program_limits import period_spans
from integration.seam.program_rules import FIELDS, Kind, ProgramRules, RuleField
from integration.seam.recorded import recorded
from integration.seam.sql import Sql, compose

UNAVAILABLE = recorded("unavailable")()
ELSEWHERE = recorded("reserved elsewhere")()
OF_EVENT = recorded("reserved by another stage of this event")()
HOUR_US = 3_600_000_000
ONE_DAY = timedelta(days=1)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class DeviceRules(NamedTuple):
    """Parts of sql/candidates.sql: cases of exemptions, then the reason known from masks, with its parameters.

    `reasons` are those of the numbers from the given one on.
    """

    reasons: list[str]
    exemptions: Sql
    known: Sql
    params: dict[str, Any]


class Busy(NamedTuple):
    """What devices do in a stage's window: ids of those that are unavailable, and stages that overlap it.

    The stages of other events, those of the same event, and the ids of devices kept for these, but not reserved yet.
    """

    unavailable: Numbers
    elsewhere: list[int]
    of_event: list[int]
    kept: Numbers


class _Counted(NamedTuple):
    """The stages that rules count for a stage: which devices they used, and when they ran."""

    stage: Stage
    stages: list[CountedStage]
    uses: Uses

    def in_scope(self, field: RuleField) -> list[CountedStage]:
        """The stages that a rule counts: of its programs, in the period of the stage to choose for."""
        found = [one for one in self.stages if field.rule.all_programs or one.is_own]
        if not field.rule.period:
            return found
        spans = period_spans(rules_of(self.stage), self.stage.starts_at, self.stage.event.zone.time_zone)
        span = spans[field.rule.period]
        return [one for one in found if span.starts_at <= one.ran_from < span.ends_at]

    def by_other_event(self, field: RuleField) -> list[list[int]]:
        """The same by event. Stages of the same event use up hours and days, but are not another event."""
        events = defaultdict(list)
        for one in self.in_scope(field):
            if one.event != self.stage.event_id:
                events[one.event].append(one.pk)
        return list(events.values())


def rules_in_force(rules: ProgramRules, overridden: set[str]) -> dict[RuleField, Any]:
    """Return the values of the rules about single devices that the program has and the event doesn't override."""
    without = lifted(rules, overridden)
    fields = (field for field in FIELDS if field.rule.kind in {*_BREAKS, Kind.EXEMPTION})
    values = {field: getattr(rules, field.name) for field in fields if field.rule.name not in without}
    return {field: value for field, value in values.items() if value is not None and value is not False}


def device_rules(stage: Stage, in_force: Mapping[RuleField, Any], busy: Busy, ids: range, first: int) -> DeviceRules:
    """Evaluate the rules in force for a stage and devices of these ids; reasons have the numbers from `first` on.

    An exemption applies to devices whose column of that name is true."""
    exempt = {reason_of(f.rule): f'c."{f.rule.name}"' for f in in_force if f.rule.kind == Kind.EXEMPTION}
    cases = (f"WHEN {condition} THEN {number}" for number, condition in enumerate(exempt.values(), start=first))
    exemptions = compose("\n           ".join(cases))
    limits = {field: in_force[field] for kind in _BREAKS for field in in_force if field.rule.kind == kind}
    stages = counted_stages(stage, limits)
    holding = [*busy.elsewhere, *busy.of_event]
    uses = Uses(sorted({*holding, *(one.pk for one in stages)}), busy.unavailable, busy.kept)
    counted = _Counted(stage, stages, uses)
    # In order of precedence: a device with several reasons is counted under the first.
    masks = {
        UNAVAILABLE: uses.of(busy.unavailable),
        ELSEWHERE: uses.holders(busy.elsewhere),
        OF_EVENT: uses.holders(busy.of_event) | uses.of(busy.kept),
        **{reason_of(f.rule): _BREAKS[f.rule.kind](counted, f, limit) for f, limit in limits.items()},
    }
    known = uses.nobody().astype("uint8")
    for number, mask in reversed(list(enumerate(masks.values(), start=first + len(exempt)))):
        known[mask] = number
    reasons = [*exempt, *masks]
    if not known.any():
        return DeviceRules(reasons, exemptions, compose("NULL"), {})
    byte, params = uses.in_sql("known_of", known, ids)
    return DeviceRules(reasons, exemptions, compose("nullif({byte}, 0)", byte=byte), params)


def _break_events(counted: _Counted, field: RuleField, limit: int) -> Mask:
    """Events in a period."""
    events = counted.uses.nobody().astype("uint16")
    for stages in counted.by_other_event(field):
        events += counted.uses.users(stages)
    return events >= limit


def _break_hours(counted: _Counted, field: RuleField, limit: int) -> Mask:
    """Hours in a period, this stage's included."""
    ran = {one.pk: (_microseconds(one.ran_from), _microseconds(one.ran_until)) for one in counted.in_scope(field)}
    own = (counted.stage.ends_at - counted.stage.starts_at) // timedelta(microseconds=1)
    return counted.uses.microseconds(ran) + own > limit * HOUR_US


def _break_gap(counted: _Counted, field: RuleField, limit: int) -> Mask:
    """Whether another event of the device ends too shortly before this one, or begins too shortly after it."""
    if not limit:
        return counted.uses.nobody()
    around, gap = event_around(counted.stage), timedelta(minutes=limit)
    near = [
        one.pk
        for one in counted.in_scope(field)
        if one.event != counted.stage.event_id
        and one.ran_until > around.starts_at - gap
        and one.ran_from < around.ends_at + gap
    ]
    return counted.uses.users(near, released_after=_microseconds(around.starts_at - gap))


def _break_days(counted: _Counted, field: RuleField, limit: int) -> Mask:
    """Days in a row: some run of days that is one longer than allowed has a use on each day but this one."""
    today = counted.stage.event.zone.local_day(counted.stage.starts_at)
    by_day = defaultdict(list)
    for one in counted.in_scope(field):
        if one.day != today and abs(one.day - today) <= limit * ONE_DAY:
            by_day[one.day].append(one.pk)
    used = {day: counted.uses.users(stages) for day, stages in by_day.items()}
    broken = counted.uses.nobody()
    for back in range(limit + 1):
        others = [today + n * ONE_DAY for n in range(-back, limit + 1 - back) if n]
        if all(day in used for day in others):
            in_all = used[others[0]].copy()
            for day in others[1:]:
                in_all &= used[day]
            broken |= in_all
    return broken


# In order of precedence.
_BREAKS: Mapping[Kind, Callable[[_Counted, RuleField, int], Mask]] = {
    Kind.EVENTS: _break_events,
    Kind.HOURS: _break_hours,
    Kind.GAP: _break_gap,
    Kind.DAYS: _break_days,
}


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)

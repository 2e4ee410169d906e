"""Which stages a program's rules count for the devices of another one."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Q
from django.db.models.functions import Coalesce, Least

from derms.choices import StageState
from derms.models import Stage
from integration.seam.program_limits import Span, period_spans
from integration.seam.program_rules import Kind, ProgramRules, RuleField


class CountedStage(NamedTuple):
    """A stage for which devices are or were reserved, and the time in which it ran, or will.

    A report of an end comes a little late, so no stage counts longer than its window.
    """

    pk: int
    event: int
    is_own: bool  # of the same program
    ran_from: datetime
    ran_until: datetime
    day: date  # local


def rules_of(stage: Stage) -> ProgramRules:
    """Return the rules of a stage's program on the local day on which the stage starts."""
    return stage.program.rules_on(stage.event.zone.local_day(stage.starts_at))


def counted_stages(stage: Stage, limits: Mapping[RuleField, Any]) -> list[CountedStage]:
    """Return the stages that these limits may count. Devices of a zone are only used by events of the zone."""
    reached = Q()
    for field, value in limits.items():
        span = _span(stage, field, value)
        within = Q(ends_at__gt=span.starts_at, starts_at__lt=span.ends_at)
        reached |= within if field.rule.all_programs else within & Q(program_id=stage.program_id)
    if not reached:
        return []
    zone = stage.event.zone
    others = Stage.objects.filter(reached, event__zone=zone).exclude(pk=stage.pk).exclude(state=StageState.NEW)
    ran = others.exclude(state=StageState.CANCELED, started_at=None).values_list(
        "pk",
        "event_id",
        "program_id",
        Coalesce("started_at", "starts_at"),
        Least(Coalesce("ended_at", "ends_at"), "ends_at"),
    )
    return [
        CountedStage(pk, event, program == stage.program_id, start, end, zone.local_day(start))
        for pk, event, program, start, end in ran
    ]


def event_around(stage: Stage) -> Span:
    """Return the window of a stage and of those of its event and program that adjoin or overlap it, one after another.

    For the customer they are one event.
    """
    others = (s for s in stage.of_event if s.program_id == stage.program_id and s.state != StageState.CANCELED)
    windows = [(other.starts_at, other.ends_at) for other in others if other.pk != stage.pk]
    around = Span(stage.starts_at, stage.ends_at)
    while joined := [w for w in windows if w[0] <= around.ends_at and w[1] >= around.starts_at]:
        windows = [window for window in windows if window not in joined]
        starts, ends = zip(around, *joined, strict=True)
        around = Span(min(starts), max(ends))
    return around


def _span(stage: Stage, field: RuleField, value: int) -> Span:
    """The time in which a rule about a device's use looks at other stages."""
    if field.rule.period:
        return period_spans(rules_of(stage), stage.starts_at, stage.event.zone.time_zone)[field.rule.period]
    around = event_around(stage)
    reach = timedelta(minutes=value) if field.rule.kind == Kind.GAP else timedelta(days=value + 1)
    return Span(around.starts_at - reach, around.ends_at + reach)

"""Which stages a program's rules count for the devices of another one, as parts of sql/candidates.sql."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from derms.choices import StageState
from derms.models import Departure, Device, Stage
from integration.seam.program_limits import Span, period_spans
from integration.seam.program_rules import Kind, RuleField
from integration.seam.sql import Sql, compose, statement


class CountedStages(NamedTuple):
    """The stages that the rules count, the local days on which they ran or will, and whether any device left them."""

    ids: list[int]
    days: frozenset[date]
    day: date  # of the stage to choose for
    any_left: bool


def counted_stages(stage: Stage, in_force: Mapping[RuleField, Any]) -> CountedStages:
    """Return the stages that the rules in force may count."""
    zone = stage.event.zone
    ran = dict(_counted(stage, in_force).values_list("pk", Coalesce("started_at", "starts_at")))
    return CountedStages(
        list(ran),
        frozenset(zone.local_day(moment) for moment in ran.values()),
        zone.local_day(stage.starts_at),
        Departure.objects.filter(stage_id__in=list(ran)).exists(),
    )


def limits_and_periods(stage: Stage, in_force: Mapping[RuleField, Any]) -> dict[str, Any]:
    """Return the parameters that describe the rules in force: their values, and the periods in which they count."""
    spans = period_spans(stage.program.rules, stage.starts_at, stage.event.zone.time_zone)
    return {
        **{field.name: value for field, value in in_force.items()},
        **{f"{period.name}_from": span.starts_at for period, span in spans.items()},
        **{f"{period.name}_until": span.ends_at for period, span in spans.items()},
    }


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


def former() -> Sql:
    """Return the reservations of registrations before the present one, if any device has some."""
    is_any = Device.objects.filter(ended_at=None, limits_of__isnull=False).exists()
    return statement("derms", "former_reservations") if is_any else compose("")


def _counted(stage: Stage, in_force: Mapping[RuleField, Any]) -> QuerySet[Stage]:
    """The other stages that a rule in force may count. Devices of a zone are only used by events of the zone."""
    reached = Q()
    for field, value in in_force.items():
        if field.rule.kind != Kind.EXEMPTION:
            span = _span(stage, field, value)
            within = Q(ends_at__gt=span.starts_at, starts_at__lt=span.ends_at)
            reached |= within if field.rule.all_programs else within & Q(program_id=stage.program_id)
    if not reached:
        return Stage.objects.none()
    others = Stage.objects.filter(reached, event__zone_id=stage.event.zone_id).exclude(pk=stage.pk)
    return others.exclude(state=StageState.NEW).exclude(state=StageState.CANCELED, started_at=None)


def _span(stage: Stage, field: RuleField, value: int) -> Span:
    """The time in which a rule about a device's use looks at other stages."""
    if field.rule.period:
        return period_spans(stage.program.rules, stage.starts_at, stage.event.zone.time_zone)[field.rule.period]
    around = event_around(stage)
    reach = timedelta(minutes=value) if field.rule.kind == Kind.GAP else timedelta(days=value + 1)
    return Span(around.starts_at - reach, around.ends_at + reach)

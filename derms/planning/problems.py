"""What keeps an event from being submitted, as sentences that say what is wrong and what to do."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from derms.figures.targets import needed_steps
from derms.models import ControlZone, Event, Stage
from derms.objectives import OBJECTIVES
from derms.queries.goals import earliest_start, hours_without_forecast, overlapping_pairs, uneven_shares
from derms.set_operations.groups import has_device_in_groups
from integration.pages.moments import day, duration

from .closed_programs import closed_program_problems
from .control_problems import control_problems


def plan_problems(event: Event, stages: list[Stage], now: datetime) -> Iterator[str]:
    """Yield everything that is missing, too soon or contradictory, the most serious first."""
    if not event.name.strip():
        yield _("The event has no name. Give it one that says what it is for.")
    if not stages:
        yield _("The event has no stage. Add at least one with + Add Stage.")
        return
    yield from _target_problems(event, stages)
    yield from closed_program_problems(event, stages)
    if problem := lead_time_problem(event, stages, now):
        yield problem
    if missing := hours_without_forecast(event, stages):
        yield _(
            "%(missing)s h of the stages have no forecast for %(zone)s, the first one from %(first)s. "
            "Load a forecast, or move the stages."
        ) % {"missing": len(missing), "zone": event.zone, "first": _local_text(missing[0], event.zone)}
    yield from _group_problems(event, stages)
    yield from control_problems(event, stages)
    if not missing and needs_nothing(event, stages):
        yield _(
            "The forecast stays within the threshold: nothing is needed, and the event would not be scheduled. "
            "Lower the threshold or move the stages."
        )
    for pair in overlapping_pairs(stages):
        yield _("Stages %(first)s and %(second)s use %(program)s at the same time. Shift one of them.") % {
            "first": pair[0].number,
            "second": pair[1].number,
            "program": pair[0].program,
        }


def _local_text(moment: datetime, zone: ControlZone) -> str:
    local = moment.astimezone(ZoneInfo(zone.time_zone))
    return f"{day(local)} {local:%H:%M}"


def needs_nothing(event: Event, stages: list[Stage]) -> bool:
    """Whether the forecast stays within the event's threshold in every hour of its stages."""
    if not OBJECTIVES[event.objective].follows_forecast or not event.threshold_kw:
        return False
    return not any(step.kw for step in needed_steps(event, stages))


def lead_time_problem(event: Event, stages: list[Stage], now: datetime) -> str:
    """Return a sentence if the first stage starts sooner than the type's minimum lead time, else an empty text."""
    start = earliest_start(stages)
    if start >= now + timedelta(seconds=event.type.lead_time_s):
        return ""
    starts = _("starts in %(time)s") if start > now else _("should have started %(time)s ago")
    begins = starts % {"time": duration(abs(start - now))}
    return _(
        "The first stage %(begins)s; %(type)s events need at least %(seconds)s s of lead time. "
        "Shift the stages to a later start."
    ) % {"begins": begins, "type": event.type_id, "seconds": event.type.lead_time_s}


def _group_problems(event: Event, stages: list[Stage]) -> Iterator[str]:
    for stage in stages:
        if not has_device_in_groups(stage):
            yield _(
                "Stage %(number)s: no device of %(program)s in %(zone)s belongs to its DER groups (%(groups)s). "
                "Choose other groups, or none."
            ) % {
                "number": stage.number,
                "program": stage.program,
                "zone": event.zone,
                "groups": get_text_list([group["name"] for group in stage.group_criteria], _("and")),
            }


def _target_problems(event: Event, stages: list[Stage]) -> Iterator[str]:
    aim = OBJECTIVES[event.objective]
    if aim.event_needs and not getattr(event, aim.event_needs):
        yield str(aim.missing)
    for stage in stages:
        if aim.stage_needs and not getattr(stage, aim.stage_needs):
            yield str(aim.missing) % {"number": stage.number}
    for uneven in uneven_shares(stages) if aim.is_shared else ():
        numbers = get_text_list([str(stage.number) for stage in uneven], _("and"))
        yield ngettext(
            "Stage %(numbers)s runs alone at its start, but its share is not 100 %%. Enter 100 or clear it.",
            "The shares of stages %(numbers)s do not add up to 100 %%. Correct or clear all of them.",
            len(uneven),
        ) % {"numbers": numbers}

"""Sentences that say what an action would do to an event."""

from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from integration.pages.moments import day
from integration.pages.numbers import count_text, power_text
from integration.seam import clock

from ..choices import FINAL_STAGE_STATES, StageState
from ..models import Event, Stage
from ..objectives import OBJECTIVES
from ..queries.goals import missing_kw, stage_goals
from ..queries.lists import stages_of
from ..set_operations.choosing import Chosen
from ..set_operations.choosing_together import choose_together


def plan_in_words(event: Event) -> str:
    """The event an action is about: name, zone, window and what it aims for."""
    zone, stages = ZoneInfo(event.zone.time_zone), stages_of(event)
    parts = [event.name, str(event.zone)]
    if stages:
        starts = min(stage.starts_at for stage in stages).astimezone(zone)
        ends = max(stage.ends_at for stage in stages).astimezone(zone)
        last_day = f"{day(ends)} " if ends.date() != starts.date() else ""
        window = {"start": f"{day(starts)} {starts:%H:%M}", "end": f"{last_day}{ends:%H:%M %Z}"}
        parts.append(_("%(start)s to %(end)s") % window)
    parts.append(event.get_objective_display())
    if needed := OBJECTIVES[event.objective].event_needs:
        parts.append(power_text(getattr(event, needed) or 0))
    return " · ".join(parts)


def expected_devices(event: Event) -> list[str]:
    """What could be reserved now, stage by stage, and what would be missing."""
    stages, now = stages_of(event), clock.now()
    goals = stage_goals(event, stages)
    together = choose_together(stages, goals, now=now)
    return [_expected(stage, goals[stage.pk], chosen) for stage, chosen in zip(stages, together, strict=True)]


def stopped_stages(event: Event) -> list[str]:
    """What Cancel does to each stage that is not over."""
    stages = event.stages.select_related("program").exclude(state__in=FINAL_STAGE_STATES)
    stops = _("Stage %(number)s %(program)s stops now; %(devices)s devices are released.")
    will_not = _("Stage %(number)s %(program)s does not start.")
    return [
        (stops if stage.state == StageState.IN_PROGRESS else will_not)
        % {"number": stage.number, "program": stage.program, "devices": count_text(stage.called)}
        for stage in stages.order_by("number")
    ]


def _expected(stage: Stage, goal_kw: float | None, chosen: Chosen) -> str:
    power = power_text(chosen.watts / 1000)
    values = {"stage": stage.number, "devices": count_text(chosen.devices), "power": power}
    if goal_kw is None:
        return _("Stage %(stage)s: about %(devices)s devices, %(power)s.") % values
    missing = missing_kw(goal_kw, chosen.watts)
    values |= {"goal": power_text(goal_kw), "missing": power_text(missing)}
    if missing:
        return _("Stage %(stage)s: about %(power)s of %(goal)s; %(missing)s are missing.") % values
    return _("Stage %(stage)s: about %(devices)s devices, %(power)s of %(goal)s.") % values

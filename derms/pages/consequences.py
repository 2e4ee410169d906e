"""Sentences that say what an action would do to an event."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from integration.pages.moments import day
from integration.pages.numbers import count_text, power_text
from integration.seam import clock
from integration.seam.recorded import in_words

from ..choices import FINAL_STAGE_STATES, StageState
from ..models import ControlZone, Event, Stage
from ..objectives import OBJECTIVES
from ..queries.goals import missing_kw, stage_goals
from ..queries.lists import stages_of
from ..set_operations.choosing import Chosen
from ..set_operations.choosing_together import choose_together


def plan_in_words(event: Event) -> str:
    """The event an action is about: name, zone, window and what it aims for."""
    stages, parts = stages_of(event), [event.name, str(event.zone)]
    if stages:
        starts_at, ends_at = min(stage.starts_at for stage in stages), max(stage.ends_at for stage in stages)
        parts.append(window_in_words(starts_at, ends_at, event.zone))
    parts.append(event.get_objective_display())
    if needed := OBJECTIVES[event.objective].event_needs:
        parts.append(power_text(getattr(event, needed) or 0))
    return " · ".join(parts)


def window_in_words(starts_at: datetime, ends_at: datetime, zone: ControlZone) -> str:
    """A window in the zone's time, for a sentence."""
    starts, ends = (at.astimezone(ZoneInfo(zone.time_zone)) for at in (starts_at, ends_at))
    last_day = f"{day(ends)} " if ends.date() != starts.date() else ""
    window = {"start": f"{day(starts)} {starts:%H:%M}", "end": f"{last_day}{ends:%H:%M %Z}"}
    return _("%(start)s to %(end)s") % window


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
    if not chosen.devices:
        return _nobody(stage, chosen)
    power = power_text(chosen.watts / 1000)
    values = {"stage": stage.number, "devices": count_text(chosen.devices), "power": power}
    if goal_kw is None:
        return _("Stage %(stage)s: about %(devices)s devices, %(power)s.") % values
    missing = missing_kw(goal_kw, chosen.watts)
    values |= {"goal": power_text(goal_kw), "missing": power_text(missing)}
    if missing:
        return _("Stage %(stage)s: about %(power)s of %(goal)s; %(missing)s are missing.") % values
    return _("Stage %(stage)s: about %(devices)s devices, %(power)s of %(goal)s.") % values


def _nobody(stage: Stage, chosen: Chosen) -> str:
    left_out = ", ".join(f"{count_text(devices)} {in_words(reason)}" for reason, devices in chosen.left_out.items())
    if not left_out:
        return _("Stage %(stage)s would call nobody: the zone has no device of its program and groups.") % {
            "stage": stage.number
        }
    return _("Stage %(stage)s would call nobody; left out: %(left_out)s.") % {
        "stage": stage.number,
        "left_out": left_out,
    }

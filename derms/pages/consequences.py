"""Sentences that say what an action would do to an event."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from integration.pages.numbers import count_text, power_text, power_unit
from integration.seam import clock
from integration.seam.recorded import in_words

from ..choices import FINAL_STAGE_STATES, StageState
from ..figures.powers import stage_powers
from ..figures.profile import figures_of, profile
from ..figures.targets import target_of
from ..models import Event, LeftOut, Stage, left_out_rows
from ..objectives import OBJECTIVES
from ..queries.goals import expected_figures, missing_kw, stage_goals
from ..queries.lists import stages_of, window_of
from ..queries.taking_part import devices_taking_part, outcomes_not_in
from ..set_operations.choosing import Chosen
from ..set_operations.choosing_together import any_overlap, choose_together
from .moments import window_in_words
from .reserving import gap_in_words, refusal_in_words, surplus_in_words


def plan_in_words(event: Event) -> str:
    """The event an action is about: name, zone, window and what it aims for."""
    stages, parts = stages_of(event), [event.name, str(event.zone)]
    if window := window_of(stages):
        parts.append(window_in_words(*window, event.zone))
    parts.append(event.get_objective_display())
    if needed := OBJECTIVES[event.objective].event_needs:
        parts.append(power_text(getattr(event, needed) or 0))
    return " · ".join(parts)


def expected_devices(event: Event) -> list[str]:
    """Whether Schedule would refuse the event now; per stage, what could be reserved, and what would be missing."""
    stages, now = stages_of(event), clock.now()
    goals = stage_goals(event, stages)
    together = choose_together(stages, goals, now=now)
    figures = expected_figures(event, stages, [chosen.watts for chosen in together])
    warnings = [
        refusal_in_words(event, figures, sum(chosen.devices for chosen in together)),
        surplus_in_words(event.zone, figures, overlaps=any_overlap(stages)) or gap_in_words(event.zone, figures),
    ]
    expected = [_expected(stage, goals[stage.pk], chosen) for stage, chosen in zip(stages, together, strict=True)]
    return [*filter(None, warnings), *expected]


def stopped_stages(event: Event) -> list[str]:
    """What Cancel does to each stage that is not over."""
    stages = event.stages.select_related("program").exclude(state__in=FINAL_STAGE_STATES)
    found = list(stages.order_by("number"))
    taking_part = devices_taking_part(found)
    return [_stops(stage, taking_part) for stage in found]


def aborted_stages(event: Event) -> list[str]:
    """What Abort does to each stage: those that are not over stop, and outcomes are no longer waited for."""
    stages = list(event.stages.select_related("program").order_by("number"))
    waiting = outcomes_not_in(stages)
    sentence = _(
        "Stage %(number)s %(program)s: outcomes of %(devices)s devices are not in; they will count as not responding."
    )
    lost = [
        sentence % {"number": one.number, "program": one.program, "devices": count_text(waiting[one.pk])}
        for one in stages
        if one.pk in waiting
    ]
    return stopped_stages(event) + lost


def without_stage(stage: Stage) -> list[str]:
    """What Cancel does to one stage, what it gives up, and what the event then lacks."""
    event, stages = stage.event, stages_of(stage.event)
    powers = [power for one, power in zip(stages, stage_powers(stages), strict=True) if one.pk != stage.pk]
    figures = figures_of(profile(powers, target_of(event, stages)), now=clock.now())
    given_up = _("%(devices)s devices with %(power)s expected of them are given up: %(window)s.") % {
        "devices": count_text(stage.reserved),
        "power": power_text(stage.reserved_w / 1000),
        "window": window_in_words(stage.starts_at, stage.ends_at, event.zone),
    }
    found = [_stops(stage, devices_taking_part([stage])), given_up]
    if gap := figures.missing_in:
        found.append(
            _("Without it, %(missing)s of the event's %(target)s are missing: %(window)s.")
            % {
                "missing": power_text(gap.missing_kw),
                "target": power_text(gap.target_kw),
                "window": window_in_words(gap.starts_at, gap.ends_at, event.zone),
            }
        )
    return [*found, _("The event goes on with its other stages."), _("This can't be undone.")]


def _stops(stage: Stage, taking_part: Mapping[int, int]) -> str:
    stops = _("Stage %(number)s %(program)s stops now; %(devices)s devices are released.")
    will_not = _("Stage %(number)s %(program)s does not start.")
    return (stops if stage.state == StageState.IN_PROGRESS else will_not) % {
        "number": stage.number,
        "program": stage.program,
        "devices": count_text(taking_part.get(stage.pk, 0)),
    }


def _expected(stage: Stage, goal_kw: float | None, chosen: Chosen) -> str:
    if not chosen.devices:
        return _nobody(stage, chosen)
    missing = 0 if goal_kw is None else missing_kw(goal_kw, chosen.watts)
    unit = power_unit(chosen.watts / 1000, goal_kw, missing)
    power = power_text(chosen.watts / 1000, unit)
    values = {"stage": stage.number, "devices": count_text(chosen.devices), "power": power}
    if goal_kw is None:
        return _("Stage %(stage)s: about %(devices)s devices, %(power)s.") % values
    values |= {"goal": power_text(goal_kw, unit), "missing": power_text(missing, unit)}
    if missing:
        return _("Stage %(stage)s: about %(power)s of %(goal)s; %(missing)s are missing.") % values
    return _("Stage %(stage)s: about %(devices)s devices, %(power)s of %(goal)s.") % values


def _nobody(stage: Stage, chosen: Chosen) -> str:
    left_out = ", ".join(map(_left_out, left_out_rows(chosen.left_out, chosen.left_out_w)))
    if not left_out:
        return _("Stage %(stage)s would call nobody: the zone has no device of its program and groups.") % {
            "stage": stage.number
        }
    return _("Stage %(stage)s would call nobody; left out: %(left_out)s.") % {
        "stage": stage.number,
        "left_out": left_out,
    }


def _left_out(row: LeftOut) -> str:
    return f"{count_text(row.devices)} {in_words(row.reason)} ({power_text((row.watts or 0) / 1000)})"

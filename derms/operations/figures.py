"""Storing an event's power figures: Schedule, a removal, Cancel, a report and closing a stage recompute them.

The alerts that the target is no longer met, and that it was missed, follow them.
"""

from integration.seam import clock

from ..choices import EventState
from ..figures.powers import known_until, running_profile, stage_powers
from ..figures.profile import figures_of, profile, step_at
from ..figures.targets import target_of
from ..models import Event, EventFigures
from ..queries.lists import stages_of
from ..set_operations.figures import count_devices_once
from .delivered_alert import delivering_pct, follow_missed, missed_pct
from .reserved_alert import watch_reserved


def renew_figures(event: Event, *, devices_left: int = 0) -> None:
    """Recompute the figures from the stages' rows. `devices_left` devices are no longer in any of the stages.

    The caller has locked the event or one of its stages; the figures are locked last.
    """
    figures = _lock(event)
    figures.devices -= min(figures.devices, devices_left)
    _save(event, figures)


def recount_figures(event: Event) -> None:
    """Do the same and count the devices from the reservations, after Schedule and Cancel."""
    figures = _lock(event)
    figures.devices = count_devices_once(stages_of(event))
    _save(event, figures)


def _lock(event: Event) -> EventFigures:
    EventFigures.objects.get_or_create(event=event)
    return EventFigures.objects.select_for_update(no_key=True).get(event=event)


def _save(event: Event, figures: EventFigures) -> None:
    now, stages = clock.now(), stages_of(event)
    powers, target = stage_powers(stages), target_of(event, stages)
    steps = profile(powers, target)
    found = figures_of(steps, now=known_until(stages, now))
    figures.reserved_w = round(found.reserved_kw * 1000)
    figures.target_kw, figures.missing_kw = found.target_kw, found.missing_kw
    figures.energy_wh = _thousandfold(found.energy_kwh)
    figures.mean_w, figures.peak_w = _thousandfold(found.mean_kw), _thousandfold(found.peak_kw)
    figures.target_wh, figures.toward_wh = _thousandfold(found.target_kwh), _thousandfold(found.toward_kwh)
    running = step_at(running_profile(stages, powers, target), now)
    figures.delivering_pct = delivering_pct(running) if event.state == EventState.IN_PROGRESS else None
    figures.missed_pct = missed_pct(event, stages, found)
    figures.save()
    watch_reserved(event, stages, steps)
    follow_missed(event, stages, steps, figures)


def _thousandfold(amount: float | None) -> int | None:
    return None if amount is None else round(amount * 1000)

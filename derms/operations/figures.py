"""Storing an event's power figures: Schedule, a removal, Cancel, reports and closing a stage recompute them.

The alerts that the target is no longer met, and that it was missed, follow them.
"""

from datetime import datetime

from django.db import transaction

from integration.seam import clock
from integration.seam.nudges import tell_pages
from integration.seam.sql import execute

from ..choices import EventState
from ..figures.powers import known_until, running_profile, stage_powers
from ..figures.profile import Figures, figures_of, profile, step_at
from ..figures.targets import target_of
from ..models import Event, EventFigures
from ..queries.lists import stages_of
from ..set_operations.figures import count_devices_once
from .delivered_alert import delivering_pct, follow_missed, missed_pct
from .reserved_alert import watch_reserved

_REPORT = """
INSERT INTO derms_eventfigures (event_id, reserved_w, devices, missing_kw, report_waits)
VALUES (%(event)s, 0, 0, 0, true)
ON CONFLICT (event_id) DO UPDATE SET report_waits = true
"""


def note_report(event_id: int) -> None:
    """Have the figures renewed soon. Stages report in the same minute, and then they are renewed once."""
    execute(_REPORT, {"event": event_id})


@transaction.atomic
def count_reports(event_id: int, *, now: datetime) -> None:
    """Renew an event's figures after reports of what its stages delivered, and tell its pages."""
    event = Event.objects.select_for_update(no_key=True, of=("self",)).select_related("zone").get(pk=event_id)
    renew_figures(event)
    tell_pages(event.number)


def renew_figures(event: Event, *, devices_left: int = 0) -> None:
    """Recompute the figures from the stages' rows. `devices_left` devices are no longer in any of the stages.

    The caller has locked the event or one of its stages; the figures are locked last.
    """
    figures = _lock(event)
    figures.devices -= min(figures.devices, devices_left)
    _save(event, figures)


def expect_figures(event: Event, found: Figures) -> None:
    """Store what Submit expects, and the target it is compared with, until Schedule stores what is reserved."""
    figures = _lock(event)
    figures.expected_w, figures.target_kw = round(found.reserved_kw * 1000), found.target_kw
    figures.save(update_fields=["expected_w", "target_kw"])


def forget_expected(event: Event) -> None:
    """An edited plan expects nothing until it is submitted again."""
    EventFigures.objects.filter(event=event).update(expected_w=None, target_kw=None)


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
    figures.report_waits = False
    figures.save()
    watch_reserved(event, stages, steps)
    follow_missed(event, stages, steps, figures)


def _thousandfold(amount: float | None) -> int | None:
    return None if amount is None else round(amount * 1000)

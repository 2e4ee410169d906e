"""The alert that a running event delivers less than its target, and the mark that it did at its end.

Maximum Reduction has no target and raises no alert; at its end it is compared with what it reserved.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import override

from integration.pages.numbers import energy_text, share_pct
from integration.seam.alerts import close_alert, raise_alert
from integration.seam.models import Priority
from integration.seam.recorded import Sentence, recorded

from ..choices import FINAL_STATES, MISSED, EventState, Objective, StageState
from ..figures.causes import groups_of_reports, largest_cause
from ..figures.powers import running_profile, stage_powers
from ..figures.profile import Figures, Step, step_at, whole_kw
from ..figures.targets import target_of
from ..models import DeliveredLoad, Event, EventFigures, Stage
from ..queries.lists import stages_of
from ..set_operations.outcomes import failed_devices

DELIVERS_TOO_LITTLE = recorded(
    "%(event)s delivers %(delivered)s of %(target)s kW, %(pct)s %% of its target; at least %(least)s %% are expected. "
    "%(missing)s kW are missing. %(cause)s"
)
DELIVERED_TOO_LITTLE = recorded(
    "%(event)s delivered %(delivered)s of %(target)s kWh, %(pct)s %% of its target; at least %(least)s %% "
    "were expected. %(missing)s kW were missing on average. %(cause)s"
)

REPORTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def watch_delivered(*, now: datetime) -> None:
    """Compare what each running event delivers with its target; one alert an event, after two reports below it.

    An event that somebody is changing is looked at again in a minute.
    """
    running = Event.objects.filter(state=EventState.IN_PROGRESS).order_by("pk")
    for event in running.select_for_update(no_key=True, skip_locked=True, of=("self",)).select_related("zone"):
        _watch(event, now)


def missed_pct(event: Event, stages: Sequence[Stage], found: Figures) -> int | None:
    """Return which share of its target an event delivered if that is too little; None if not, or not known yet.

    Without a target it is the share of what was reserved, in energy over the whole event. What a person canceled has no
    share; a stage that was missed delivered nothing.
    """
    aimed = event.state == EventState.COMPLETED or any(stage.reason == MISSED for stage in stages)
    if not (aimed and event.state in FINAL_STATES and all(stage.is_closed for stage in stages)):
        return None
    if event.objective == Objective.MAXIMUM_REDUCTION:
        return _below(found.energy_kwh, found.reserved_kwh, settings.DELIVERED_OF_RESERVED_PCT)
    return _below(found.toward_kwh, found.target_kwh, settings.DELIVERED_EXPECTED_PCT)


def _below(delivered: float | None, aim: float | None, expected_pct: int) -> int | None:
    share = share_pct(delivered or 0.0, aim) if aim else None
    return share if share is not None and share < expected_pct else None


def follow_missed(event: Event, stages: Sequence[Stage], steps: Sequence[Step], figures: EventFigures) -> None:
    """Once an event is over, say what it missed and why; if it has reached its target, close the alert."""
    if event.state not in FINAL_STATES or not all(stage.is_closed for stage in stages):
        return
    if figures.missed_pct is None or event.objective == Objective.MAXIMUM_REDUCTION:
        close_alert(_key(event))
        return
    target, toward = (figures.target_wh or 0) / 1000, (figures.toward_wh or 0) / 1000
    missing = (target - toward) / sum(step.hours for step in steps if step.target_kw)
    text = DELIVERED_TOO_LITTLE(
        event=event.number,
        delivered=_kwh(toward),
        target=_kwh(target),
        pct=figures.missed_pct,
        least=settings.DELIVERED_EXPECTED_PCT,
        missing=f"{whole_kw(missing):,}",
        cause=largest_cause(failed_devices([stage.pk for stage in stages])),
    )
    _raise(event, missing, text)


def _kwh(energy: float) -> str:
    with override("en"):  # as all that is stored
        return energy_text(energy)


def delivering_pct(step: Step | None) -> int | None:
    """The share of the target that is delivered in a step, in whole %; None without target, or before a report."""
    if step is None or not step.target_kw or step.aimed.delivered_kw is None:
        return None
    return share_pct(step.aimed.delivered_kw, step.target_kw)


def priority_of(missing_kw: float) -> Priority:
    """How urgent missing power is."""
    if missing_kw >= settings.MISSING_HIGH_KW:
        return Priority.HIGH
    return Priority.MEDIUM if missing_kw >= settings.MISSING_MEDIUM_KW else Priority.LOW


def _watch(event: Event, now: datetime) -> None:
    stages = stages_of(event)
    steps = running_profile(stages, stage_powers(stages), target_of(event, stages))
    step = step_at(steps, now)
    EventFigures.objects.filter(event=event).update(delivering_pct=delivering_pct(step))
    if step is None or not _is_below(step):
        close_alert(_key(event))
    elif _is_below(step_at(steps, now - REPORTED_EVERY)) and not _just_begun(stages, now):
        delivered, target = step.aimed.delivered_kw or 0.0, step.target_kw or 0.0
        missing = target - delivered
        text = DELIVERS_TOO_LITTLE(
            event=event.number,
            delivered=f"{delivered:,.0f}",
            target=f"{target:,.0f}",
            pct=delivering_pct(step),
            least=settings.DELIVERED_EXPECTED_PCT,
            missing=f"{whole_kw(missing):,}",
            cause=_cause_now(stages),
        )
        _raise(event, missing, text)


def _just_begun(stages: Sequence[Stage], now: datetime) -> bool:
    """Whether a running stage has not made two reports: its first one comes while devices still answer."""
    started = [stage.started_at for stage in stages if stage.state == StageState.IN_PROGRESS]
    return any(at is None or at > now - 2 * REPORTED_EVERY for at in started)


def _is_below(step: Step | None) -> bool:
    share = delivering_pct(step)
    return share is not None and share < settings.DELIVERED_EXPECTED_PCT


def _cause_now(stages: Sequence[Stage]) -> str:
    """The largest cause in the latest reports of the stages that run."""
    running = [stage.pk for stage in stages if stage.state == StageState.IN_PROGRESS]
    latest = DeliveredLoad.objects.filter(stage__in=running).order_by("stage", "-at").distinct("stage")
    return largest_cause(groups_of_reports(latest.values_list("head_ends", flat=True)))


def _raise(event: Event, missing_kw: float, text: Sentence) -> None:
    raise_alert(
        _key(event),
        kind="delivering below target",
        priority=priority_of(missing_kw),
        text=text,
        event_uid=event.uid,
    )


def _key(event: Event) -> str:
    return f"delivered:{event.uid}"

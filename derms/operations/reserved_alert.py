"""The alert that stages that are still to start no longer reserve what their event needs."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.conf import settings

from integration.seam.alerts import close_alert, raise_alert
from integration.seam.models import Priority
from integration.seam.recorded import recorded

from ..choices import StageState
from ..figures.profile import Step, whole_kw
from ..models import Event, Stage

SHORT = recorded(
    "%(event)s is %(missing)s kW short of its %(target)s kW at %(at)s; at least %(least)s %% must be reserved. "
    "Devices have left it, or a stage was canceled."
)


def watch_reserved(event: Event, stages: Sequence[Stage], steps: Sequence[Step]) -> None:
    """Keep one alert while some moment to come lacks more than the tolerance and the accepted shortfall.

    Once a stage has started, what it delivers counts in place of what it reserved.
    """
    key = f"below target:{event.uid}"
    coming = [stage for stage in stages if stage.state == StageState.SCHEDULED]
    short = [step for step in steps if _is_short(step, event) and _runs_in(step, coming)]
    if not short:
        close_alert(key)
        return
    worst = max(short, key=lambda step: step.missing_kw)
    at = worst.starts_at.astimezone(ZoneInfo(event.zone.time_zone))
    raise_alert(
        key,
        kind="target no longer met",
        priority=Priority.MEDIUM,
        text=SHORT(
            event=event.number,
            missing=f"{whole_kw(worst.missing_kw):,}",
            target=f"{worst.target_kw:,.0f}",
            at=f"{at:%H:%M %Z}",
            least=settings.RESERVED_EXPECTED_PCT,
        ),
        event_uid=event.uid,
    )


def _is_short(step: Step, event: Event) -> bool:
    tolerance = (step.target_kw or 0.0) * (100 - settings.RESERVED_EXPECTED_PCT) / 100
    return round(step.missing_kw - event.shortfall_accepted_kw - tolerance, 3) > 0


def _runs_in(step: Step, stages: Sequence[Stage]) -> bool:
    return any(stage.starts_at <= step.starts_at < stage.ends_at for stage in stages)

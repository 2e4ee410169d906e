"""The alert that none of the devices behind a head end system answers, with the power that is missing."""

from collections.abc import Sequence

from integration.seam.alerts import close_other_alerts, raise_alert
from integration.seam.messages import DeliveredLoad
from integration.seam.recorded import recorded
from integration.seam.sql import rows, statement

from ..models import Stage
from .delivered_alert import priority_of

SILENT = recorded(
    "%(head_end)s: none of its %(called)s devices called by %(stage)s has answered; "
    "the %(missing)s kW expected of them are missing."
)
KIND = "head end silent"
FEWEST_DEVICES = 20  # fewer may be silent together by chance


def watch_head_ends(stage: Stage, body: DeliveredLoad) -> None:
    """Keep an alert for each silent head end of a stage's report; close those of head ends that answer."""
    silent = {
        f"head end:{stage.uid}:{load.head_end}": load
        for load in body.head_ends
        if load.called >= FEWEST_DEVICES and not load.answered
    }
    close_other_alerts(KIND, stage_uid=stage.uid, keys=list(silent))
    expected_kw = _expected_kw(stage, [load.head_end for load in silent.values()])
    for key, load in silent.items():
        missing_kw = expected_kw.get(load.head_end, 0.0)
        raise_alert(
            key,
            kind=KIND,
            priority=priority_of(missing_kw),
            text=SILENT(head_end=load.head_end, called=f"{load.called:,}", stage=stage, missing=f"{missing_kw:,.0f}"),
            event_uid=stage.event.uid,
            stage_uid=stage.uid,
        )


def _expected_kw(stage: Stage, head_ends: Sequence[str]) -> dict[str, float]:
    """What is expected of the devices that are still in the stage, by head end system."""
    if not head_ends:
        return {}
    found = rows(statement("derms", "expected_by_head_end"), {"stage": stage.pk, "head_ends": list(head_ends)})
    return {head_end: float(watts) / 1000 for head_end, watts in found}

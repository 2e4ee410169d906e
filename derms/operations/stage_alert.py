"""Alerts that one stage needs somebody now."""

from integration.seam.alerts import raise_alert
from integration.seam.models import Priority
from integration.seam.recorded import Sentence

from ..models import Stage


def raise_stage_alert(stage: Stage, topic: str, *, kind: str, text: Sentence) -> None:
    """Raise an alert of a stage; `topic` is what tells it from the stage's other alerts."""
    raise_alert(
        f"{topic}:{stage.uid}",
        kind=kind,
        priority=Priority.HIGH,
        text=text,
        event_uid=stage.event.uid,
        stage_uid=stage.uid,
    )

"""Keeping what Live Energy Connect says a running stage delivers, and alerting where too few devices answer."""

from datetime import datetime

from django.conf import settings

from integration.seam.alerts import close_alert, raise_alert
from integration.seam.delivery import receiving
from integration.seam.messages import DeliveredLoad, Receipt
from integration.seam.models import Alert
from integration.seam.nudges import tell_pages
from integration.seam.sql import execute

from ..choices import StageState
from ..models import Stage

# The newest word on a minute holds, whatever the order in which they come.
_KEEP = """
INSERT INTO derms_deliveredload (stage_id, minute, at, reduction_w, called, answered, rejected, overridden)
VALUES (%(stage)s, date_trunc('minute', %(at)s), %(at)s, %(reduction_w)s, %(called)s, %(answered)s, %(rejected)s,
        %(overridden)s)
ON CONFLICT (stage_id, minute)
DO UPDATE SET at = EXCLUDED.at, reduction_w = EXCLUDED.reduction_w, called = EXCLUDED.called,
              answered = EXCLUDED.answered, rejected = EXCLUDED.rejected, overridden = EXCLUDED.overridden
        WHERE derms_deliveredload.at < EXCLUDED.at
"""


@receiving
def follow_delivered_load(body: DeliveredLoad) -> Receipt:
    """Keep the word on a minute of a stage; a later word on the same minute replaces it."""
    # The stage's row is locked by whoever cancels it: a stage that is over raises no alert after it closed them.
    stage = Stage.objects.select_for_update(no_key=True, of=("self",)).select_related("event").get(uid=body.stage_uid)
    if not execute(_KEEP, {"stage": stage.pk, **body.model_dump(exclude={"stage_uid"})}):
        return Receipt(applied=0, note="a later word on this minute is known")
    if stage.state == StageState.IN_PROGRESS:
        _watch_answers(stage, body)
    tell_pages(stage.event.number)
    return Receipt()


def answers_key(stage: Stage) -> str:
    return f"answers:{stage.uid}"


def _watch_answers(stage: Stage, body: DeliveredLoad) -> None:
    """One alert for all devices that do not answer; it closes when enough of them do."""
    if _enough_answer(body) or _is_early(stage, body.at):
        close_alert(answers_key(stage))
        return
    silent = body.called - body.answered
    raise_alert(
        answers_key(stage),
        kind="answers below expectation",
        severity=Alert.WARNING,
        text=f"{silent:,} of {body.called:,} devices called by {stage} have not answered.",
        event_uid=stage.event.uid,
        stage_uid=stage.uid,
    )


def _enough_answer(body: DeliveredLoad) -> bool:
    return body.answered * 100 >= settings.ANSWERS_EXPECTED_PCT * body.called


def _is_early(stage: Stage, at: datetime) -> bool:
    return stage.started_at is None or (at - stage.started_at).total_seconds() < settings.ANSWERS_EXPECTED_AFTER_S

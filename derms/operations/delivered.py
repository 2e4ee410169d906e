"""Recording the load a running stage delivers, as LEC reports it, with an alert if too few devices answer."""

import json
from datetime import datetime

from django.conf import settings

from integration.pages.numbers import share_pct
from integration.seam.alerts import close_alert, raise_alert
from integration.seam.delivery import receiving
from integration.seam.messages import DeliveredLoad, Receipt
from integration.seam.models import Priority
from integration.seam.recorded import recorded
from integration.seam.sql import execute

from ..choices import StageState
from ..models import Stage
from .figures import note_report
from .head_end_alert import watch_head_ends
from .plausible import require_plausible_load

KNOWN = recorded("this report is known")

NO_PART = recorded(
    "%(failed)s of %(called)s devices called by %(stage)s take no part: %(silent)s have not answered, "
    "%(rejected)s rejected the call. %(pct)s %% take part, at least %(least)s %% should. %(where)s"
)
BY_HEAD_END = recorded("By head end: %(head_ends)s.")
HEAD_ENDS_NAMED = 3

# Reports are read in the order of their moments, in whatever order they arrive.
_KEEP = """
INSERT INTO derms_deliveredload (stage_id, at, reduction_w, called, answered, rejected, overridden, head_ends)
VALUES (%(stage)s, %(at)s, %(reduction_w)s, %(called)s, %(answered)s, %(rejected)s, %(overridden)s, %(head_ends)s)
ON CONFLICT (stage_id, at) DO NOTHING
"""


@receiving
def follow_delivered_load(body: DeliveredLoad) -> Receipt:
    """Record a stage's report of a moment.

    Raises MessageRefused if it can't be true.
    """
    # Canceling locks the stage's row too, so no alert can be raised after the stage closed its alerts.
    stage = Stage.objects.select_for_update(no_key=True, of=("self",)).select_related("event").get(uid=body.stage_uid)
    require_plausible_load(stage, body)
    if not _keep(stage, body):
        return Receipt(applied=0, note=KNOWN())
    # The last report is of the end: nobody can do anything about answers any more.
    if stage.state == StageState.IN_PROGRESS and body.at < stage.ends_at:
        _watch_answers(stage, body)
        if not _is_early(stage, body.at):
            watch_head_ends(stage, body)
    note_report(stage.event_id)
    return Receipt()


def _keep(stage: Stage, body: DeliveredLoad) -> int:
    """Store a report; returns 0 if it is known."""
    head_ends = json.dumps([load.model_dump() for load in body.head_ends])
    return execute(_KEEP, {"stage": stage.pk, **body.model_dump(exclude={"stage_uid"}), "head_ends": head_ends})


def _watch_answers(stage: Stage, body: DeliveredLoad) -> None:
    """Keep one alert for all devices that take no part; close it once enough of them do. A rejection is no answer."""
    key = f"answers:{stage.uid}"
    if _enough_answer(body) or _is_early(stage, body.at):
        close_alert(key)
        return
    silent = body.called - body.answered
    raise_alert(
        key,
        kind="answers below expectation",
        priority=Priority.MEDIUM,
        text=NO_PART(
            failed=f"{silent + body.rejected:,}",
            called=f"{body.called:,}",
            stage=stage,
            silent=f"{silent:,}",
            rejected=f"{body.rejected:,}",
            pct=share_pct(body.answered - body.rejected, body.called),
            least=settings.ANSWERS_EXPECTED_PCT,
            where=_failed_by_head_end(body),
        ),
        event_uid=stage.event.uid,
        stage_uid=stage.uid,
    )


def _failed_by_head_end(body: DeliveredLoad) -> str:
    """Where the devices that take no part are, the most first: “By head end: one 948/948, another 3/1,000.”"""
    failed = [(load.called - load.answered + load.rejected, load) for load in body.head_ends]
    worst = sorted((one for one in failed if one[0]), key=lambda one: (-one[0], one[1].head_end))
    named = [f"{load.head_end} {count:,}/{load.called:,}" for count, load in worst[:HEAD_ENDS_NAMED]]
    more = ["…"] if len(worst) > HEAD_ENDS_NAMED else []
    return BY_HEAD_END(head_ends=", ".join([*named, *more])) if named else ""


def _enough_answer(body: DeliveredLoad) -> bool:
    return (body.answered - body.rejected) * 100 >= settings.ANSWERS_EXPECTED_PCT * body.called


def _is_early(stage: Stage, at: datetime) -> bool:
    return stage.started_at is None or (at - stage.started_at).total_seconds() < settings.ANSWERS_EXPECTED_AFTER_S

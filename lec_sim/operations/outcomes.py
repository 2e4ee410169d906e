"""Hand over what each reserved device of a stage did."""

from datetime import datetime

from django.db import transaction

from integration.seam import extracts, outbox
from integration.seam.messages import RawOutcome
from integration.seam.outcomes import Outcome
from integration.seam.recorded import recorded
from integration.seam.sql import identifier, statement
from integration.seam.systems import System

from ..set_operations import keep_answers
from .locks import lock_stage

# Why a device has the outcome it has.
DID_NOT_ANSWER = recorded("the device did not answer")()
REJECTED = recorded("the head end system rejected the call")()
FAILED = recorded("the device reported an error")()
NEVER_CALLED = recorded("never called: the stage ended first")()
CANCELED = recorded("canceled")()
CANCELED_FOR = recorded("canceled: %(reason)s")


@transaction.atomic
def hand_over_outcomes(stage_id: int, *, now: datetime) -> None:
    """Write what each reserved device of a stage that is over did, and send DERMS a message that names the file.

    Answers of head ends after this have no effect.
    """
    stage = lock_stage(stage_id)
    if stage.handed_over_at or not stage.ended_at:
        return
    if stage.pending:
        keep_answers(stage)
    extract = extracts.write_extract(
        kind="raw_outcome",
        query=statement("lec_sim", "raw_outcomes", calls=identifier(stage.calls)),
        params={
            "stage": stage.pk,
            "stage_uid": stage.stage_uid,
            "calls_made_at": stage.calls_made_at,
            "ended_at": min(stage.ended_at, stage.ends_at),
            "ends_at": stage.ends_at,
            "window": (stage.ends_at - stage.starts_at).total_seconds(),
            "reason": CANCELED_FOR(reason=stage.reason) if stage.reason else CANCELED,
            "did_not_answer": DID_NOT_ANSWER,
            "rejected": REJECTED,
            "failed": FAILED,
            "never_called": NEVER_CALLED,
            **{code.name.lower(): code.value for code in Outcome},
        },
    )
    outbox.send(RawOutcome(stage_uid=stage.stage_uid, extract=extract.ref), sender=System.LEC)
    stage.handed_over_at = now
    stage.save(update_fields=["handed_over_at"])

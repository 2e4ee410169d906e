"""Loading raw outcomes, completing them to one outcome per reserved device, and sending them to CPM per stage."""

from datetime import datetime

from django.db import transaction

from derms.set_operations.candidates import count_stage, lock_candidates
from derms.set_operations.outcomes import (
    complete_outcomes,
    count_outcomes,
    count_reserved,
    keep_unreserved,
    load_outcome_rows,
    outcome_partition,
)
from integration.seam import extracts, outbox
from integration.seam.delivery import NotYet
from integration.seam.loads import begin_load, count_part, keep_refused, patiently
from integration.seam.messages import DeviceOutcome, RawOutcome, Receipt
from integration.seam.models import Delivery, Load, Message
from integration.seam.nudges import tell_pages
from integration.seam.outcomes import CODES
from integration.seam.recorded import UNRESERVED, recorded
from integration.seam.sql import compose, identifier, statement
from integration.seam.systems import System

from ..models import PRIMARY_KEY, Stage
from .announcing import announce_outcomes
from .figures import renew_figures

CLOSED_STAGE = recorded("the stage is closed; its outcomes don't change")

OUTCOMES = """
SELECT h.code, d.nic_id, o.code, o.started_at, o.ended_at, o.reduction_w, o.error
  FROM derms_outcome o
  JOIN derms_device d ON d.id = o.device_id
  JOIN derms_headend h ON h.id = d.head_end_id
 WHERE o.stage_id = %(stage)s
 ORDER BY o.device_id
"""
_TOO_LATE = """
SELECT coalesce(head_end, ''), coalesce(nic_id, ''), 'refused: the stage was closed before this row came' FROM {staged}
"""


def prepare_raw_outcomes(message: Message) -> None:
    """Create the table that this stage's raw outcomes are loaded into."""
    stage = _lock_stage(message)
    if stage.outcomes_sent_at is None:
        partition = outcome_partition(stage)
        partition.create()
        begin_load(message, receiver=System.DERMS, table=partition.table)


@transaction.atomic
def load_raw_outcomes(delivery: Delivery, body: RawOutcome, *, now: datetime) -> Receipt:
    """Load one part; after the last one the stage's raw outcomes are complete and can be read."""
    stage = Stage.objects.select_related("event").get(uid=body.stage_uid)
    staged = extracts.stage_part(body.extract, kind=body.kind, part=delivery.part or 1)
    if stage.outcomes_sent_at:
        return _too_late(delivery, staged.table)
    applied = load_outcome_rows(stage, staged)
    if Stage.objects.filter(pk=stage.pk, outcomes_sent_at__isnull=False).exists():
        # The stage was closed while these rows waited for its table.
        raise NotYet("the stage has just been closed")
    refused = 0
    if applied != staged.rows:
        query = statement("derms", "refused_raw_outcomes", staged=identifier(staged.table))
        refused = keep_refused(delivery, query, {"codes": CODES})
    unreserved = 0
    load = count_part(delivery, applied=applied, refused=refused)
    if load.finished_at:
        unreserved = _finish(delivery, load, stage, now)
    note = UNRESERVED(count=unreserved) if unreserved else ""
    return Receipt(status="ERROR" if refused else "SUCCESS", applied=applied, refused=refused, note=note)


@transaction.atomic
def close_stage(stage_id: int, *, now: datetime) -> None:
    """Make sure that every reserved device has an outcome, and send all of them to CPM."""
    stage = Stage.objects.select_for_update(no_key=True, of=("self",)).select_related("event").get(pk=stage_id)
    if stage.outcomes_sent_at or not stage.started_at:
        return
    partition = outcome_partition(stage)
    if stage.raw_outcomes_at is None:
        partition.create()
        partition.take_now()
        partition.finish(PRIMARY_KEY)
        partition.attach()
        complete_outcomes(stage)
    stage.outcomes, stage.reduction_w = count_outcomes(stage)
    extract = extracts.write_extract(kind="device_outcome", query=OUTCOMES, params={"stage": stage.pk})
    outbox.send(DeviceOutcome(stage_uid=stage.uid, extract=extract.ref), sender=System.DERMS)
    stage.outcomes_sent_at = now
    stage.save(update_fields=["outcomes", "reduction_w", "outcomes_sent_at"])
    announce_outcomes(stage)
    renew_figures(stage.event)
    tell_pages(stage.event.number)


@transaction.atomic
def count_calls(stage_id: int, *, now: datetime) -> None:
    """Count a stage's complete outcomes in its devices' response rates and events of the season.

    This is separate from closing the stage: the candidates' lock allows one count at a time, and the stage's row is
    locked only once the new table is ready. Raises NotYet if readers keep the old table locked.
    """
    lock_candidates()
    stage = Stage.objects.select_related("event__zone").get(pk=stage_id)
    if stage.calls_counted_at or not (stage.raw_outcomes_at or stage.outcomes_sent_at):
        return
    renewed = count_stage(stage, now=now)

    def exchange() -> None:
        Stage.objects.filter(pk=stage_id).update(calls_counted_at=now)
        renewed.attach()  # last: from here on nobody can choose until the transaction ends

    patiently(exchange)


def _finish(delivery: Delivery, load: Load, stage: Stage, now: datetime) -> int:
    """Attach the outcomes, one per reserved device, and return how many are of devices that were not reserved."""
    _lock_stage(delivery.message)
    partition = outcome_partition(stage)
    partition.finish(PRIMARY_KEY)
    reserved, with_outcome = count_reserved(stage)
    unreserved = keep_unreserved(delivery, stage) if with_outcome < load.applied else 0
    partition.attach()
    if with_outcome < reserved:
        complete_outcomes(stage)
    Stage.objects.filter(pk=stage.pk).update(raw_outcomes_at=now)
    tell_pages(stage.event.number)
    return unreserved


def _too_late(delivery: Delivery, staged: str) -> Receipt:
    refused = keep_refused(delivery, compose(_TOO_LATE, staged=identifier(staged)), {})
    return Receipt(status="ERROR", applied=0, refused=refused, note=CLOSED_STAGE())


def _lock_stage(message: Message) -> Stage:
    return Stage.objects.select_for_update(no_key=True).get(uid=message.stage)

"""What a CPM from outside is told of stages: planned, reserved, begun, over, and what devices did.

Nothing overtakes: what is about a stage waits for what was sent about it before, since the interfaces know no revision.
A call that was not answered is made again, so the other system may get one twice.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings

from derms.models import Stage
from integration.pages.rest import moment_text
from integration.seam import extracts, sql
from integration.seam.delivery import NotYet
from integration.seam.messages import DeviceOutcome, DeviceReservation, Receipt, StageStatus
from integration.seam.models import Delivery, Message
from integration.seam.recorded import recorded
from integration.seam.sql import compose, identifier, identifiers

from ..choices import FINAL_STAGE_STATES, StageState
from .client import post_json

SERVICE = "service/"
EVENT, LIFECYCLE = SERVICE + "programEvent/", SERVICE + "programEvent/lifecycle"
RESERVE = SERVICE + "programEventParticipation/reserveDevice"
OUTCOMES = SERVICE + "programEventParticipation/postEventOutcome"
BY_EVENT, BY_STAGE = "event", "stage"  # of EXTERNAL_CPM_LIFECYCLE
CATEGORIES = {"Economic": "X1EC", "Emergency": "X1EM", "Reliability": "X1RE", "Device Test": "X1DT"}
ACTIONS = {"In Progress": "X1IP", "Completed": "F1CO", "Canceled": "F1CN"}
AT_ONCE = 1_000  # devices of one call
LONGEST_ERROR = 100
NEVER_TOLD = recorded("the external CPM was never told of the stage")
WITH_THE_EVENT = recorded("the external CPM is told when the whole event gets there")
_BLOCK = """
SELECT {columns} FROM {staged}
 WHERE (head_end, nic_id) > (%(head_end)s, %(nic_id)s) ORDER BY head_end, nic_id LIMIT %(most)s
"""


def post_stage_status(delivery: Delivery) -> Receipt:
    """Create the stage's program event there, or lead it on; by event, only what the whole event gets to."""
    status = delivery.message.body
    assert isinstance(status, StageStatus)  # noqa: S101  (narrows the type; the route names the contract)
    _wait_for_earlier(delivery)
    if status.state == "Scheduled":
        post_json(EVENT, _planned(status))
        return Receipt()
    if not _was_told(delivery.message):
        return Receipt(applied=0, note=NEVER_TOLD())
    action = _action(delivery.message, status)
    if action is None:
        return Receipt(applied=0, note=WITH_THE_EVENT())
    body = {"eventExternalIdentifier": _name(status.event_number, status.stage_number), "action": action}
    post_json(LIFECYCLE, {**body, "cancelReason": status.reason} if action == "F1CN" else body)
    return Receipt()


def post_reservations(delivery: Delivery) -> Receipt:
    """Reserve the devices of one part there, in blocks."""
    body = delivery.message.body
    assert isinstance(body, DeviceReservation)  # noqa: S101  (narrows the type; the route names the contract)
    _wait_for_earlier(delivery)
    stage = Stage.objects.select_related("event").get(uid=body.stage_uid)
    event = {
        "eventExternalIdentifier": _name(stage.event.number, stage.number),
        "eventStartDateTime": moment_text(stage.starts_at),
        "eventEndDateTime": moment_text(stage.ends_at),
    }
    sent = 0
    for block in _blocks(delivery, body):
        post_json(RESERVE, {**event, "deviceList": [_device(row) for row in block]})
        sent += len(block)
    return Receipt(applied=sent)


def post_outcomes(delivery: Delivery) -> Receipt:
    """Post the outcomes of one part there, in blocks."""
    body = delivery.message.body
    assert isinstance(body, DeviceOutcome)  # noqa: S101  (narrows the type; the route names the contract)
    _wait_for_earlier(delivery)
    stage = Stage.objects.select_related("event").get(uid=body.stage_uid)
    event = {"eventExternalIdentifier": _name(stage.event.number, stage.number)}
    sent = 0
    for block in _blocks(delivery, body):
        post_json(OUTCOMES, {**event, "postOutcomeList": [{**event, **_outcome(row)} for row in block]})
        sent += len(block)
    return Receipt(applied=sent)


def stage_id(event_number: str, stage_number: int) -> str:
    """A stage as the CPM from outside knows it."""
    return f"{event_number}/{stage_number}"


def _name(event_number: str, stage_number: int) -> str:
    """What calls that are keyed by the event name: it, or its stage, as the settings say."""
    return stage_id(event_number, stage_number) if settings.EXTERNAL_CPM_LIFECYCLE == BY_STAGE else event_number


def _planned(status: StageStatus) -> dict[str, Any]:
    return {
        "externalIdentifier": stage_id(status.event_number, status.stage_number),
        "eventExternalIdentifier": status.event_number,
        "programExternalIdentifier": status.program,
        "programEventCategory": CATEGORIES[status.category],
        "startDateTime": moment_text(status.starts_at),
        "endDateTime": moment_text(status.ends_at),
    }


def _wait_for_earlier(delivery: Delivery) -> None:
    """Raise NotYet while something that was sent before about the stage is on its way; a dead letter blocks nothing."""
    earlier = Delivery.objects.filter(
        Delivery.OPEN,
        receiver=delivery.receiver,
        message__stage_uid=delivery.message.stage_uid,
        message__lt=delivery.message_id,
    )
    if earlier.exists():
        raise NotYet("what was sent about the stage before is not posted yet")


def _was_told(message: Message) -> bool:
    """Whether the stage was announced: one that is canceled before has no program event there."""
    return Message.objects.filter(
        kind=StageStatus.kind, stage_uid=message.stage_uid, pk__lt=message.pk, payload__state="Scheduled"
    ).exists()


def _action(message: Message, status: StageStatus) -> str | None:
    """The lifecycle's action; by event None for all but its first start, and the end of its last stage."""
    if settings.EXTERNAL_CPM_LIFECYCLE == BY_STAGE:
        return ACTIONS[status.state]
    stages = Stage.objects.filter(event__uid=status.event_uid)
    told = Message.objects.filter(kind=StageStatus.kind, event_uid=status.event_uid)
    if status.state == "In Progress":
        return None if told.filter(pk__lt=message.pk, payload__state="In Progress").exists() else "X1IP"
    if stages.exclude(state__in=FINAL_STAGE_STATES).exists() or told.filter(pk__gt=message.pk).exists():
        return None
    return "F1CO" if stages.filter(state=StageState.COMPLETED).exists() else "F1CN"


def _blocks(delivery: Delivery, body: DeviceReservation | DeviceOutcome) -> Iterator[list[dict[str, Any]]]:
    """The rows of a part, checked against its manifest, in blocks; each read is a statement of its own."""
    staged = extracts.stage_part(body.extract, kind=body.kind, part=delivery.part or 1)
    columns = [name for name in ("head_end", "nic_id", "code", "started_at", "ended_at", "error") if _has(body, name)]
    query = compose(_BLOCK, columns=identifiers(columns), staged=identifier(staged.table))
    after = {"head_end": "", "nic_id": ""}
    while rows := sql.rows(query, {**after, "most": AT_ONCE}):
        block = [dict(zip(columns, row, strict=True)) for row in rows]
        yield block
        after = {name: block[-1][name] for name in after}


def _has(body: DeviceReservation | DeviceOutcome, column: str) -> bool:
    return isinstance(body, DeviceOutcome) or column in ("head_end", "nic_id")


def _device(row: dict[str, Any]) -> dict[str, str]:
    return {"headEndSystem": row["head_end"], "nicId": row["nic_id"]}


def _outcome(row: dict[str, Any]) -> dict[str, Any]:
    """An outcome as the interface has it; times and errors only if there are any."""
    told = {
        "participationStartDateTime": _text(row["started_at"]),
        "participationEndDateTime": _text(row["ended_at"]),
        "errorMessage": (row["error"] or "")[:LONGEST_ERROR],
    }
    return {**_device(row), "outcome": row["code"], **{name: value for name, value in told.items() if value}}


def _text(moment: datetime | None) -> str | None:
    return moment_text(moment) if moment else None

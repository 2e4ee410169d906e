"""Messages that nobody sent, in the table and on the broker: each is refused, recorded and changes nothing."""

import os
from pathlib import Path
from typing import Any, NamedTuple

from django.db import transaction

from cpm.models import Participation
from cpm.models.program_events import ProgramEvent
from derms.models import Event, Stage, Transition
from integration.project.celery import app
from integration.seam import outbox, tasks
from integration.seam.messages import CONTRACTS
from integration.seam.messages.protocol import CURRENT
from integration.seam.models import SMALL, Alert, Delivery, Message
from integration.seam.routes import ROUTES, Route
from integration.seam.systems import System as Sender
from lec_sim.models import LecStage
from tests.faults import figures
from tests.faults.driver import Driver, Planned
from tests.faults.row import Row
from tests.faults.system import System, patiently

HOUR_S, PATIENCE_S, BACK_S = 3600.0, 240.0, 60.0
MOST = 2**31 - 1
NO_ROUTE = (Route(Sender.LEC, ""),)


class Forged(NamedTuple):
    """A message as somebody wrote it into the table."""

    kind: str
    sender: Sender
    payload: dict[str, Any]
    protocol: str = str(CURRENT)


class Pickled:
    """Leaves a mark if anybody unpickles it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def forge(system: System, driver: Driver, rounds: int) -> Row:
    (event,) = driver.prepare(driver.aside, events=1, ahead_s=HOUR_S, length_s=60)
    figures.seconds_until(lambda: _is_at_rest(event), most=BACK_S)
    before, mark = patiently(lambda: _facts(event)), system.state.root / "unpickled"
    sent = [_send(one) for _ in range(rounds) for one in _forged(event)]
    for _ in range(rounds):
        _forge_tasks(system, event, mark)
    deliveries = Delivery.objects.filter(message__in=[message.pk for message in sent])
    took = figures.seconds_until(lambda: not deliveries.filter(Delivery.OPEN).exists(), most=PATIENCE_S)
    back = figures.seconds_until(system.all_work, most=BACK_S)
    recorded = sum(_is_recorded(one) for one in deliveries)
    same = patiently(lambda: _facts(event)) == before
    driver.cancel(event)
    return Row(
        "forged messages: wrong sender, revision, kind, digest; tasks that nobody published",
        len(deliveries),
        "each refused and recorded, nothing changed, nothing unpickled",
        f"{recorded} of {len(deliveries)} recorded after {took:.0f} s; {'nothing' if same else 'SOMETHING'} changed,"
        f" {int(mark.exists())} unpickled, workers at work after {back:.0f} s",
        recorded == len(deliveries) > 0 and same and not mark.exists() and back < BACK_S,
        ("I1", "I5", "I9"),
    )


def _forged(event: Planned) -> list[Forged]:
    known = Message.objects.filter(stage_uid=_stage(event).uid, sender=Sender.DERMS).order_by("pk")
    status = known.filter(kind="stage_status").latest("pk").payload
    reserved = known.filter(kind="device_reservation").latest("pk").payload
    begun = {"stage_uid": status["stage_uid"], "at": status["starts_at"], "started_at": status["starts_at"]}
    runs = {**CONTRACTS["stage_execution_status"].example, **begun}
    canceled = {**status, "state": "Canceled", "reason": "Forged"}
    another_digest = {**reserved, "extract": {**reserved["extract"], "manifest_sha256": "0" * 64}}
    return [
        Forged("stage_status", Sender.LEC, {**canceled, "revision": status["revision"] + 1}),
        Forged("stage_execution_status", Sender.CPM, runs),
        Forged("stage_status", Sender.DERMS, canceled),  # its revision is not newer
        Forged("stage_execution_status", Sender.LEC, {**runs, "revision": MOST}),
        Forged("stage_execution_status", Sender.LEC, {**runs, "called": MOST}),
        Forged("stage_execution_status", Sender.LEC, {**runs, "started_at": "2001-01-01T00:00:00Z"}),
        Forged("stage_status", Sender.DERMS, {**canceled, "revision": "the next"}),
        Forged("stage_status", Sender.DERMS, canceled, "0.9"),
        Forged("stage_stop", Sender.DERMS, canceled),
        Forged("device_reservation", Sender.DERMS, another_digest),
    ]


@transaction.atomic
def _send(forged: Forged) -> Message:
    """Write the rows as `outbox.send` would, without what it checks."""
    stage_uid = forged.payload["stage_uid"]
    message = Message.objects.create(**forged._asdict(), subject=f"stage:{stage_uid}", stage_uid=stage_uid)
    for route in ROUTES.get(forged.kind, NO_ROUTE):
        part = None if route.queue == SMALL else 1
        Delivery.objects.create(message=message, receiver=route.receiver, queue=route.queue, part=part)
    outbox.wake()
    return message


def _forge_tasks(system: System, event: Planned, mark: Path) -> None:
    """What somebody on the broker can write: no message at all, a pickle, a task of no name, one for done work."""
    done = Delivery.objects.filter(message__stage_uid=_stage(event).uid).exclude(delivered_at=None).earliest("pk")
    with system.broker() as broker:
        broker.lpush(SMALL, "no message at all")
    app.send_task(tasks.deliver_small.name, args=[Pickled(mark)], queue=SMALL, serializer="pickle")
    app.send_task("os.system", args=[f"mkdir {mark}"], queue=SMALL)
    for attempt in (done.attempt, done.attempt + 1):
        tasks.deliver_small.apply_async(kwargs={"deliveries": [(done.pk, attempt)]}, queue=SMALL)


def _is_recorded(delivery: Delivery) -> bool:
    """Whether a person can see it: a dead letter with its alert, or a receipt that nothing was applied."""
    if delivery.state == "Dead":
        return Alert.objects.filter(key=f"dead:delivery:{delivery.pk}", closed_at=None).exists()
    return delivery.state == "Delivered" and delivery.receipt["applied"] == 0


def _stage(event: Planned) -> Stage:
    return patiently(lambda: Stage.objects.get(event__number=event.number))


def _is_at_rest(event: Planned) -> bool:
    """Whether everything about the stage has been sent and applied, so that what changes later is the forgery's."""
    about = Delivery.objects.filter(message__stage_uid=_stage(event).uid)
    loaded = LecStage.objects.filter(event_number=event.number).exclude(reservations_loaded_at=None)
    return loaded.exists() and not about.filter(Delivery.OPEN).exists()


def _facts(event: Planned) -> list[Any]:
    """What the three systems hold about the event."""
    stage, known = _stage(event), ProgramEvent.objects.filter(event_number=event.number)
    found = (
        Event.objects.filter(number=event.number).values("state"),
        Stage.objects.filter(pk=stage.pk).values("state", "revision", "execution_revision", "called", "ends_at"),
        Transition.objects.filter(event__number=event.number).values("pk"),
        known.values("state", "revision", "reservations_loaded_at"),
        Participation.objects.filter(program_event_id__in=known.values("pk"))
        .order_by("device_id")
        .values("device_id", "reservation_flag"),
        LecStage.objects.filter(stage_uid=stage.uid).values(
            "state", "status_revision", "execution_revision", "reserved", "called", "ends_at"
        ),
    )
    return [list(rows) for rows in found]

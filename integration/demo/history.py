"""Past events of the demo: the systems' own operations run each through all three systems, at its own time."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.module_loading import import_string

from cpm import operations as cpm
from cpm.models import Notification
from cpm.models.program_events import ProgramEvent
from derms import operations as derms
from derms.choices import EventState
from derms.models import Event, Stage, Strategy
from integration.seam.alerts import archive_alert
from integration.seam.messages import Receipt
from integration.seam.models import Alert, Delivery, Extract, Load, Message
from integration.seam.routes import ROUTES
from integration.seam.sql import compose, execute, identifier
from integration.seam.systems import System
from lec_sim import operations as lec
from lec_sim.models import LecStage

from .people import person
from .planning import AFTERNOON, DISCHARGE, EVENING, RELIEF, RESERVE, TEST, relief_threshold_kw

RELIEF_LENGTH = timedelta(minutes=150)
PLANNED_BEFORE = timedelta(hours=21, minutes=17)
SECOND = timedelta(seconds=1)
REPORT = timedelta(seconds=110)  # once devices have answered; the past has one report instead of one a minute
DEMO = uuid.uuid5(uuid.NAMESPACE_DNS, "demo.example.com")
OPERATORS = ("olive.operator", "oscar.operator")


class PastEvent(NamedTuple):
    """An event made from a strategy: how many days ago it began, and at which full hour in UTC."""

    days_ago: int
    hour: int
    strategy: str


# The load has a forecast at every start, on any day of the week; the hours suit the summer's load.
PAST = (
    PastEvent(40, 21, DISCHARGE), PastEvent(38, 19, AFTERNOON), PastEvent(37, 22, EVENING), PastEvent(35, 19, RELIEF),
    PastEvent(33, 15, TEST), PastEvent(31, 19, AFTERNOON), PastEvent(30, 20, RESERVE), PastEvent(28, 22, EVENING),
    PastEvent(26, 19, RELIEF), PastEvent(24, 19, AFTERNOON), PastEvent(23, 21, DISCHARGE), PastEvent(21, 22, EVENING),
    PastEvent(18, 19, RELIEF), PastEvent(17, 19, AFTERNOON), PastEvent(14, 22, EVENING), PastEvent(11, 20, RESERVE),
    PastEvent(9, 19, AFTERNOON), PastEvent(7, 22, EVENING), PastEvent(4, 19, RELIEF), PastEvent(2, 19, AFTERNOON),
)  # fmt: skip
Step = tuple[datetime, Callable[..., Any], int]


class HistoryBroken(Exception):
    """A past event did not reach its end; nothing of it is kept."""


@transaction.atomic
def play(past: PastEvent, now: datetime) -> None:
    """Plan, approve, reserve, execute, collect and close one past event, in one transaction."""
    start = now.replace(hour=past.hour, minute=0, second=0, microsecond=0) - timedelta(days=past.days_ago)
    event = _plan(past, start)
    perform(event, schedules_at=start - PLANNED_BEFORE + timedelta(hours=2))
    _archive_alerts(event)


@transaction.atomic
def perform(event: Event, *, schedules_at: datetime) -> None:
    """Reserve, execute, collect and close an approved event, each step at its own time, in one transaction.

    Raises HistoryBroken if the event is not Scheduled or not Completed by its steps.
    """
    for step in _steps_to_schedule(event, schedules_at):
        _do(step, event)
    _require(event, EventState.SCHEDULED)
    steps = [step for stage in event.stages.all() for step in _steps_to_close(stage)]
    for step in sorted(steps, key=lambda step: step[0]):
        _do(step, event)
    _require(event, EventState.COMPLETED)


def _require(event: Event, state: EventState) -> None:
    if (found := Event.objects.get(pk=event.pk).state) != state:
        reasons = Alert.objects.filter(event_uid=event.uid).values_list("text", flat=True)
        raise HistoryBroken(f"{event} is {found} instead of {state}. {' '.join(reasons)}")


def _plan(past: PastEvent, start: datetime) -> Event:
    """Create and submit the event as one of the operators; approve it an hour later."""
    strategy = Strategy.objects.select_related("zone").get(name=past.strategy)
    operator, moment = person(OPERATORS[past.days_ago % 2]), start - PLANNED_BEFORE
    relief_kw = relief_threshold_kw(strategy.zone, start, start + RELIEF_LENGTH)
    event = derms.create_event(
        strategy_id=strategy.pk,
        starts_at=start,
        by=operator,
        now=moment,
        details=derms.EventDetails(
            name=f"{past.strategy}, {start:%d %b}", threshold_kw=relief_kw if past.strategy == RELIEF else None
        ),
    )
    Event.objects.filter(pk=event.pk).update(created_at=moment)
    for stage in event.stages.all():
        # What devices do is drawn from it: each installation's demo has the same outcomes, on any day.
        name = f"{past.strategy} {past.days_ago} {stage.number}"
        Stage.objects.filter(pk=stage.pk).update(uid=uuid.uuid5(DEMO, name))
    derms.submit_event(event_id=event.pk, by=operator, now=moment + timedelta(minutes=9), accepted_kw=0)
    derms.approve_event(event_id=event.pk, by=person("ada.approver"), now=moment + timedelta(minutes=70))
    return event


def _archive_alerts(event: Event) -> None:
    """What was to do about a past event has been done by its operator."""
    alerts = Alert.objects.filter(event_uid=event.uid, closed_at=None)
    ended_at = max(event.stages.values_list("ends_at", flat=True))
    alerts.update(opened_at=ended_at, last_at=ended_at)
    for alert in alerts:
        archive_alert(alert_id=alert.pk, by=event.author.username)


def _steps_to_schedule(event: Event, moment: datetime) -> list[Step]:
    stages = event.stages.order_by("number").values_list("pk", flat=True)
    writes = [(moment + (2 + n) * SECOND, derms.write_reservation_extract, pk) for n, pk in enumerate(stages)]
    tells = [(moment + (9 + n) * SECOND, _tell_customers, pk) for n, pk in enumerate(stages)]
    return [(moment, derms.schedule_event, event.pk), *writes, *tells]


def _steps_to_close(stage: Stage) -> list[Step]:
    execution = LecStage.objects.get(stage_uid=stage.uid).pk
    return [
        (stage.starts_at + 0.4 * SECOND, lec.start_stage, execution),
        (stage.starts_at + 1.2 * SECOND, lec.call_devices, execution),
        (stage.starts_at + REPORT, lec.report_delivered_load, execution),
        (stage.ends_at + 0.3 * SECOND, lec.end_stage, execution),
        (stage.ends_at + 2 * SECOND, lec.hand_over_outcomes, execution),
        (stage.ends_at + 5 * SECOND, derms.close_stage, stage.pk),
        (stage.ends_at + 6 * SECOND, derms.count_calls, stage.pk),
        (stage.ends_at + 9 * SECOND, _tell_of_end, stage.pk),
    ]


def _tell_customers(stage_id: int, *, now: datetime) -> None:
    cpm.notify_customers(_program_event_id(stage_id), now=now)
    _date_notifications(now)


def _tell_of_end(stage_id: int, *, now: datetime) -> None:
    cpm.notify_of_end(_program_event_id(stage_id), now=now)
    _date_notifications(now)


def _program_event_id(stage_id: int) -> int:
    stage_uid = Stage.objects.values_list("uid", flat=True).get(pk=stage_id)
    return ProgramEvent.objects.values_list("pk", flat=True).get(stage_uid=stage_uid)


def _date_notifications(moment: datetime) -> None:
    """What customers hear of the past has been sent: no e-mail about it may go out now."""
    waiting = Notification.objects.filter(made_at=moment, done_at=None)
    waiting.update(attempts=1, emailed_at=moment, done_at=moment)


def _do(step: Step, event: Event) -> None:
    """Perform a step at its moment; half a second later deliver what it sent, then what that caused, and so on."""
    moment, act, object_id = step
    act(object_id, now=moment)
    while sent := _open_messages(event):
        _date_messages(sent, moment)
        moment += 0.5 * SECOND
        for delivery in Delivery.objects.filter(message__in=sent).select_related("message").order_by("pk"):
            _deliver(delivery, moment)
        Load.objects.filter(message__in=sent).update(finished_at=moment)


def _open_messages(event: Event) -> list[Message]:
    stages = event.stages.values("uid")
    is_open = Delivery.objects.filter(Delivery.OPEN, message=OuterRef("pk"))
    return list(Message.objects.filter(Exists(is_open), stage_uid__in=stages).order_by("pk"))


def _deliver(delivery: Delivery, moment: datetime) -> None:
    message = delivery.message
    route = next(route for route in ROUTES[message.kind] if route.receiver == delivery.receiver)
    if route.prepare:
        import_string(route.prepare)(message)
    receipt = _RECEIVE[message.kind, delivery.receiver](delivery, message.body, moment)
    delivery.receipt, delivery.attempt, delivery.delivered_at = receipt.model_dump(mode="json"), 1, moment
    delivery.save(update_fields=["receipt", "attempt", "delivered_at"])
    if delivery.part:
        # This transaction stages its next file under the same name.
        staged = identifier(f"staged_part_{delivery.part}")
        execute(compose("DROP TABLE IF EXISTS {staged}", staged=staged))


def _date_messages(sent: list[Message], moment: datetime) -> None:
    Message.objects.filter(pk__in=[message.pk for message in sent]).update(sent_at=moment)
    Delivery.objects.filter(message__in=sent).update(created_at=moment, due_at=moment)
    extracts = [message.payload["extract"]["extract_uid"] for message in sent if "extract" in message.payload]
    Extract.objects.filter(pk__in=extracts).update(written_at=moment)


# The operations that the inboxes call with the present moment.
_RECEIVE: dict[tuple[str, str], Callable[[Delivery, Any, datetime], Receipt]] = {
    ("stage_status", System.CPM): lambda delivery, body, now: cpm.follow_stage(body, now=now),
    ("stage_status", System.LEC): lambda delivery, body, now: lec.follow_stage(body, now=now),
    ("device_reservation", System.CPM): lambda delivery, body, now: cpm.load_reservations(delivery, body, now=now),
    ("device_reservation", System.LEC): lambda delivery, body, now: lec.load_reservations(delivery, body, now=now),
    ("stage_execution_status", System.DERMS): lambda delivery, body, now: derms.follow_execution(body, now=now),
    ("delivered_load", System.DERMS): lambda delivery, body, now: derms.follow_delivered_load(body),
    ("raw_outcome", System.DERMS): lambda delivery, body, now: derms.load_raw_outcomes(delivery, body, now=now),
    ("device_outcome", System.CPM): lambda delivery, body, now: cpm.load_outcomes(delivery, body, now=now),
}

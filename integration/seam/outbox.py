"""Send messages: stored as rows in the sender's transaction, so a message is sent if and only if its change commits."""

from collections.abc import Sequence

from django.conf import settings
from django.db import connection

from .messages import ExtractRef, MessageBody, write
from .models import Delivery, Message
from .routes import ROUTES, TO_EXTERNAL_CPM, Route
from .sql import execute
from .systems import Outside, System

CHANNEL = "gridcall_due"
BY_THE_CLOCK = "by the clock"


def send(body: MessageBody, *, sender: System | Outside) -> Message:
    """Store a message and a delivery for each receiver (and part), and wake the scheduler.

    Raises RuntimeError outside a transaction: the message could then exist without its change.
    """
    return send_all([body], sender=sender)[0]


def send_all(bodies: Sequence[MessageBody], *, sender: System | Outside) -> list[Message]:
    """Send several messages, however many, with two statements. Raises RuntimeError outside a transaction."""
    if not connection.in_atomic_block:
        raise RuntimeError("messages must be sent in the transaction of the change they report")
    if not bodies:
        return []
    messages = Message.objects.bulk_create([_message(body, sender) for body in bodies])
    Delivery.objects.bulk_create(
        Delivery(message=message, receiver=route.receiver, queue=route.queue, part=part)
        for message, body in zip(messages, bodies, strict=True)
        for route in _routes(body.kind, sender)
        for part in _part_numbers(getattr(body, "extract", None))
    )
    wake()
    return messages


def _message(body: MessageBody, sender: System | Outside) -> Message:
    payload, version = write(body, major=settings.PROTOCOL_VERSION)
    return Message(
        kind=body.kind,
        sender=sender,
        subject=body.subject,
        event_uid=getattr(body, "event_uid", None),
        stage_uid=getattr(body, "stage_uid", None),
        payload=payload,
        protocol=str(version),
    )


def _routes(kind: str, sender: System | Outside) -> tuple[Route, ...]:
    """Who receives a kind in this installation: what comes from outside is for CPM alone."""
    if sender == Outside.DERMS:
        return tuple(route for route in ROUTES[kind] if route.receiver == System.CPM)
    external = TO_EXTERNAL_CPM.get(kind) if settings.EXTERNAL_CPM_URL else None
    return (*ROUTES[kind], external) if external else ROUTES[kind]


def wake(what: str = "") -> None:
    """Notify the schedulers at commit that a message is due, or with `BY_THE_CLOCK` that one of routes.DUE is."""
    execute("SELECT pg_notify(%s, %s)", [CHANNEL, what])


def _part_numbers(extract: ExtractRef | None) -> list[int | None]:
    # An extract without rows has one empty part, so that it is delivered too.
    return [None] if extract is None else list(range(1, extract.parts + 1))

"""Receivers for tests: each leaves an effect that counts how often it happened."""

import os
import signal
import time
from uuid import UUID

from integration.seam.alerts import raise_alert
from integration.seam.delivery import NotYet
from integration.seam.messages import MessageBody, Receipt, StageStatus
from integration.seam.models import Alert, Priority

POISON = "Poison"


def note(body: MessageBody) -> Receipt:
    """Accepts every message, and counts."""
    raise_alert(f"effect:{body.subject}", kind="effect", priority=Priority.MEDIUM, text="It came about.")
    return Receipt(note="noted")


def add_slowly(body: MessageBody) -> Receipt:
    """Adds one to a value read a moment ago: of two concurrent calls one would be lost."""
    alert = Alert.objects.get(key=f"effect:{body.subject}")
    time.sleep(0.05)
    Alert.objects.filter(pk=alert.pk).update(count=alert.count + 1)
    return Receipt()


def fail(body: MessageBody) -> Receipt:
    """Fails after the effect, which must be rolled back with the transaction."""
    note(body)
    raise ValueError(f"cannot take {body.subject}")


def wait(body: MessageBody) -> Receipt:
    """Needs something that does not exist."""
    note(body)
    raise NotYet("the moon is not up")


def die(body: MessageBody) -> Receipt:
    """Ends its process between the effect and the mark."""
    note(body)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives this")


def fail_poison(body: MessageBody) -> Receipt:
    """Accepts every message except poison."""
    return fail(body) if _is_poison(body) else note(body)


def die_of_poison(body: MessageBody) -> Receipt:
    """Accepts every message except poison, which ends its process."""
    return die(body) if _is_poison(body) else note(body)


def _is_poison(body: MessageBody) -> bool:
    return isinstance(body, StageStatus) and body.event_name == POISON


def effects(stage_uid: UUID) -> int:
    """How often a message about this stage left a lasting effect."""
    alert = Alert.objects.filter(key=f"effect:stage:{stage_uid}").first()
    return alert.count if alert else 0

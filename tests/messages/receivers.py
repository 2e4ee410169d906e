"""Receivers to deliver to: each leaves an effect that counts how often it came about."""

import os
import signal
from uuid import UUID

from integration.alerts import raise_alert
from integration.delivery import NotYet
from integration.messages import MessageBody, Receipt
from integration.models import Alert


def note(body: MessageBody) -> Receipt:
    """Takes every message, and counts."""
    raise_alert(f"effect:{body.subject}", kind="effect", severity=Alert.WARNING, text="It came about.")
    return Receipt(note="noted")


def fail(body: MessageBody) -> Receipt:
    """Refuses after the effect, which must go with the transaction."""
    note(body)
    raise ValueError(f"cannot take {body.subject}")


def wait(body: MessageBody) -> Receipt:
    """Needs something that is not there."""
    note(body)
    raise NotYet("the moon is not up")


def die(body: MessageBody) -> Receipt:
    """Ends its process between the effect and the mark."""
    note(body)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives this")


def effects(stage_uid: UUID) -> int:
    """How often an effect of a message about this stage came about and stayed."""
    alert = Alert.objects.filter(key=f"effect:stage:{stage_uid}").first()
    return alert.count if alert else 0

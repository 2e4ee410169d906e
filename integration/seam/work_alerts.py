"""The alerts about work: it waits, it fails, it is a dead letter, or a receiver refused rows of it."""

from datetime import datetime
from uuid import UUID

from django.utils.module_loading import import_string

from .alerts import close_alert, raise_alert
from .messages import Receipt
from .models import Delivery, DueWork, Priority, RefusedRow, Work
from .recorded import Sentence, recorded
from .routes import DUE
from .stakes import stakes_of

WAITS = recorded("“%(work)s” has waited %(minutes)s min: %(why)s")
FAILS = recorded("“%(work)s” failed %(tries)s of %(most)s times and will be retried: %(error)s %(stakes)s")
DEAD = recorded("“%(work)s” failed %(most)s times and is now a dead letter: %(error)s Retry or discard it. %(stakes)s")
REFUSED = recorded("%(rows)s rows of “%(delivery)s” were refused, see its message. %(stakes)s")

# One or two failures are retried within seconds, before anyone could look at an alert. Work of a stage whose moment has
# come alerts at once: its devices are waiting.
ATTEMPTS_BEFORE_ALERT, ATTEMPTS_BEFORE_URGENT_ALERT = 3, 1


def alert_of_waiting(work: Work, *, since: datetime, now: datetime, why: str) -> None:
    """Alert that what work needs has been missing for long."""
    minutes = int((now - since).total_seconds() // 60)
    _alert(work, _waiting_key(work), Priority.MEDIUM, WAITS(work=work, minutes=minutes, why=why))


def alert_of_failure(work: Work, *, tries: int, most: int) -> None:
    """Alert that work will be retried, once it has failed often enough for its kind."""
    if tries < _attempts_before_alert(work):
        return
    is_urgent = _is_urgent(work)
    stakes = stakes_of(_about(work)[1]) if is_urgent else ""
    text = FAILS(work=work, tries=tries, most=most, error=work.error[:300], stakes=stakes)
    _alert(work, _trying_key(work), Priority.HIGH if is_urgent else Priority.MEDIUM, text)


def alert_of_dead(work: Work, *, most: int) -> None:
    """Alert that work failed for good, in place of the alert that it is retried."""
    close_alert(_trying_key(work))
    text = DEAD(work=work, most=most, error=work.error[:300], stakes=stakes_of(_about(work)[1]))
    _alert(work, dead_key(work), Priority.HIGH, text)


def alert_of_refused(delivery: Delivery, receipt: Receipt) -> None:
    """Alert at once that a receiver refused rows of an extract: one alert for all its parts.

    What a single message told and was refused is seen where it was said: an enrollment waits in its queue as an Error.
    """
    message = delivery.message
    refused = RefusedRow.objects.filter(delivery__message=message, delivery__receiver=delivery.receiver).count()
    if not refused:
        return
    raise_alert(
        f"refused:{message.uid}:{delivery.receiver}",
        kind="rows refused",
        priority=Priority.MEDIUM if receipt.applied else Priority.HIGH,
        text=REFUSED(rows=f"{refused:,}", delivery=delivery, stakes=stakes_of(message.stage_uid)),
        event_uid=message.event_uid,
        stage_uid=message.stage_uid,
    )


def close_alerts_of_done(work: Work) -> None:
    """Close the alerts about work that is now done."""
    if work.not_yet_since:
        close_alert(_waiting_key(work))
    if work.attempt - work.given_back > _attempts_before_alert(work):
        close_alert(_trying_key(work))


def dead_key(work: Work) -> str:
    """The key of the alert about a dead letter."""
    return f"dead:{work._meta.model_name}:{work.pk}"


def _alert(work: Work, key: str, priority: int, text: Sentence) -> None:
    event_uid, stage_uid = _about(work)
    raise_alert(key, kind="message", priority=priority, text=text, event_uid=event_uid, stage_uid=stage_uid)


def _about(work: Work) -> tuple[UUID | None, UUID | None]:
    """The uids of the event and the stage that work is about, if it is about one."""
    if isinstance(work, Delivery):
        return work.message.event_uid, work.message.stage_uid
    if isinstance(work, DueWork) and work.name in DUE and (query := DUE[work.name].stage):
        found: tuple[UUID, UUID] = import_string(query)(work.object_id)
        return found
    return None, None


def _is_urgent(work: Work) -> bool:
    return isinstance(work, DueWork) and work.name in DUE and DUE[work.name].stage is not None


def _attempts_before_alert(work: Work) -> int:
    return ATTEMPTS_BEFORE_URGENT_ALERT if _is_urgent(work) else ATTEMPTS_BEFORE_ALERT


def _trying_key(work: Work) -> str:
    return f"trying:{work._meta.model_name}:{work.pk}"


def _waiting_key(work: Work) -> str:
    return f"waiting:{work._meta.model_name}:{work.pk}"

"""Alerts: something a person must look at, open once per key."""

from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from . import clock
from .models import Alert, AlertChange
from .nudges import ALERTS, tell_pages
from .recorded import Sentence
from .refusals import Refused
from .sql import Sql, column, compose, row
from .webhooks import kinds as webhook_kinds
from .webhooks.announcing import announce

# An alert that becomes more urgent has to be acknowledged again.
_RAISE = """
INSERT INTO integration_alert AS a
       (key, kind, priority, text, event_uid, stage_uid, count, opened_at, last_at, closed_by)
VALUES (%s, %s, %s, %s, %s, %s, 1, clock_timestamp(), clock_timestamp(), '')
ON CONFLICT (key) WHERE closed_at IS NULL
DO UPDATE SET count = a.count + 1, text = EXCLUDED.text, priority = EXCLUDED.priority, last_at = EXCLUDED.last_at,
              acknowledged_at = CASE WHEN EXCLUDED.priority >= a.priority THEN a.acknowledged_at END,
              acknowledged_by = CASE WHEN EXCLUDED.priority >= a.priority THEN a.acknowledged_by ELSE '' END,
              note = CASE WHEN EXCLUDED.priority >= a.priority THEN a.note ELSE '' END
RETURNING a.id, a.count = 1
"""
_CLOSE = """
UPDATE integration_alert SET closed_at = clock_timestamp(), closed_by = %(by)s
 WHERE closed_at IS NULL AND {which} RETURNING id
"""
_OF_KEY = compose("key = %(key)s")
_OF_EVENT = compose("kind = ANY(%(kinds)s) AND event_uid = %(uid)s")
_OF_STAGE = compose("kind = ANY(%(kinds)s) AND stage_uid = %(uid)s AND key <> ALL(%(keys)s)")


class AlertArchived(Refused):
    """The alert is already closed."""


class AlertAcknowledged(Refused):
    """Somebody has already acknowledged the alert."""


def raise_alert(
    key: str, *, kind: str, priority: int, text: Sentence, event_uid: UUID | None = None, stage_uid: UUID | None = None
) -> None:
    """Open an alert; if it is already open, count one more occurrence."""
    alert_id, is_new = row(_RAISE, [key[:200], kind, priority, text, event_uid, stage_uid])
    if is_new:
        _announce("alert.opened", [alert_id])
    tell_pages(ALERTS)


def close_alert(key: str, *, by: str = "system") -> None:
    """Close the open alert of this key, if there is one."""
    _close(_OF_KEY, key=key, by=by)


def close_alerts(
    kinds: Collection[str], *, event_uid: UUID | None = None, stage_uid: UUID | None = None, by: str = "system"
) -> None:
    """Close the open alerts of these kinds about a stage; without one, about an event."""
    which = _OF_EVENT if stage_uid is None else _OF_STAGE
    _close(which, kinds=list(kinds), uid=stage_uid or event_uid, keys=[], by=by)


def close_other_alerts(kind: str, *, stage_uid: UUID, keys: Collection[str]) -> None:
    """Close a stage's open alerts of a kind, except those with these keys."""
    _close(_OF_STAGE, kinds=[kind], uid=stage_uid, keys=list(keys), by="system")


@transaction.atomic
def acknowledge_alert(*, alert_id: int, by: str, note: str = "") -> None:
    """Take on an open alert, with a note for the others. Raises AlertArchived or AlertAcknowledged."""
    alert = _lock_open(alert_id)
    if why := already_acknowledged(alert):
        raise AlertAcknowledged(why)
    alert.acknowledged_at, alert.acknowledged_by, alert.note = clock.now(), by, note.strip()
    alert.save(update_fields=["acknowledged_at", "acknowledged_by", "note"])
    _record(alert, "acknowledged", alert.acknowledged_at, by, alert.note)


@transaction.atomic
def archive_alert(*, alert_id: int, by: str) -> None:
    """Close one alert that a person has dealt with. Raises AlertArchived."""
    alert = _lock_open(alert_id)
    alert.closed_at, alert.closed_by = clock.now(), by
    alert.save(update_fields=["closed_at", "closed_by"])
    _record(alert, "archived", alert.closed_at, by)
    _announce("alert.closed", [alert.pk])


def already_archived(alert: Alert) -> str:
    """Return who archived an alert, as a sentence; empty if it is open."""
    if not alert.closed_at:
        return ""
    return _("This alert was already archived by %(closed_by)s.") % {"closed_by": alert.closed_by}


def already_acknowledged(alert: Alert) -> str:
    """Return who acknowledged an alert, as a sentence; empty if nobody did."""
    if not alert.acknowledged_at:
        return ""
    return _("%(acknowledged_by)s has already acknowledged this alert.") % {"acknowledged_by": alert.acknowledged_by}


def _close(which: Sql, **params: Any) -> None:
    if closed := column(compose(_CLOSE, which=which), params):
        _announce("alert.closed", closed)
        tell_pages(ALERTS)


def _announce(what: str, alert_ids: list[int]) -> None:
    """Announce to webhooks what became of alerts: which and about what, not their texts."""
    for alert_id in alert_ids:
        announce(webhook_kinds.ALERT, what=what, subject=f"alert {alert_id}", data=partial(_facts, alert_id))


def _facts(alert_id: int) -> dict[str, Any]:
    alert = Alert.objects.get(pk=alert_id)
    return {
        "alert_id": alert.pk,
        "kind": alert.kind,
        "priority": alert.urgency,
        "event_uid": alert.event_uid,
        "stage_uid": alert.stage_uid,
        "opened_at": alert.opened_at,
        "closed_at": alert.closed_at,
    }


def _lock_open(alert_id: int) -> Alert:
    alert = Alert.objects.select_for_update(no_key=True).get(pk=alert_id)
    if why := already_archived(alert):
        raise AlertArchived(why)
    return alert


def _record(alert: Alert, what: str, at: datetime, by: str, note: str = "") -> None:
    AlertChange.objects.create(alert=alert, what=what, at=at, by=by, note=note)
    tell_pages(ALERTS)

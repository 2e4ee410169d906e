"""Alerts: something a person must look at, open once per key."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from . import clock
from .models import Alert
from .refusals import Refused
from .sql import execute

_RAISE = """
INSERT INTO integration_alert
       (key, kind, severity, text, event_uid, stage_uid, count, opened_at, last_at, closed_by)
VALUES (%s, %s, %s, %s, %s, %s, 1, clock_timestamp(), clock_timestamp(), '')
ON CONFLICT (key) WHERE closed_at IS NULL
DO UPDATE SET count = integration_alert.count + 1, text = EXCLUDED.text, severity = EXCLUDED.severity,
              last_at = EXCLUDED.last_at
"""


class AlertArchived(Refused):
    """The alert is already closed."""


def raise_alert(
    key: str, *, kind: str, severity: str, text: str, event_uid: UUID | None = None, stage_uid: UUID | None = None
) -> None:
    """Open an alert; if it is already open, count one more occurrence."""
    execute(_RAISE, [key[:200], kind, severity, text, event_uid, stage_uid])


def close_alert(key: str, *, by: str = "system") -> None:
    """Close the open alert of this key, if there is one."""
    Alert.objects.filter(key=key, closed_at=None).update(closed_at=clock.now(), closed_by=by)


@transaction.atomic
def archive_alert(*, alert_id: int, by: str) -> None:
    """Close one alert that a person has dealt with. Raises AlertArchived."""
    alert = Alert.objects.select_for_update(no_key=True).get(pk=alert_id)
    if alert.closed_at:
        raise AlertArchived(_("This alert was already archived by %(closed_by)s.") % {"closed_by": alert.closed_by})
    alert.closed_at, alert.closed_by = clock.now(), by
    alert.save(update_fields=["closed_at", "closed_by"])

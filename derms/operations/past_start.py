"""The alert that a plan still waits though its start has passed: it can only be withdrawn or canceled."""

from datetime import datetime

from django.db import transaction

from integration.seam.alerts import raise_alert
from integration.seam.models import Priority
from integration.seam.recorded import recorded

from ..models import Event
from ..queries.due import PAST_START, event_ids_past_start

WAITS = recorded("%(event)s is still %(state)s, and its start has passed: nothing will be called.")


@transaction.atomic
def report_plan_past_start(event_id: int, *, now: datetime) -> None:
    """Raise an alert: the event is Submitted or Approved, and its first stage should have started."""
    event = Event.objects.select_for_update(no_key=True).get(pk=event_id)
    if not event_ids_past_start(now).filter(pk=event_id).exists():
        return
    raise_alert(
        f"past start:{event.uid}",
        kind=PAST_START,
        priority=Priority.LOW,
        text=WAITS(event=event.number, state=event.state),
        event_uid=event.uid,
    )

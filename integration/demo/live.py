"""What a newcomer can watch: an event about to begin, and one that waits for approval."""

from datetime import datetime, time, timedelta

from django.db import transaction

from derms.models import Event, Strategy
from derms.operations import EventDetails, approve_event, create_event, submit_event
from integration.seam import clock

from .load import LOCAL
from .people import person
from .planning import AFTERNOON, TEST

BEGINS_AFTER = timedelta(seconds=150)
AFTERNOON_PEAK = time(16)


@transaction.atomic
def add_live_events() -> None:
    """Add an approved event that begins within three minutes, and a submitted one for tomorrow's afternoon peak."""
    now = clock.now()
    about_to_begin = _submitted(TEST, "Quick look: two short stages", now + BEGINS_AFTER, now)
    approve_event(event_id=about_to_begin.pk, by=person("ada.approver"), now=now)
    tomorrow = now.astimezone(LOCAL).date() + timedelta(days=1)
    _submitted(AFTERNOON, "Tomorrow's afternoon peak", datetime.combine(tomorrow, AFTERNOON_PEAK, LOCAL), now)


def _submitted(strategy: str, name: str, starts_at: datetime, now: datetime) -> Event:
    olive = person("olive.operator")
    strategy_id = Strategy.objects.get(name=strategy).pk
    details = EventDetails(name=name)
    event = create_event(strategy_id=strategy_id, starts_at=starts_at, by=olive, now=now, details=details)
    submit_event(event_id=event.pk, by=olive, now=now, accepted_kw=0)
    return event

"""Row locks, taken before anything is read. The order everywhere: delivery, control zone, event, stages by id."""

from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from integration.seam.delivery import NotYet
from integration.seam.recorded import in_words
from integration.seam.refusals import Refused
from integration.seam.sql import column, execute

from ..models import Event, Stage
from .history import last_change

# Not NOWAIT: each busy zone would be an ERROR in the server's log.
_LOCK_NOW = "SELECT id FROM derms_controlzone WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"


class EventChanged(Refused):
    """The event has changed since this person opened it, so they decided on an older plan."""


def lock_event(event_id: int, revision: int | None = None) -> Event:
    """Lock an event's row and return the event.

    `revision` is the one a person saw, None if nobody looked. Raises EventChanged if the event is at another one by
    now, and Event.DoesNotExist.
    """
    events = Event.objects.select_for_update(no_key=True, of=("self",)).select_related("zone", "type")
    event = events.get(pk=event_id)
    if revision is not None:
        require_unchanged(event, revision)
    return event


def require_unchanged(event: Event, revision: int) -> None:
    """Raise EventChanged if the event isn't at this revision any more."""
    if revision != event.revision:
        raise EventChanged(_who_changed(event), last_change(event))


def lock_stages(event: Event) -> list[Stage]:
    """Lock an event's stages in the order of their ids and return them."""
    stages = event.stages.select_for_update(no_key=True, of=("self",)).select_related("program").order_by("pk")
    for stage in stages:
        stage.event = event
    return list(stages)


def lock_zone(zone_id: int) -> None:
    """Wait for the control zone's lock; only its holder may choose or reserve devices, or change what can be chosen."""
    execute("SELECT FROM derms_controlzone WHERE id = %s FOR NO KEY UPDATE", [zone_id])


def lock_zones_now(zone_ids: list[int]) -> None:
    """Take zones' locks in the order of their ids without waiting, for messages. Raises NotYet if one is taken."""
    if len(column(_LOCK_NOW, [zone_ids])) < len(set(zone_ids)):
        raise NotYet("the control zone is busy choosing devices")


def _who_changed(event: Event) -> str:
    last = event.transitions.filter(stage=None).order_by("-revision")[0]
    at = last.at.astimezone(ZoneInfo(event.zone.time_zone))
    return _(
        "%(number)s changed since you opened it: %(by)s, %(at)s (%(why)s). Nothing was saved; "
        "open it again and look at the current plan."
    ) % {"by": last.by, "number": event.number, "at": f"{at:%H:%M %Z}", "why": in_words(last.why) or _(last.to_state)}

"""Row locks, taken before anything is read. The order everywhere: delivery, control zone, event, stages by id."""

from django.db import OperationalError

from integration.seam.delivery import NotYet
from integration.seam.sql import execute

from ..models import Event, Stage

_LOCK_NOW = "SELECT FROM derms_controlzone WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE NOWAIT"


def lock_event(event_id: int) -> Event:
    """Lock an event's row and return the event. Raises Event.DoesNotExist."""
    return Event.objects.select_for_update(no_key=True, of=("self",)).select_related("zone", "type").get(pk=event_id)


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
    try:
        execute(_LOCK_NOW, [zone_ids])
    except OperationalError as busy:
        raise NotYet("the control zone is busy choosing devices") from busy

"""Windows of time for the sentences of pages."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from integration.pages.moments import day
from integration.seam import clock

from ..models import ControlZone, Event


def window_in_words(starts_at: datetime, ends_at: datetime, zone: ControlZone) -> str:
    """A window in the zone's time, for a sentence."""
    starts, ends = (at.astimezone(ZoneInfo(zone.time_zone)) for at in (starts_at, ends_at))
    last_day = f"{day(ends)} " if ends.date() != starts.date() else ""
    window = {"start": f"{day(starts)} {starts:%H:%M}", "end": f"{last_day}{ends:%H:%M %Z}"}
    return _("%(start)s to %(end)s") % window


def starts_later(event: Event) -> bool:
    """Whether the start of an event's first stage has not come yet."""
    return not event.stages.filter(starts_at__lte=clock.now()).exists()

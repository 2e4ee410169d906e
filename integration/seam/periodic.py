"""Work at fixed times (routes.EVERY): noted as due work once per turn, by any number of schedulers."""

from datetime import UTC, datetime, time, timedelta

from django.conf import settings

from . import sql
from .routes import EVERY, Every
from .sql import statement


def note_periodic_work(now: datetime) -> None:
    """Note each entry of EVERY whose turn has come since it was last noted."""
    turns = {"names": list(EVERY), "queues": [every.queue for every in EVERY.values()]}
    query = statement("integration.seam", "note_periodic_work")
    sql.execute(query, {**turns, "due": [latest_turn(every, now) for every in EVERY.values()]})


def latest_turn(every: Every, now: datetime) -> datetime:
    """The latest moment, now or before, at which this work was due.

    Intervals are counted from midnight in UTC. An hour is a local one of settings.NIGHTLY_TIME_ZONE: if the clock skips
    it, its turn comes an hour later; if it occurs twice, at the first occurrence.
    """
    if isinstance(every.when, timedelta):
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + (now - midnight) // every.when * every.when
    zone = settings.NIGHTLY_TIME_ZONE
    local = datetime.combine(now.astimezone(zone), time(every.when.hour), zone)
    today, yesterday = (moment.astimezone(UTC) for moment in (local, local - timedelta(days=1)))
    return today if today <= now else yesterday

"""How often somebody may ask: counters by the minute in the cache all processes share."""

from django.core.cache import cache

from integration.seam import clock

MINUTE = 60


def is_over(name: str, who: str, *, per_minute: int) -> bool:
    """Count one more, and say whether that is more than may be asked in this minute of the clock.

    Name and who go into a key of the cache: no spaces.
    """
    key = f"{name}:{who}:{int(clock.now().timestamp()) // MINUTE}"
    if cache.add(key, 1, 2 * MINUTE):
        return per_minute < 1
    try:
        return cache.incr(key) > per_minute
    except ValueError:  # it was culled between the two
        return False

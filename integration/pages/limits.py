"""Rate limits: counters per minute in the cache that all processes share."""

from django.core.cache import cache

from integration.seam import clock

MINUTE = 60


def is_over(name: str, who: str, *, per_minute: int) -> bool:
    """Count one request and return whether this minute's limit is exceeded.

    `name` and `who` become part of a cache key: no spaces.
    """
    key = f"{name}:{who}:{int(clock.now().timestamp()) // MINUTE}"
    if cache.add(key, 1, 2 * MINUTE):
        return per_minute < 1
    try:
        return cache.incr(key) > per_minute
    except ValueError:  # the cache dropped it between the two calls
        return False

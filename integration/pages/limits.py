"""Rate limits: counters per minute in PostgreSQL, which all processes share."""

from hashlib import sha256

from integration.seam import clock, sql

MINUTE = 60
# A new minute's first request also removes the counters of earlier ones.
_COUNT = """
WITH counted AS (
    INSERT INTO integration_ratecount AS c (name, who, minute, count) VALUES (%(name)s, %(who)s, %(minute)s, 1)
    ON CONFLICT (name, who, minute) DO UPDATE SET count = c.count + 1 RETURNING count),
     removed AS (DELETE FROM integration_ratecount
                  WHERE minute < %(minute)s - 1 AND (SELECT count FROM counted) = 1)
SELECT count FROM counted
"""


def is_over(name: str, who: str, *, per_minute: int) -> bool:
    """Count one request and return whether this minute's limit is exceeded. Each request sees a count of its own.

    `who` may be anything that somebody typed: only a digest of it is stored.
    """
    minute = int(clock.now().timestamp()) // MINUTE
    params = {"name": name, "who": sha256(who.encode(errors="replace")).hexdigest(), "minute": minute}
    return bool(sql.value(_COUNT, params) > per_minute)

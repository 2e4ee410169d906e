"""The order in which a stage asks its candidates, as parts of sql/candidates.sql.

Every order is one small integer, a device's rank, lower first: a choice sums up over ranks instead of sorting devices.
"""

from integration.seam.sql import Sql, compose

MOST_RANKS = 5_000
EXPECTED = compose("round(c.rated_w * c.share * c.rate_pm * 0.001::float8)::integer")
# Its events in the season of the stage.
_EVENTS = compose("CASE WHEN c.season = %(season)s THEN c.season_events ELSE 0 END")
_DAYS = compose("%(day)s::date - c.last_called_on")
_FAIR = compose("least({events}, 99) * 50 + 49 - least(greatest({days}, 0), 49)", events=_EVENTS, days=_DAYS)


def device_rank() -> Sql:
    """Return the rank of a candidate."""
    return _FAIR

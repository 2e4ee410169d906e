"""Nudges: at commit, an operation notifies every open page of the event that it changed.

Each web process listens on one connection (integration/pages/hub.py) and forwards notifications to its open pages. A
nudge only names the event: the page fetches its fragments again, and permissions are checked then.
"""

from .sql import execute

CHANNEL = "event_changed"
ANYTHING = "*"  # sent instead of an event's number
ALERTS = "alerts"  # likewise: alerts were opened, acknowledged or closed


def tell_pages(event: str) -> None:
    """NOTIFY at commit that the event of this number changed; pages that show it fetch it again."""
    execute("SELECT pg_notify(%s, %s)", [CHANNEL, event])

"""Nudges: operations say at their commit which event changed, and every open page that shows it hears of it.

Each web process listens on one connection (integration/pages/hub.py) and passes on what it hears to its open pages. A
nudge says no more than what changed: the page fetches its fragments again, and is asked then who may see them.
"""

from .sql import execute

CHANNEL = "event_changed"
ANYTHING = "*"  # said instead of an event's number


def tell_pages(event: str) -> None:
    """NOTIFY at commit that the event of this number changed; whoever shows it fetches it again."""
    execute("SELECT pg_notify(%s, %s)", [CHANNEL, event])

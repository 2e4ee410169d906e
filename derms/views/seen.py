"""The revision of an event that a person has seen when they decide.

Links to actions and their forms carry it as `seen=NUMBER@REVISION`, once per event. A page that is rendered again keeps
what the person saw first; only a newly opened page has the current revision.
"""

from django.utils.translation import gettext as _

from integration.pages.http import SignedInRequest
from integration.pages.numbers import whole

from ..models import Event
from ..operations import EventChanged, require_unchanged

SEEN = "seen"


def seen(event: Event) -> str:
    """Return the value that a link or form carries for an event as it is now."""
    return f"{event.number}@{event.revision}"


def seen_revision(request: SignedInRequest, event: Event) -> int:
    """Return the revision that this person saw, for the operation to compare under its lock.

    A link without one opens the event as it is now. Raises EventChanged if a link has an old one or a form has none.
    """
    if request.method == "POST":
        sent = _revisions(request.POST.getlist(SEEN)).get(event.number)
        if sent is None:
            raise EventChanged(
                _("This page doesn't say which revision of %(number)s you saw. Open it again.")
                % {"number": event.number}
            )
        return sent
    sent = _revisions(request.GET.getlist(SEEN)).get(event.number, event.revision)
    require_unchanged(event, sent)
    return sent


def seen_fields(request: SignedInRequest, events: list[Event]) -> list[tuple[str, str]]:
    """Return the hidden fields of a confirm page; after a form error, those of the page that was seen first."""
    sent = request.POST.getlist(SEEN) if request.method == "POST" else [seen(event) for event in events]
    return [(SEEN, one) for one in sent]


def _revisions(sent: list[str]) -> dict[str, int]:
    """Return the revisions by event number, ignoring invalid values."""
    parts = [one.rpartition("@") for one in sent]
    return {number: revision for number, _at, text in parts if (revision := whole(text)) is not None}

"""Which revision of an event a person decided on.

Links and forms that act carry it as `seen=NUMBER@REVISION`, once per event. A page that is drawn again keeps what its
person saw first; only a page that is opened anew shows the present revision.
"""

from django.utils.translation import gettext as _

from integration.pages.http import SignedInRequest

from ..models import Event
from ..operations import EventChanged, require_unchanged

SEEN = "seen"
LONGEST_REVISION = 9  # digits


def seen(event: Event) -> str:
    """Return what a link or form carries for an event as it is now."""
    return f"{event.number}@{event.revision}"


def seen_revision(request: SignedInRequest, event: Event) -> int:
    """Return the revision that this person saw, for the operation to compare under its lock.

    A link without one opens the event as it is now. Raises EventChanged if the link's is an old one, and if a form has
    none.
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
    """Return the hidden fields of a confirm page: after a mistake in a form, what was seen before it."""
    sent = request.POST.getlist(SEEN) if request.method == "POST" else [seen(event) for event in events]
    return [(SEEN, one) for one in sent]


def _revisions(sent: list[str]) -> dict[str, int]:
    """The revisions by number; what isn't one is left out."""
    parts = [one.rpartition("@") for one in sent]
    return {number: int(text) for number, _at, text in parts if text.isdecimal() and len(text) <= LONGEST_REVISION}

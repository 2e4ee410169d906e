"""How a state looks: always a text, an icon and a shape, so that it can be read without color."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from integration.seam.outcomes import Outcome


class Look(NamedTuple):
    """A badge: `icon` is a symbol of static/icons.svg, `form` a class of app.css (state-<form>)."""

    word: str | Promise
    icon: str
    form: str


OUTCOMES = {code: Look(_(code.about.label), code.about.icon, code.about.tone) for code in Outcome}
OUTCOME_CHOICES = [(code.value, look.word) for code, look in OUTCOMES.items()]

LOOKS: dict[str, Look] = {
    # events, stages, program events
    "new": Look(_("New"), "circle-dashed", "quiet"),
    "submitted": Look(_("Awaiting approval"), "hourglass", "wait"),
    "denied": Look(_("Denied"), "circle-x", "bad"),
    "approved": Look(_("Approved"), "circle-check", "ink"),
    "scheduled": Look(_("Scheduled"), "clock", "ink"),
    "in_progress": Look(_("In Progress"), "player-play", "run"),
    "completed": Look(_("Completed"), "check", "quiet"),
    "canceled": Look(_("Canceled"), "ban", "struck"),
    # files that are brought in
    "received": Look(_("Received"), "circle-dashed", "quiet"),
    "checking": Look(_("Checking"), "player-play", "run"),
    "checked": Look(_("Checked"), "hourglass", "wait"),
    "applying": Look(_("Applying"), "player-play", "run"),
    "applied": Look(_("Applied"), "circle-check", "ink"),
    "refused": Look(_("Refused"), "circle-x", "bad"),
    # runs of settlement
    "computing": Look(_("Computing"), "player-play", "run"),
    "draft": Look(_("Draft"), "circle-dashed", "quiet"),
    "reviewed": Look(_("Reviewed"), "hourglass", "wait"),
    "exported": Look(_("Exported"), "check", "quiet"),
    # the two approvals of an event
    "not_required": Look(_("Not required"), "minus", "quiet"),
    "required": Look(_("Required"), "hourglass", "wait"),
    "given": Look(_("Given"), "circle-check", "ink"),
    # event participations
    "reserved": Look(_("Reserved"), "calendar-time", "ink"),
    "closed": Look(_("Closed"), "check", "quiet"),
    "opted_out": Look(_("Opted out"), "hand-stop", "quiet"),
    "released": Look(_("Released"), "circle-minus", "quiet"),
    # strategies, unavailability
    "active": Look(_("Active"), "circle-check", "ink"),
    "suspended": Look(_("Suspended"), "hand-stop", "wait"),
    "archived": Look(_("Archived"), "archive", "quiet"),
    # enrollment
    "registered": Look(_("Registered"), "circle-check", "ink"),
    "pending": Look(_("Pending"), "hourglass", "quiet"),
    "error": Look(_("Error"), "alert-triangle", "bad"),
    "exception": Look(_("Exception"), "alert-triangle", "wait"),
    "validated": Look(_("Validated"), "check", "quiet"),
    "waiting_for_device": Look(_("Waiting for device"), "hourglass", "wait"),
    "registering": Look(_("Registering"), "send", "quiet"),
    "deregistering": Look(_("Deregistering"), "send", "quiet"),
    "deregistered": Look(_("Deregistered"), "circle-minus", "struck"),
    # whether devices can be reached
    "online": Look(_("Online"), "wifi", "ink"),
    "offline": Look(_("Offline"), "wifi-off", "bad"),
    "unknown": Look(_("Not known"), "circle-dashed", "quiet"),
    # alerts
    "high": Look(_("High"), "alert-circle", "bad"),
    "medium": Look(_("Medium"), "alert-triangle", "wait"),
    "low": Look(_("Low"), "info-circle", "quiet"),
    # webhooks
    "off": Look(_("Off"), "circle-minus", "struck"),
    "no_secret": Look(_("No secret"), "key", "wait"),
    "failing": Look(_("Failing"), "alert-triangle", "wait"),
    "broken": Look(_("Broken"), "alert-triangle", "bad"),
    # deliveries
    "open": Look(_("Open"), "send", "ink"),
    "delivered": Look(_("Delivered"), "check", "quiet"),
    "dead": Look(_("Dead"), "alert-triangle", "bad"),
    "discarded": Look(_("Discarded"), "trash", "struck"),
} | {code.lower(): look for code, look in OUTCOMES.items()}


def look_of(state: object) -> Look:
    """The look of a state's value or label, in any case; an unknown one gets a plain look with its own text."""
    text = str(state)
    known = LOOKS.get(text.lower().replace(" ", "_").replace("-", "_"))
    return known or Look(text, "circle-dot", "ink")

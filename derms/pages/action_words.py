"""The texts of the confirm pages of what people do to an event."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, kw_only=True)
class Words:
    """The texts of an action's confirm page; “%(number)s” is the event's number, or “these events”."""

    title: str | Promise = ""
    sentence: str | Promise = ""  # the last of the consequences
    act: str | Promise = ""
    act_on_several: str | Promise = ""  # only if it differs from `act`
    keep: str | Promise = ""
    done: str | Promise = ""
    done_unsent: str | Promise = ""  # instead of `done`, if no other system knew of the event
    still_waits: str | Promise = ""  # instead of `done`, while the event stays Submitted


CANCEL_WORDS = Words(
    title=_("Cancel %(number)s?"),
    sentence=_("This can't be undone. To run it again, clone the event."),
    act=_("Cancel event"),
    act_on_several=_("Cancel events"),
    keep=_("Keep the event"),
    done=_("%(number)s is canceled; the other systems are being notified."),
    done_unsent=_("%(number)s is canceled. It had not been sent to any other system."),
)
ABORT_WORDS = Words(
    title=_("Abort %(number)s?"),
    sentence=_(
        "For an event that is stuck: everything it holds is released, the other systems are told again, and"
        " outcomes are no longer waited for. This can't be undone."
    ),
    act=_("Abort event"),
    keep=_("Leave the event"),
    done=_("%(number)s is aborted; the other systems are being notified."),
)

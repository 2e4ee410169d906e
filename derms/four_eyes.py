"""The four-eyes rule: who may approve one event, beyond the permissions of their role (django-rules)."""

from functools import reduce
from operator import or_
from typing import Any

import rules
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .models import Event

APPROVE_EVENT = "derms.approve_event"


def is_in(column: str) -> Any:
    """Whether this column of the event names the person."""
    return rules.predicate(lambda person, event: getattr(event, column) == person.pk, name=column)


# Each of these rules out approving the event; the two approvals must come from two people as well.
OWN_WORK = {
    gettext_lazy("wrote"): is_in("author_id"),
    gettext_lazy("last edited"): is_in("last_editor_id"),
    gettext_lazy("submitted"): is_in("submitter_id"),
    gettext_lazy("approved"): is_in("approver_id") | is_in("balance_authority_approver_id"),
}
rules.add_rule(APPROVE_EVENT, ~reduce(or_, OWN_WORK.values()))


def may_approve(person: Any, event: Event) -> bool:
    """Whether this is somebody else's work. The database enforces it too (constraints of derms.models.Event)."""
    return bool(rules.test_rule(APPROVE_EVENT, person, event))


def own_event_sentence(event: Event, person: Any) -> str:
    """Return why this person may not approve this event; empty if they may."""
    if may_approve(person, event):
        return ""
    did = _(" and ").join(str(verb) for verb, check in OWN_WORK.items() if check(person, event))
    return _("You %(did)s %(number)s, so another person has to approve it.") % {"did": did, "number": event.number}

"""The four-eyes rule: who may approve one event, beyond the permissions of their role (django-rules)."""

from collections.abc import Iterable
from typing import Any

import rules
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration.seam import sql

from .models import Event

APPROVE_EVENT = "derms.approve_event"

# Each of these rules out approving the event; the two approvals must come from two people as well.
OWN_WORK = {
    "wrote": gettext_lazy("wrote"),
    "edited": gettext_lazy("edited"),
    "submitted": gettext_lazy("submitted"),
    "approved": gettext_lazy("approved"),
}
_WRITERS = """
SELECT e.id, w.did FROM derms_event e CROSS JOIN derms_writers(e.id, e.revision + 1) w
 WHERE e.id = ANY(%(events)s) AND w.username = %(username)s
"""


def own_work(person: Any, events: Iterable[Event]) -> dict[int, set[str]]:
    """Return what this person did for each event, by its id: keys of OWN_WORK.

    The history knows everyone who wrote the plan: its author, each editor, and who submitted it since it was last New.
    The event's columns only know the last of each.
    """
    work = {event.pk: _by_columns(person, event) for event in events}
    for event_id, did in sql.rows(_WRITERS, {"events": list(work), "username": person.username}):
        work[event_id].add(did)
    return work


def _by_columns(person: Any, event: Event) -> set[str]:
    did = set()
    if event.author_id == person.pk:
        did.add("wrote")
    elif event.last_editor_id == person.pk:
        did.add("edited")
    if event.submitter_id == person.pk:
        did.add("submitted")
    if person.pk in (event.approver_id, event.balance_authority_approver_id):
        did.add("approved")
    return did


rules.add_rule(APPROVE_EVENT, rules.predicate(lambda person, event: not own_work(person, [event])[event.pk]))


def may_approve(person: Any, event: Event) -> bool:
    """Whether this is somebody else's work. The database enforces it too (derms/sql/schema/history.sql)."""
    return bool(rules.test_rule(APPROVE_EVENT, person, event))


def own_event_sentence(event: Event, person: Any) -> str:
    """Return why this person may not approve this event; empty if they may."""
    if may_approve(person, event):
        return ""
    done = own_work(person, [event])[event.pk]
    did = _(" and ").join(str(label) for name, label in OWN_WORK.items() if name in done)
    return _("You %(did)s %(number)s, so another person has to approve it.") % {"did": did, "number": event.number}

"""Every action in every state: it leads where the table says, or is refused with a sentence and changes nothing."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from derms import operations
from derms.choices import EventState
from derms.models import Event, Stage, Transition
from integration.console.models import User
from integration.seam.models import Alert, Message
from integration.seam.refusals import Refused
from tests import factories

pytestmark = pytest.mark.django_db

Act = Callable[[Event, User, User, datetime], Any]
Snapshot = tuple[Any, ...]


ACTIONS: dict[str, Act] = {
    "edit": lambda e, op, ap, now: operations.edit_event(event_id=e.pk, fields={"name": "Renamed"}, by=op, now=now),
    "edit stages": lambda e, op, ap, now: factories.shift_stages(e, 15, by=op, now=now),
    "submit": lambda e, op, ap, now: operations.submit_event(event_id=e.pk, by=op, now=now),
    "withdraw": lambda e, op, ap, now: operations.withdraw_event(event_id=e.pk, by=op, now=now),
    "deny": lambda e, op, ap, now: operations.deny_event(event_id=e.pk, by=ap, now=now, reason="Too soon"),
    "approve": lambda e, op, ap, now: operations.approve_event(event_id=e.pk, by=ap, now=now),
    "schedule again": lambda e, op, ap, now: operations.schedule_event_again(event_id=e.pk, by=op, now=now),
    "schedule with shortfall": lambda e, op, ap, now: operations.schedule_event_with_shortfall(
        event_id=e.pk, accepted_kw=3, by=op, now=now
    ),
}
# Action, states it starts from, state it leads to: docs/reference/states.md without Schedule and Cancel.
LEADS = [
    ("edit", ("New", "Denied"), "New"),
    ("edit stages", ("New", "Denied"), "New"),
    ("submit", ("New",), "Submitted"),
    ("withdraw", ("Submitted",), "New"),
    ("deny", ("Submitted",), "Denied"),
    ("approve", ("Submitted",), "Approved"),
    ("schedule again", ("Approved",), "Approved"),
    ("schedule with shortfall", ("Approved",), "Submitted"),
]
ALLOWED = [(action, state, to) for action, states, to in LEADS for state in states]
REFUSED = {state: [action for action, states, _ in LEADS if state not in states] for state in EventState.values}


def _snapshot() -> Snapshot:
    return (
        list(Event.objects.order_by("pk").values()),
        list(Stage.objects.order_by("pk").values()),
        list(Transition.objects.order_by("pk").values()),
        list(Message.objects.values()),
        list(Alert.objects.values()),
    )


def test_the_table_names_every_action_and_every_state() -> None:
    assert {action for action, _, _ in ALLOWED} == ACTIONS.keys()
    assert len(ALLOWED) + sum(map(len, REFUSED.values())) == len(ACTIONS) * len(EventState.values)


@pytest.mark.parametrize(("action", "state", "to"), ALLOWED)
def test_an_allowed_action_leads_on_and_leaves_one_row_of_history(
    action: str, state: str, to: str, event_in: Callable[..., Event], operator: User, approver: User, now: datetime
) -> None:
    event = event_in(state)

    ACTIONS[action](event, operator, approver, now)

    after = Event.objects.get(pk=event.pk)
    assert after.state == to
    last = after.transitions.filter(stage=None).latest("revision")
    by = approver if action in ("deny", "approve") else operator
    assert (last.revision, last.from_state, last.to_state, last.by) == (event.revision + 1, state, to, by.username)
    assert after.revision == last.revision


@pytest.mark.parametrize("state", EventState.values)
def test_every_refused_action_names_the_state_and_changes_nothing(
    state: str, event_in: Callable[..., Event], operator: User, approver: User, now: datetime, subtests: pytest.Subtests
) -> None:
    event = event_in(state)
    before = _snapshot()

    for action in REFUSED[state]:
        with subtests.test(action=action):
            with pytest.raises(Refused) as refusal:
                ACTIONS[action](event, operator, approver, now)
            assert f"{event.number} is {state}" in str(refusal.value)
            assert _snapshot() == before


@pytest.mark.parametrize("state", [state for state in EventState.values if state != "Approved"])
def test_schedule_leaves_an_event_alone_that_is_not_approved(
    state: str, event_in: Callable[..., Event], now: datetime
) -> None:
    event = event_in(state)
    before = _snapshot()

    operations.schedule_event(event.pk, now=now)

    assert _snapshot() == before


def test_history_begins_each_row_where_the_one_before_ended(event_in: Callable[..., Event]) -> None:
    event = event_in("Completed")

    rows = list(event.transitions.filter(stage=None).order_by("revision"))

    assert [row.revision for row in rows] == list(range(1, event.revision + 1))
    assert [row.from_state for row in rows] == ["", *(row.to_state for row in rows[:-1])]
    assert [row.to_state for row in rows] == ["New", "Submitted", "Approved", "Scheduled", "In Progress", "Completed"]

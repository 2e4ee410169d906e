"""The table of actions: it offers exactly what the operations accept."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from derms.actions import ACTIONS
from derms.choices import EventState
from derms.models import Event
from derms.views.tracking import buttons
from integration.console.models import User
from integration.console.roles import APPROVER, BALANCE_AUTHORITY, OPERATOR
from integration.seam.refusals import Refused
from tests import factories

pytestmark = pytest.mark.django_db

# Edit has its own page; Clone accepts an event in any state.
STATEFUL = [action for action in ACTIONS.values() if not action.has_own_page and action.is_step]
ASKED: dict[str, dict[str, Any]] = {
    "deny": {"reason": "Too soon"},
    "deny_as_balance_authority": {"reason": "Too soon"},
    "cancel": {"reason": "Storm"},
    "schedule_with_shortfall": {"accepted_kw": 3},
}


@pytest.mark.parametrize("state", EventState.values)
def test_an_operation_refuses_what_the_table_does_not_offer_in_a_state(
    state: str, event_in: Callable[..., Event], now: datetime, subtests: pytest.Subtests
) -> None:
    event = event_in(state)
    someone = factories.person("someone", OPERATOR, APPROVER, BALANCE_AUTHORITY)

    for action in STATEFUL:
        if state not in action.states:
            with subtests.test(action=action.verb), pytest.raises(Refused, match=f"is {state}"):
                action.operation(event_id=event.pk, by=someone, now=now, **ASKED.get(action.verb, {}))


def test_the_second_approval_has_its_buttons_while_it_is_awaited(
    event_in: Callable[..., Event], balance_authority: User
) -> None:
    event = event_in("Submitted")
    assert buttons(event, balance_authority) == []

    event.balance_authority_approval = "required"
    assert [str(button.label) for button in buttons(event, balance_authority)] == [
        "Approve as Balance Authority",
        "Deny as Balance Authority…",
    ]


@pytest.mark.parametrize(
    ("state", "main"), [("New", "Submit"), ("Denied", "Edit"), ("Approved", "Schedule again"), ("Scheduled", None)]
)
def test_state_tracking_puts_forward_what_usually_comes_next(
    state: str, main: str | None, event_in: Callable[..., Event], operator: User
) -> None:
    event = event_in(state)
    event.schedule_due_at = None
    found = [str(button.label) for button in buttons(event, operator) if button.style == "btn-primary"]
    assert found == ([main] if main else [])


def test_schedule_again_is_not_put_forward_once_the_start_has_passed(
    event_in: Callable[..., Event], operator: User, now: datetime
) -> None:
    event = event_in("Approved")
    event.schedule_due_at = None
    event.stages.update(starts_at=now - timedelta(minutes=1))
    (again,) = [button for button in buttons(event, operator) if str(button.label) == "Schedule again"]
    assert again.style == ""


def test_an_approved_event_that_waits_for_its_scheduler_asks_for_nothing(
    event_in: Callable[..., Event], operator: User
) -> None:
    assert [str(button.label) for button in buttons(event_in("Approved"), operator)] == ["Cancel…"]


@pytest.mark.parametrize(
    ("person", "verbs"),
    [("operator", ["clone", "submit", "withdraw", "cancel"]), ("approver", ["approve", "deny"]), ("csr", None)],
)
def test_the_actions_menu_holds_what_the_person_may_do(
    person: str, verbs: list[str] | None, client: Client, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    answer = client.get("/events/")
    assert answer.status_code == (403 if verbs is None else 200)
    if verbs is not None:
        assert [action.verb for action in answer.context["actions"]] == verbs


def test_an_approval_among_several_that_waits_for_the_other_one_says_so(
    client: Client, event_in: Callable[..., Event], approver: User
) -> None:
    one, two = event_in("Submitted"), event_in("Submitted")
    Event.objects.filter(pk=one.pk).update(balance_authority_approval="required")
    client.force_login(approver)
    address = f"/events/actions/approve/?number={one.number}&number={two.number}"
    page = client.post(address, factories.seen(one.number, two.number), follow=True).content.decode()
    assert f"Your approval of {one.number} is recorded; the event still needs the other one." in page
    assert f"{two.number} was approved; its devices are being chosen and reserved." in page

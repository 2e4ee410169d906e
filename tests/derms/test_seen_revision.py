"""Nobody decides on a plan they haven't seen: every form of an action carries the event's revision."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from derms import operations
from derms.models import Event
from integration.console.models import User
from tests import factories
from tests.threads import run_together

Make = Callable[..., Event]
OPERATORS = {
    "submit": ("New", {"accepted_kw": 0}),
    "withdraw": ("Submitted", {}),
    "schedule-again": ("Approved", {}),
    "schedule-with-shortfall": ("Approved", {"accepted_kw": 5}),
    "cancel": ("Scheduled", {"reason": "Storm"}),
    "stages/1/cancel": ("Scheduled", {"reason": "Storm"}),
    "clone": ("Scheduled", {}),
}
APPROVERS = {"approve": ("Submitted", {}), "deny": ("Submitted", {"reason": "Too soon"})}
AUTHORITYS = {
    "approve-as-balance-authority": ("Submitted", {}),
    "deny-as-balance-authority": ("Submitted", {"reason": "Too much"}),
}
ACTIONS = [
    *(("olive", verb, *rest) for verb, rest in OPERATORS.items()),
    *(("ada", verb, *rest) for verb, rest in APPROVERS.items()),
    *(("bela", verb, *rest) for verb, rest in AUTHORITYS.items()),
]


@pytest.fixture
def signed_in(operator: User, approver: User, balance_authority: User) -> Callable[[str], Client]:
    people = {user.username: user for user in (operator, approver, balance_authority)}

    def sign_in(name: str) -> Client:
        client = Client()
        client.force_login(people[name])
        return client

    return sign_in


def hidden(page: str) -> list[str]:
    """The fields of a confirm page's form that name the events' seen revisions."""
    return re.findall(r'name="seen" value="([^"]+)"', page)


def submit_another_plan(event: Event, by: User, now: datetime) -> None:
    operations.withdraw_event(event_id=event.pk, by=by, now=now)
    operations.edit_event(event_id=event.pk, fields={"name": "Another plan"}, by=by, now=now)
    operations.submit_event(event_id=event.pk, by=by, now=now)


def test_an_approvers_old_tab_approves_no_other_plan(
    signed_in: Callable[[str], Client], event_in: Make, operator: User, now: datetime
) -> None:
    event, client = event_in("Submitted"), signed_in("ada")
    address = f"/events/{event.number}/approve/"
    old = {"seen": hidden(client.get(address).content.decode())}
    submit_another_plan(event, operator, now)

    answer = client.post(address, old)

    assert answer.status_code == 409
    assert f"{event.number} changed since you opened it: {operator.username}" in answer.content.decode()
    assert Event.objects.get().state == "Submitted"
    assert client.post(address, {"seen": hidden(client.get(address).content.decode())}).status_code == 302
    assert Event.objects.get().state == "Approved"


def test_a_button_of_an_old_event_page_opens_no_other_plan(
    signed_in: Callable[[str], Client], event_in: Make, operator: User, now: datetime
) -> None:
    event, client = event_in("Submitted"), signed_in("ada")
    page = client.get(f"/events/{event.number}/").content.decode()
    (approve,) = set(re.findall(rf'href="(/events/{event.number}/approve/[^"]*)"', page))  # card and State Tracking
    assert client.get(approve).status_code == 200
    submit_another_plan(event, operator, now)
    assert client.get(approve).status_code == 409


@pytest.mark.parametrize(("who", "verb", "state", "fields"), ACTIONS)
def test_no_action_takes_an_event_that_changed_since_it_was_opened(
    signed_in: Callable[[str], Client], event_in: Make, who: str, verb: str, state: str, fields: dict[str, object]
) -> None:
    event, client = event_in(state), signed_in(who)
    Event.objects.update(balance_authority_approval="required", schedule_due_at=None)
    seen = factories.seen(event.number)
    Event.objects.update(revision=event.revision + 7)
    before = event.transitions.count()

    answer = client.post(f"/events/{event.number}/{verb}/", {**fields, **seen})

    assert answer.status_code == 409
    assert "changed since you opened it" in answer.content.decode()
    assert (Event.objects.get().state, event.transitions.count()) == (state, before)


@pytest.mark.parametrize("seen", [{}, {"seen": "DR-1@1"}, {"seen": "@"}, {"seen": "DR-1@" + "9" * 5000}])
def test_a_form_that_does_not_say_what_was_seen_is_refused(
    signed_in: Callable[[str], Client], event_in: Make, seen: dict[str, str]
) -> None:
    event = event_in("Submitted")
    assert signed_in("ada").post(f"/events/{event.number}/approve/", seen).status_code == 409
    assert Event.objects.get().state == "Submitted"


def test_a_form_with_a_mistake_comes_back_with_what_was_seen_first(
    signed_in: Callable[[str], Client], event_in: Make, operator: User, now: datetime
) -> None:
    event, client = event_in("Submitted"), signed_in("ada")
    old = factories.seen(event.number)
    submit_another_plan(event, operator, now)
    answer = client.post(f"/events/{event.number}/deny/", {**old, "reason": " "})
    assert answer.status_code == 422
    assert hidden(answer.content.decode()) == old["seen"]


def test_among_several_the_one_that_changed_is_left_alone(
    signed_in: Callable[[str], Client], event_in: Make, operator: User, now: datetime
) -> None:
    first, changed, last = event_in("Submitted"), event_in("Submitted"), event_in("Submitted")
    client = signed_in("ada")
    address = "/events/actions/approve/?" + "&".join(f"number={event.number}" for event in (first, changed, last))
    old = {"seen": hidden(client.get(address).content.decode())}
    assert len(old["seen"]) == 3
    submit_another_plan(changed, operator, now)

    page = client.post(address, old, follow=True).content.decode()

    assert f"{changed.number} changed since you opened it: {operator.username}" in page
    states = dict(Event.objects.values_list("number", "state"))
    assert states == {first.number: "Approved", changed.number: "Submitted", last.number: "Approved"}


@pytest.mark.django_db(transaction=True)
def test_an_approval_that_races_with_an_edit_is_of_the_plan_that_was_seen_or_of_none(
    event_in: Make, operator: User, approver: User, now: datetime
) -> None:
    found = {_race(event_in("Submitted"), operator, approver, now) for _ in range(20)}
    seen, changed = ("Approved", "the plan that was seen", 1), ("Submitted", "Another plan", 3)
    assert found <= {(None, *seen), ("EventChanged", *changed), ("EventNotInState", *changed)}


def _race(event: Event, operator: User, approver: User, now: datetime) -> tuple[str | None, str, str, int]:
    """Approve the plan that was seen while somebody changes it.

    Returns what refused the approval, if anything did, and the event's state, name and number of changes.
    """
    Event.objects.filter(pk=event.pk).update(name="the plan that was seen")
    revision = Event.objects.get(pk=event.pk).revision
    refusal, _edited = run_together(
        lambda: operations.approve_event(event_id=event.pk, by=approver, now=now, revision=revision),
        lambda: submit_another_plan(event, operator, now + timedelta(seconds=1)),
    )
    found = Event.objects.get(pk=event.pk)
    assert (found.approver == approver) is (refusal is None)
    return refusal and type(refusal).__name__, found.state, found.name, found.revision - revision

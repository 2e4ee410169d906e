"""Events by the API: the plans, refusals and permissions of the pages, and four eyes behind a service account."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from derms.choices import EventState
from derms.models import Event, Program, Strategy
from derms.operations import EventNotApprovable, approve_event
from integration.console.models import User
from integration.console.service_accounts import make_secret, save_account
from integration.pages.wall_time import typed_moment
from integration.seam import clock
from integration.seam.rights import known_rights

from .calling import PROBLEM, Send
from .conftest import Made, bearer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_demo")]
OLIVE, ADA = "olive.operator", "ada.approver"


def draft(**more: Any) -> dict[str, Any]:
    """What drafts an event of a strategy in two days, at a whole minute."""
    starts_at = (clock.now() + timedelta(days=2)).replace(second=0, microsecond=0)
    return {
        "strategy": str(Strategy.objects.filter(state="Active").earliest("pk").uid),
        "starts_at": starts_at.isoformat(),
        **more,
    }


def drafted(send: Send, **more: Any) -> Event:
    answer = send(OLIVE, "POST", "events", draft(**more))
    assert answer.status_code == 201, answer.content
    return Event.objects.get(number=answer.json()["at"].rpartition("/")[2])


def test_an_event_is_drafted_as_on_the_page(send: Send, client: Client) -> None:
    sent = draft(name="By machine", target_kw=120, description="From the forecast")
    by_call = drafted(send, **sent)
    strategy = Strategy.objects.get(uid=sent["strategy"])
    client.force_login(User.objects.get(username=OLIVE))
    form = {"strategy": sent["strategy"], "name": "By hand", "target_kw": "120", "description": "From the forecast"}
    form |= typed_moment("starts_at", by_call.stages.earliest("number").starts_at, strategy.zone.time_zone)
    assert client.post("/events/new/", form).status_code == 302
    by_hand = Event.objects.get(name="By hand")
    names = ("description", "zone", "type", "objective", "target_kw", "threshold_kw", "state", "author", "last_editor")
    assert [getattr(by_call, name) for name in names] == [getattr(by_hand, name) for name in names]
    stages = ("number", "program", "starts_at", "ends_at", "target_kw", "share_pct", "control", "control_value")
    assert list(by_call.stages.values_list(*stages)) == list(by_hand.stages.values_list(*stages))
    assert by_call.transitions.get().by == f"service account {OLIVE}"
    assert by_hand.transitions.get().by == OLIVE
    assert User.objects.get(username=OLIVE)  # whose row was not renamed


def test_a_plan_that_is_read_is_changed_and_sent_back(send: Send) -> None:
    event = drafted(send)
    plan = send(OLIVE, "GET", f"events/{event.number}/plan").json()
    (first, *_others) = plan["stages"]
    changed = {**plan, "name": "Longer", "stages": [{**first, "length_minutes": 95.5, "offset_minutes": 10}]}
    answer = send(OLIVE, "PUT", f"events/{event.number}/plan", changed)
    assert (answer.status_code, answer["Location"]) == (200, f"/api/v1/events/{event.number}")
    stage = event.stages.get()
    assert stage.ends_at - stage.starts_at == timedelta(minutes=95, seconds=30)
    again = send(OLIVE, "GET", f"events/{event.number}/plan").json()
    assert (again["name"], again["revision"]) == ("Longer", plan["revision"] + 1)
    assert again["stages"][0]["length_minutes"] == 95.5
    late = send(OLIVE, "PUT", f"events/{event.number}/plan", {**plan, "name": "Late"})
    assert (late.status_code, late["Content-Type"]) == (409, PROBLEM)
    assert Event.objects.get(pk=event.pk).name == "Longer"


KNOWN = Program.objects
STAGE = {"offset_minutes": 0, "length_minutes": 60, "control": "off"}
WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no such strategy": ({"strategy": "0b7b3f0e-6a37-4a43-9a0e-111111111111"}, "strategy", "There is no “0b7b3f0e"),
    "a start that passed": ({"starts_at": "2020-01-01T00:00:00Z"}, "starts_at", "Choose a start in the future"),
    "a time without offset": ({"starts_at": "2030-01-01T00:00:00"}, "starts_at", "timezone"),
    "a year too far": ({"starts_at": "2500-01-01T00:00:00Z"}, "starts_at", "2000 to 2100"),
    "too much": ({"target_kw": 10_000_001}, "target_kw", "At most 10000000; this is 10000001."),
    "a text for a number": ({"target_kw": "much"}, "target_kw", "valid integer"),
    "no such program": ({"stages": [{**STAGE, "program": "GONE"}]}, "stages.0.program", "There is no “GONE”"),
    "no such rule": ({"overridden_rules": ["all"]}, "overridden_rules", "all"),
    "too many stages": ({"stages": [{**STAGE, "program": "known"}] * 25}, "stages", "at most 24"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_draft_that_is_not_possible_names_the_field_the_value_and_the_limit(send: Send, case: str) -> None:
    more, field, sentence = WRONG[case]
    sent, before = draft(**more), Event.objects.count()
    for stage in sent.get("stages", ()):
        stage.update({"program": KNOWN.earliest("pk").code} if stage["program"] == "known" else {})
    answer = send(OLIVE, "POST", "events", sent)
    told = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (422, PROBLEM)
    assert field in {one["field"] for one in told["errors"]}, told
    assert sentence in told["detail"], told
    assert Event.objects.count() == before


def test_an_event_is_submitted_and_canceled_by_calls(send: Send) -> None:
    event = drafted(send)
    revision = send(OLIVE, "GET", f"events/{event.number}/plan").json()["revision"]
    late = send(OLIVE, "POST", f"events/{event.number}/submit", {"revision": revision - 1, "accepted_kw": 100_000})
    assert late.status_code == 409
    done = send(OLIVE, "POST", f"events/{event.number}/submit", {"revision": revision, "accepted_kw": 100_000})
    assert done.status_code == 200, done.content
    event.refresh_from_db()
    assert (event.state, event.submitter) == (EventState.SUBMITTED, User.objects.get(username=OLIVE))
    again = send(OLIVE, "POST", f"events/{event.number}/submit", {"revision": event.revision})
    assert (again.status_code, again["Content-Type"]) == (409, PROBLEM)
    assert "only an event that is New can be submitted" in again.json()["detail"]
    refused = send(OLIVE, "POST", f"events/{event.number}/cancel", {"reason": "x" * 201})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "reason")
    assert send(OLIVE, "POST", f"events/{event.number}/cancel", {"reason": "not needed"}).status_code == 200
    event.refresh_from_db()
    last = event.transitions.order_by("-revision").first()
    assert last is not None
    assert (event.state, last.by, last.why) == (EventState.CANCELED, f"service account {OLIVE}", "not needed")


def test_running_devices_are_released_only_with_the_event_s_number(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    event = drafted(send)
    monkeypatch.setattr("derms.api.plans.operations.calls_to_release", lambda event: 3)
    refused = send(OLIVE, "POST", f"events/{event.number}/cancel", {"reason": "stop"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "typed_number")
    other = send(OLIVE, "POST", f"events/{event.number}/cancel", {"reason": "stop", "typed_number": "DR"})
    assert f"“DR” is not {event.number}" in other.json()["detail"]
    named = {"reason": "stop", "typed_number": event.number}
    assert send(OLIVE, "POST", f"events/{event.number}/cancel", named).status_code == 200


def test_a_stage_that_is_not_scheduled_can_not_be_canceled_alone(send: Send) -> None:
    event = drafted(send)
    answer = send(OLIVE, "POST", f"events/{event.number}/stages/1/cancel", {"reason": "less"})
    assert (answer.status_code, answer["Content-Type"]) == (409, PROBLEM)
    assert "only scheduled and running stages" in answer.json()["detail"]


def submitted_by(made: Made) -> Event:
    """An event that an account drafted and submitted."""
    header = bearer(made)
    send = Send({made[0].name: header})
    answer = send(made[0].name, "POST", "events", draft())
    event = Event.objects.get(number=answer.json()["at"].rpartition("/")[2])
    said = {"revision": event.revision, "accepted_kw": 100_000}
    assert send(made[0].name, "POST", f"events/{event.number}/submit", said).status_code == 200
    return event


def approve(event: Event, username: str) -> None:
    approve_event(event_id=event.pk, by=User.objects.get(username=username), now=clock.now())


def may_approve(event: Event, username: str) -> bool:
    """Whether this person could approve it now; nothing is changed."""
    point = transaction.savepoint()
    try:
        approve(event, username)
    except EventNotApprovable:
        return False
    finally:
        transaction.savepoint_rollback(point)
    return True


@pytest.fixture
def planners() -> dict[str, User]:
    """Approvers who may plan, too."""
    roles = [role for one in (OLIVE, ADA) for role in User.objects.get(username=one).groups.all()]
    people = {name: User.objects.create_user(name) for name in ("first", "second", "third")}
    for person in people.values():
        person.groups.set(roles)
    return people


def test_whoever_stands_behind_the_account_since_the_draft_may_not_approve(
    account_of: Callable[..., Made], planners: dict[str, User]
) -> None:
    """Former owners, the present one, and who made its secret; renaming the account hides nobody."""
    made = account_of(planners["first"])
    event = submitted_by(made)
    save_account(client_id=made[0].client_id, fields={"owner": planners["second"]}, by="adam", now=clock.now())
    save_account(client_id=made[0].client_id, fields={"name": "Renamed"}, by="adam", now=clock.now())
    known_rights.forget()
    assert not may_approve(event, "first")
    assert not may_approve(event, "second")
    assert may_approve(event, "third")
    make_secret(client_id=made[0].client_id, by="third", now=clock.now())
    assert not may_approve(event, "third")
    assert may_approve(event, ADA)
    with pytest.raises(IntegrityError, match="approved by a person who wrote"), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(approver=planners["second"])


def test_no_call_approves(send: Send) -> None:
    """Not even with a token of every scope and an owner who may: there is no such scope and no such address."""
    event = drafted(send)
    for verb in ("approve", "deny", "approve-as-balance-authority"):
        assert send(ADA, "POST", f"events/{event.number}/{verb}", {}).status_code == 404


def test_the_invariant_of_four_eyes_sees_through_an_account(
    account_of: Callable[..., Made], planners: dict[str, User]
) -> None:
    event = submitted_by(account_of(planners["first"]))
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT username FROM derms_writers(%s, %s)", [event.pk, 99])
        found = {name for (name,) in cursor.fetchall()}
    assert {"service account Billing", "first", "adam"} <= found

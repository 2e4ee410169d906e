"""Pages of DERMS: what people see, what forms do, and with which sentences they refuse."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from derms import operations
from derms.models import ControlZone, DerGroup, Event, Program, Strategy
from integration.console.models import User
from integration.seam.alerts import close_alert, raise_alert
from integration.seam.models import Delivery, Priority
from tests import factories
from tests.pages.editing import save
from tests.pages.html import html_of

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def as_operator(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


@pytest.fixture
def as_approver(approver: User) -> Client:
    client = Client()
    client.force_login(approver)
    return client


def details(strategy: Strategy, start: datetime, **fields: Any) -> dict[str, Any]:
    local = start.astimezone(NEW_YORK).strftime("%Y-%m-%dT%H:%M")
    return {"strategy": str(strategy.uid), "name": "Heat peak", "starts_at": local, **fields}


def test_an_event_made_from_a_strategy_opens_its_stages(as_operator: Client, strategy: Strategy, now: datetime) -> None:
    answer = as_operator.post("/events/new/", details(strategy, now + timedelta(hours=3)))
    event = Event.objects.get()
    assert answer["Location"] == f"/events/{event.number}/edit/"
    assert event.stages.count() == 1
    assert event.author.username == "olive"


def test_submit_on_the_new_event_page_submits_at_once(as_operator: Client, strategy: Strategy, now: datetime) -> None:
    as_operator.post("/events/new/", details(strategy, now + timedelta(hours=3), submit="1"))
    assert Event.objects.get().state == "Submitted"


def test_an_event_that_cannot_be_submitted_yet_is_kept_as_new_with_the_reason(
    as_operator: Client, strategy: Strategy, now: datetime
) -> None:
    answer = as_operator.post("/events/new/", details(strategy, now + timedelta(minutes=1), submit="1"), follow=True)
    assert Event.objects.get().state == "New"
    assert "300 s of lead time" in answer.content.decode()


def test_the_same_form_sent_twice_makes_one_event(as_operator: Client, strategy: Strategy, now: datetime) -> None:
    form = details(strategy, now + timedelta(hours=3), request_key=str(uuid.uuid4()))
    first, second = (as_operator.post("/events/new/", form) for _ in range(2))
    assert Event.objects.count() == 1
    assert first["Location"] == second["Location"]


def test_a_form_with_errors_can_be_mended_and_sent_again_under_the_same_key(
    as_operator: Client, strategy: Strategy, now: datetime
) -> None:
    form = details(strategy, now + timedelta(hours=3), request_key=str(uuid.uuid4()))
    assert as_operator.post("/events/new/", {**form, "starts_at": ""}).status_code == 422
    assert as_operator.post("/events/new/", form).status_code == 302
    assert Event.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("2027-03-14T02:30", "02:30 does not exist on 14 Mar 2027"),
        ("2027-11-07T01:30", "01:30 occurs twice on 07 Nov 2027"),
        ("yesterday", "is not a date and time"),
        ("", "This field is required"),
    ],
)
def test_a_start_that_is_no_moment_is_refused_with_a_sentence(
    as_operator: Client, strategy: Strategy, now: datetime, typed: str, sentence: str
) -> None:
    answer = as_operator.post("/events/new/", {**details(strategy, now), "starts_at": typed})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Event.objects.exists()


def test_a_start_that_exists_twice_is_taken_with_the_offset_that_was_chosen(
    as_operator: Client, strategy: Strategy, now: datetime
) -> None:
    form = {**details(strategy, now), "starts_at": "2027-11-07T01:30"}
    assert "UTC-05:00" in as_operator.post("/events/new/", form).content.decode()
    as_operator.post("/events/new/", {**form, "starts_at_offset": "-05:00"})
    assert Event.objects.get().stages.get().starts_at.isoformat() == "2027-11-07T06:30:00+00:00"


def test_an_event_is_submitted_withdrawn_submitted_and_approved_by_two_people(
    as_operator: Client, as_approver: Client, new_event: Callable[..., Event]
) -> None:
    number = new_event().number
    for verb in ("submit", "withdraw", "submit"):
        assert as_operator.get(f"/events/{number}/{verb}/").status_code == 200
        as_operator.post(f"/events/{number}/{verb}/", {"accepted_kw": 0, **factories.seen(number)})
    assert "about 20 devices" in as_approver.get(f"/events/{number}/approve/").content.decode()
    as_approver.post(f"/events/{number}/approve/", factories.seen(number))
    assert Event.objects.get().state == "Approved"


def test_denying_needs_a_reason_that_the_operator_then_reads(
    as_operator: Client, as_approver: Client, new_event: Callable[..., Event]
) -> None:
    number = new_event().number
    as_operator.post(f"/events/{number}/submit/", {"accepted_kw": 0, **factories.seen(number)})
    assert as_approver.post(f"/events/{number}/deny/", {"reason": " ", **factories.seen(number)}).status_code == 422
    as_approver.post(f"/events/{number}/deny/", {"reason": "Too near to the holiday", **factories.seen(number)})
    assert "Too near to the holiday" in as_operator.get(f"/events/{number}/").content.decode()


def test_an_action_the_state_does_not_allow_is_409_with_a_sentence(
    as_operator: Client, new_event: Callable[..., Event]
) -> None:
    number = new_event().number
    answer = as_operator.post(f"/events/{number}/withdraw/", factories.seen(number))
    assert answer.status_code == 409
    assert f"{number} is New; only an event that is Submitted can be withdrawn." in answer.content.decode()


def test_whoever_loses_a_race_reads_who_changed_what_when_and_why(
    as_operator: Client, as_approver: Client, new_event: Callable[..., Event], zone: ControlZone
) -> None:
    number = new_event().number
    as_operator.post(f"/events/{number}/submit/", {"accepted_kw": 0, **factories.seen(number)})
    as_approver.post(f"/events/{number}/deny/", {"reason": "Too near to the <holiday>", **factories.seen(number)})
    answer = as_operator.post(f"/events/{number}/withdraw/", factories.seen(number))
    page = answer.content.decode()
    denied = Event.objects.get().transitions.get(to_state="Denied")
    assert answer.status_code == 409
    for words in (
        f"<dd>{number}</dd>",
        f"<dd>{denied.by}</dd>",
        f"{denied.at.astimezone(ZoneInfo(zone.time_zone)):%H:%M}",
        "Awaiting approval",
        "<span>Denied</span>",
        "Too near to the &lt;holiday&gt;",
    ):
        assert words in page


def test_somebody_who_may_do_both_is_told_why_they_cannot_approve_their_own_event(
    new_event: Callable[..., Event], operator: User, approver: User, as_operator: Client, now: datetime
) -> None:
    operator.groups.add(*approver.groups.all())
    event = new_event()
    operations.submit_event(event_id=event.pk, by=operator, now=now)
    page = as_operator.get(f"/events/{event.number}/").content.decode()
    assert "so another person has to approve it" in page
    answer = as_operator.post(f"/events/{event.number}/approve/", factories.seen(event.number))
    assert answer.status_code == 409
    assert Event.objects.get().state == "Submitted"


def test_an_approver_cannot_plan_and_an_operator_cannot_approve(
    as_operator: Client, as_approver: Client, new_event: Callable[..., Event], operator: User, now: datetime
) -> None:
    event = new_event()
    operations.submit_event(event_id=event.pk, by=operator, now=now)
    assert as_operator.post(f"/events/{event.number}/approve/", factories.seen(event.number)).status_code == 403
    assert as_approver.post(f"/events/{event.number}/withdraw/", factories.seen(event.number)).status_code == 403
    assert as_approver.get("/events/new/").status_code == 403


def test_edit_opens_in_every_state_with_its_fields_locked(as_operator: Client, event_in: Callable[..., Event]) -> None:
    approved_event = event_in("Approved")
    page = as_operator.get(f"/events/{approved_event.number}/edit/").content.decode()
    assert "its fields are locked" in page
    assert "State Tracking" in page
    answer = as_operator.post(f"/events/{approved_event.number}/edit/", {"name": "X", "objective": "Manual"})
    assert answer.status_code == 409


def test_the_list_is_narrowed_by_view_words_and_zone(
    as_operator: Client, new_event: Callable[..., Event], zone: ControlZone
) -> None:
    first, second = new_event(name="Heat peak"), new_event(name="Feeder relief")
    listed = as_operator.get("/events/?q=relief").content.decode()
    assert second.number in listed
    assert first.number not in listed
    assert first.number in as_operator.get(f"/events/?zone={zone.code}").content.decode()
    assert first.number not in as_operator.get("/events/?view=completed").content.decode()


def test_actions_menu_leads_to_the_chosen_event(as_operator: Client, new_event: Callable[..., Event]) -> None:
    number = new_event().number
    assert as_operator.get(f"/events/actions/edit/?number={number}")["Location"] == f"/events/{number}/edit/"
    assert as_operator.get("/events/actions/edit/")["Location"] == "/events/"
    assert as_operator.get(f"/events/actions/erase/?number={number}").status_code == 404


def test_the_live_part_of_an_event_comes_alone(as_operator: Client, new_event: Callable[..., Event]) -> None:
    number = new_event().number
    part = html_of(as_operator.get(f"/events/{number}/", headers={"HX-Request": "true"}))
    assert part.startswith('<div id="event-live"')
    assert "<html" not in part


def test_a_strategy_is_made_with_default_stages_archived_and_activated(
    as_operator: Client, strategy: Strategy, zone: ControlZone, program: Program
) -> None:
    form = {
        "name": "Evening shift",
        "zone": zone.pk,
        "type": "Device Test",
        "objective": "Maximum Reduction",
        "call_order": "fair",
        "stages-TOTAL_FORMS": 1,
        "stages-INITIAL_FORMS": 0,
        "stages-0-program": program.pk,
        "stages-0-offset_minutes": 0,
        "stages-0-length_minutes": 45,
        "stages-0-control": "duty_cycle",
        "stages-0-control_value": 50,
    }
    assert as_operator.post("/strategies/new/", form).status_code == 302
    made = Strategy.objects.get(name="Evening shift")
    assert made.stages.get().length_minutes == 45
    save(as_operator, f"/strategies/{made.uid}/archive/", {})
    assert str(made.uid) not in as_operator.get("/events/new/").content.decode()
    save(as_operator, f"/strategies/{made.uid}/activate/", {})
    assert str(made.uid) in as_operator.get("/events/new/").content.decode()


def test_a_strategy_with_a_target_it_needs_but_lacks_is_refused(
    as_operator: Client, strategy: Strategy, zone: ControlZone
) -> None:
    form = {"name": "Peak", "zone": zone.pk, "type": "Device Test", "objective": "Load Reduction"}
    answer = as_operator.post("/strategies/new/", {**form, "stages-TOTAL_FORMS": 0, "stages-INITIAL_FORMS": 0})
    assert answer.status_code == 422
    assert "Load Reduction needs this amount in kW" in answer.content.decode()
    assert not Strategy.objects.filter(name="Peak").exists()


def test_a_group_of_devices_is_made_and_edited(as_operator: Client, strategy: Strategy, program: Program) -> None:
    as_operator.post("/der-groups/new/", {"name": "Thermostats", "device_classes": ["thermostat"]})
    group = DerGroup.objects.get()
    save(as_operator, f"/der-groups/{group.pk}/", {"name": "Cool ones", "program_ids": [program.pk]})
    group = DerGroup.objects.get()
    assert (group.name, group.device_classes, group.program_ids) == ("Cool ones", [], [program.pk])
    assert "Cool ones" in as_operator.get("/der-groups/").content.decode()


def test_devices_are_listed_a_page_at_a_time_and_narrowed(as_operator: Client, strategy: Strategy) -> None:
    page = as_operator.get("/devices/?q=N000000").content.decode()
    assert page.count('class="cell-title"') == 9
    assert as_operator.get("/devices/HE1/N0000001/").status_code == 200
    assert as_operator.get("/devices/HE1/unknown/").status_code == 404


def test_a_stage_shows_its_devices_and_who_was_left_out(
    as_operator: Client, event_in: Callable[..., Event], now: datetime
) -> None:
    approved_event = event_in("Approved")
    operations.schedule_event(approved_event.pk, now=now)
    page = as_operator.get(f"/events/{approved_event.number}/stages/1/").content.decode()
    assert page.count("HE1/N") >= 20


def test_the_report_tells_the_whole_event(
    client: Client, operator: User, event_in: Callable[..., Event], approver: User
) -> None:
    event = event_in("Completed")
    raise_alert("old", kind="stage late", priority=Priority.MEDIUM, text="Stage 1 is late.", event_uid=event.uid)
    close_alert("old", by="olive")
    client.force_login(operator)
    page = html_of(client.get(f"/events/{event.number}/report/"))
    for words in ("Submitted", "Scheduled → In Progress", approver.username, "Stage 1 is late.", "closed by olive"):
        assert words in page


def test_an_events_page_says_in_one_line_how_many_messages_about_it_are_delivered(
    client: Client, operator: User, event_in: Callable[..., Event]
) -> None:
    event = event_in("Scheduled")
    about = Delivery.objects.filter(message__stage_uid__in=event.stages.values("uid"))
    client.force_login(operator)
    assert client.get(f"/events/{event.number}/").context["sent"] == (about.count(), 0, about.count(), 0)
    about.update(delivered_at=event.created_at)
    assert f"{about.count()} of {about.count()} delivered" in html_of(client.get(f"/events/{event.number}/"))
    about.filter(pk=about.latest("pk").pk).update(delivered_at=None, dead_at=event.created_at)
    page = html_of(client.get(f"/events/{event.number}/"))
    assert "1 dead letter" in page
    assert f"/messages/?q={event.number}" in page


def test_state_tracking_names_both_approvers(
    client: Client,
    operator: User,
    approver: User,
    balance_authority: User,
    event_in: Callable[..., Event],
    now: datetime,
) -> None:
    event = event_in("Submitted")
    Event.objects.filter(pk=event.pk).update(balance_authority_approval="required")
    client.force_login(operator)
    operations.approve_event(event_id=event.pk, by=approver, now=now)
    page = html_of(client.get(f"/events/{event.number}/"))
    assert f"Approver: {approver}" in page
    assert "Balance Authority: balance" not in page
    operations.approve_event_as_balance_authority(event_id=event.pk, by=balance_authority, now=now)
    page = html_of(client.get(f"/events/{event.number}/"))
    assert f"Approver: {approver}" in page
    assert f"Balance Authority: {balance_authority}" in page


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "sentence"), [("New", "submitted, approved or scheduled"), ("Scheduled", "stays")])
def test_an_events_page_says_when_its_program_is_not_active(
    as_operator: Client,
    event_in: Callable[..., Event],
    program: Program,
    state: str,
    sentence: str,
) -> None:
    event = event_in(state)
    assert "active" not in html_of(as_operator.get(f"/events/{event.number}/")).split('id="stages"')[1]
    Program.objects.filter(pk=program.pk).update(active=False)
    assert sentence in html_of(as_operator.get(f"/events/{event.number}/")).split('id="stages"')[1]


def test_state_tracking_history_and_progress_are_german_for_those_who_read_it(
    client: Client, operator: User, event_in: Callable[..., Event]
) -> None:
    event = event_in("Scheduled")
    User.objects.filter(pk=operator.pk).update(language="de")
    client.force_login(operator)
    for address in (f"/events/{event.number}/", f"/events/{event.number}/report/"):
        page = html_of(client.get(address))
        assert "Genehmigt → Eingeplant" in " ".join(page.split())
    page = html_of(client.get(f"/events/{event.number}/"))
    assert "CPM: Geräte reserviert" in page
    tracking = page.split('id="state-tracking"')[1].split("</section>")[0]
    assert "<b>Eingereicht</b>" in tracking
    assert "<b>Submitted</b>" not in tracking

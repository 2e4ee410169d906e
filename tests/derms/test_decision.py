"""The decision card on a Submitted event's page: what an approver sees before they decide."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from cpm.models.customers import Device as CustomerDevice
from derms import operations
from derms.models import Candidate, ControlZone, DerGroup, Event, LoadForecast, Program
from derms.pages.moments import window_in_words
from derms.planning import check as plan_check
from derms.planning.decision import Asked, decision_of
from integration.console.models import User
from integration.seam import sql
from tests import factories, walk
from tests.pages.html import html_of

pytestmark = pytest.mark.django_db
CARD = 'id="decision"'


@pytest.fixture
def submitted(event_in: Callable[..., Event], operator: User, approver: User, now: datetime) -> Event:
    """Target 4 kW for one hour of 20 devices with 0.8 kW each; the zone's forecast is 1,000 kW, its limit 998 kW."""
    event = event_in("New")
    ControlZone.objects.update(limit_kw=998)
    LoadForecast.objects.update(forecast_kw=1000)
    Event.objects.update(objective="Load Reduction", target_kw=4, overridden_rules=["longest"])
    walk.to("Submitted", event, operator=operator, approver=approver, now=now)
    return Event.objects.select_related("zone", "type").get(pk=event.pk)


def test_the_card_has_the_figures_of_submit_and_of_today(submitted: Event, program: Program, now: datetime) -> None:
    program.enrollment_set.filter(device_id__in=program.enrollment_set.order_by("pk").values("device_id")[:17]).update(
        ends_at=now
    )
    decision = decision_of(submitted, now)
    assert decision.today is not None
    assert decision.submitted.reserved_kw == 4
    assert (decision.today.figures.reserved_kw, decision.today.figures.target_kw) == (2.4, 4)
    assert decision.today.figures.missing_kw == 2
    (row,) = decision.today.stages
    assert (row.today.devices, row.today_kw, row.goal_kw) == (3, 2.4, 4)
    assert (row.stage.expected_devices, row.stage.expected_w) == (5, 4000)


def test_the_card_compares_the_zones_load_with_its_limit(submitted: Event, now: datetime) -> None:
    decision = decision_of(submitted, now)
    assert decision.today is not None
    assert decision.today.peak == (1000, 996, 998)
    assert not decision.today.peak.is_above_limit


def test_the_chart_below_the_card_draws_the_same_load(submitted: Event, approver: User, client: Client) -> None:
    """Once the chart drew the load after the event like the load before it, until Schedule."""
    client.force_login(approver)
    charts = client.get(f"/events/{submitted.number}/").context["charts"]
    assert {point.reserved[0] for point in charts.reduction} == {0, 4}
    assert {point.after for point in charts.load} == {1, 0.996}


def test_the_card_says_how_often_the_devices_were_asked_this_season(submitted: Event, now: datetime) -> None:
    season = submitted.zone.season(submitted.stages.get().starts_at)
    for n, device_id in enumerate(Candidate.objects.order_by("device_id").values_list("device_id", flat=True)):
        row = {"n": n % 5, "season": season, "device": device_id}
        sql.execute(
            "UPDATE derms_candidate SET season = %(season)s, season_events = %(n)s WHERE device_id = %(device)s", row
        )
    decision = decision_of(submitted, now)
    assert decision.today is not None
    # Fair order: the four devices without an event, and one of those with one.
    assert decision.today.asked == Asked(5, 0.2, 1, customers=5)


def test_the_card_says_how_many_customers_have_these_devices(
    event_in: Callable[..., Event], approver: User, client: Client, now: datetime
) -> None:
    """Of 20 devices, three are one customer's; who had one of the others before isn't asked."""
    event = event_in("Submitted")
    one, two, three, four, *_others = CustomerDevice.objects.order_by("pk")
    CustomerDevice.objects.filter(pk__in=[two.pk, three.pk]).update(location=one.location)
    CustomerDevice.objects.create(
        location=two.location, head_end=four.head_end, nic_id=four.nic_id, device_class=four.device_class,
        rated_w=four.rated_w, installed_at=now - timedelta(days=9), ended_at=now - timedelta(days=8),
    )  # fmt: skip
    decision = decision_of(Event.objects.select_related("zone", "type").get(), now)
    assert decision.today is not None
    assert (decision.today.asked.devices, decision.today.asked.customers) == (20, 18)
    client.force_login(approver)
    assert "20 of 18 customers, each once" in plain(html_of(client.get(f"/events/{event.number}/")))


def test_a_device_of_two_stages_is_asked_once(
    event_in: Callable[..., Event], program: Program, operator: User, approver: User, now: datetime
) -> None:
    event = event_in("New")
    first = event.stages.get()
    window = {"starts_at": first.ends_at, "ends_at": first.ends_at + factories.HOUR}
    factories.add_stage(event, by=operator, now=now, program=program, **window)
    walk.to("Submitted", event, operator=operator, approver=approver, now=now)
    decision = decision_of(Event.objects.select_related("zone", "type").get(), now)
    assert decision.today is not None
    assert [row.today.devices for row in decision.today.stages] == [20, 20]
    assert decision.today.asked.devices == 20


def test_the_approver_sees_the_card_with_its_buttons(submitted: Event, approver: User, client: Client) -> None:
    client.force_login(approver)
    page = html_of(client.get(f"/events/{submitted.number}/")).replace("\N{NO-BREAK SPACE}", " ")
    card = page[page.index(CARD) : page.index('class="figures"')]
    assert f"/events/{submitted.number}/approve/?seen=" in card
    assert f"/events/{submitted.number}/deny/?seen=" in card
    assert "longest event" in card
    assert "996 <small>kW</small>" in card
    assert "1,000 <small>kW</small> without" in card
    assert "998 <small>kW</small>" in card


def test_conflicts_with_other_events_are_on_the_card(
    submitted: Event, event_in: Callable[..., Event], approver: User, client: Client
) -> None:
    other = event_in("Submitted")
    client.force_login(approver)
    page = html_of(client.get(f"/events/{submitted.number}/"))
    card = page[page.index(CARD) : page.index('class="figures"')]
    assert other.number in card


def test_nobody_else_gets_the_card(
    event_in: Callable[..., Event], operator: User, approver: User, client: Client
) -> None:
    event = event_in("Submitted")
    client.force_login(operator)
    assert CARD not in client.get(f"/events/{event.number}/").content.decode()
    operator.groups.add(*approver.groups.all())  # who submitted it may not approve it
    client.force_login(User.objects.get(pk=operator.pk))
    assert CARD not in client.get(f"/events/{event.number}/").content.decode()


@pytest.mark.parametrize("state", ["New", "Denied", "Approved", "Scheduled", "Canceled"])
def test_there_is_no_card_once_nothing_is_to_be_decided(
    event_in: Callable[..., Event], approver: User, client: Client, state: str
) -> None:
    event = event_in(state)
    client.force_login(approver)
    assert CARD not in client.get(f"/events/{event.number}/").content.decode()


def test_a_count_that_takes_too_long_leaves_the_figures_of_submit(
    submitted: Event,
    zone: ControlZone,
    program: Program,
    approver: User,
    client: Client,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    factories.fleet(zone, program, 5000, since=now - timedelta(days=9), prefix="X")
    monkeypatch.setattr(plan_check, "PATIENCE", timedelta(milliseconds=1))
    client.force_login(approver)
    page = html_of(client.get(f"/events/{submitted.number}/"))
    assert "Counting the devices is taking too long." in page
    assert "Approve" in page[page.index(CARD) :]


@pytest.mark.parametrize(
    ("state", "shown"), [("New", False), ("Submitted", False), ("Approved", False), ("Scheduled", True)]
)
def test_panels_that_can_only_be_0_are_hidden_until_devices_are_reserved(
    event_in: Callable[..., Event], operator: User, client: Client, state: str, shown: bool
) -> None:
    event = event_in(state)
    client.force_login(operator)
    page = html_of(client.get(f"/events/{event.number}/"))
    for panel in ("<dt>Called</dt>", "<dt>Outcomes</dt>", "<dt>Reduction</dt>", 'id="progress"', 'id="messages"'):
        assert (panel in page) is shown, panel


def test_the_operator_sees_what_submit_found(submitted: Event, operator: User, client: Client) -> None:
    """Once the event's page had nothing but the target, and 0 devices in each stage, until Schedule."""
    stage = submitted.stages.get()
    client.force_login(operator)
    page = " ".join(html_of(client.get(f"/events/{submitted.number}/")).replace("\N{NO-BREAK SPACE}", " ").split())
    assert stage.expected_w is not None
    power = f"{stage.expected_w / 1000:.0f} <small>kW</small>"
    assert f"<dt>Expected</dt> <dd>{power}</dd>" in page
    assert f"when submitted: {power}, {stage.expected_devices} devices" in page


def test_looking_at_the_card_changes_nothing(submitted: Event, approver: User, client: Client) -> None:
    client.force_login(approver)
    client.get(f"/events/{submitted.number}/")
    event = Event.objects.get(pk=submitted.pk)
    stage = event.stages.get()
    assert (event.revision, stage.reserved_w, stage.goal_kw) == (submitted.revision, 0, None)
    operations.approve_event(event_id=event.pk, by=approver, now=event.expected_at, revision=event.revision)


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).replace("\N{NO-BREAK SPACE}", " ").split())


def test_the_card_says_why_it_was_denied_and_what_changed_since(
    event_in: Callable[..., Event], program: Program, operator: User, approver: User, client: Client, now: datetime
) -> None:
    event = event_in("New")
    Event.objects.update(objective="Load Reduction", target_kw=4)
    stage = event.stages.get()
    second = {"starts_at": stage.ends_at, "ends_at": stage.ends_at + factories.HOUR}
    factories.add_stage(event, by=operator, now=now, program=program, **second)
    operations.submit_event(event_id=event.pk, by=operator, now=now, accepted_kw=0)
    operations.deny_event(event_id=event.pk, by=approver, now=now, reason="Too much, too late")
    later = {"starts_at": stage.starts_at, "ends_at": stage.ends_at + 2 * factories.HOUR}
    fields = {"program": program, "target_kw": None, "share_pct": None, "control": "duty_cycle", "control_value": 50}
    one = operations.PlannedStage(1, {**fields, **later}, [])
    operations.edit_event(
        event_id=event.pk, fields={"target_kw": 3, "name": "Peak"}, stages=[one], by=operator, now=now
    )
    operations.submit_event(event_id=event.pk, by=operator, now=now, accepted_kw=2)

    found = decision_of(Event.objects.select_related("zone", "type").get(), now)

    assert found.denied is not None
    assert (found.denied.by, found.denied.why) == (approver.username, "Too much, too late")
    assert found.resubmitted is not None
    changes = [(change.stage, str(change.field), change.old, change.new) for change in found.resubmitted.changes]
    zone = event.zone
    was, will_be = (window_in_words(stage.starts_at, ends, zone) for ends in (stage.ends_at, later["ends_at"]))
    gone = f"{program}, {window_in_words(second['starts_at'], second['ends_at'], zone)}, Off"
    assert changes == [
        ("", "Name", event.name, "Peak"),
        ("", "Target", "4\xa0kW", "3\xa0kW"),
        ("", "Accepted shortfall", "0\xa0kW", "2\xa0kW"),
        ("Stage 1", "Window", was, will_be),
        ("Stage 1", "Control", "Off", "Duty cycle 50 %"),
        ("Stage 2", "", gone, "removed"),
    ]
    client.force_login(approver)
    card = plain(html_of(client.get(f"/events/{event.number}/")))
    assert f"Denied before, by {approver.username}" in card
    assert "Too much, too late" in card
    assert "Target: 4 kW → 3 kW" in card


def test_a_first_submission_is_compared_with_nothing(submitted: Event, now: datetime) -> None:
    found = decision_of(submitted, now)
    assert (found.denied, found.resubmitted) == (None, None)


def test_a_plan_that_was_withdrawn_and_submitted_again_is_the_same(
    submitted: Event, operator: User, approver: User, client: Client, now: datetime
) -> None:
    operations.withdraw_event(event_id=submitted.pk, by=operator, now=now)
    operations.submit_event(event_id=submitted.pk, by=operator, now=now, accepted_kw=0)
    client.force_login(approver)
    assert "The plan is the same as when it was submitted before" in html_of(client.get(f"/events/{submitted.number}/"))


def test_a_group_that_was_changed_between_two_submissions_is_named(
    submitted: Event, operator: User, now: datetime
) -> None:
    operations.withdraw_event(event_id=submitted.pk, by=operator, now=now)
    group = DerGroup.objects.create(name="Tanks", device_classes=["thermostat"])
    submitted.stages.get().der_groups.set([group])
    operations.submit_event(event_id=submitted.pk, by=operator, now=now, accepted_kw=0)
    found = decision_of(Event.objects.select_related("zone", "type").get(), now).resubmitted
    assert found is not None
    ((stage, field, old, new),) = found.changes
    assert (stage, str(field), old, new) == (
        "Stage 1", "DER groups", "every device of the program", "Tanks (version 1)",
    )  # fmt: skip

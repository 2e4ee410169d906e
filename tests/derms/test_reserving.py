"""What Schedule would refuse or reserve in excess is said before: by the check, before Submit, on the decision card."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from derms import operations
from derms.figures.profile import Figures, Window
from derms.models import ControlZone, Device, Enrollment, Event, EventType, Program, Stage, left_out_rows
from derms.pages.consequences import expected_devices
from derms.pages.moments import window_in_words
from derms.pages.reserving import surplus_in_words
from derms.planning.check import check_plan
from derms.planning.decision import decision_of
from derms.queries.lists import stages_of
from derms.set_operations.limits import OF_EVENT
from integration.console.models import User
from tests import factories, walk
from tests.derms.test_plan_pages import NEW, typed
from tests.pages.html import html_of

pytestmark = pytest.mark.django_db
HALF_HOUR = timedelta(minutes=30)
REFUSED = "The event would not be scheduled unless a shortfall of 4 kW is accepted; accepted are {} kW."
NO_DEVICE = "The event would not be scheduled: no device can be reserved."


def known(event: Event) -> Event:
    return Event.objects.select_related("zone", "type").get(pk=event.pk)


def refusal(event: Event, now: datetime) -> str:
    return check_plan(known(event), stages_of(event), now).refusal


def page_of(client: Client, address: str) -> str:
    return html_of(client.get(address, follow=True)).replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture
def short(event_in: Callable[..., Event]) -> Event:
    """A New event with a target of 20 kW, in a zone that has 16 kW."""
    event = event_in("New")
    Event.objects.filter(pk=event.pk).update(objective="Load Reduction", target_kw=20)
    return event


@pytest.fixture
def overlapping(event_in: Callable[..., Event], zone: ControlZone, now: datetime) -> Event:
    """A New event with a target of 4 kW: two hours that overlap by half an hour, then half an hour.

    The programs of the hours have 16 kW each, that of the last half hour has 2.4 kW.
    """
    event = event_in("New")
    first = event.stages.get()
    for number, devices, starts, halves in ((2, 20, 1, 2), (3, 3, 3, 1)):
        added = factories.program(f"MORE{number}")
        factories.fleet(zone, added, devices, since=now - timedelta(days=30), prefix=f"M{number}")
        start = first.starts_at + starts * HALF_HOUR
        window = {"starts_at": start, "ends_at": start + halves * HALF_HOUR}
        event.stages.create(number=number, program=added, control="off", **window)
    Event.objects.filter(pk=event.pk).update(objective="Load Reduction", target_kw=4)
    return known(event)


def test_the_check_says_what_schedule_would_refuse(short: Event, now: datetime) -> None:
    assert refusal(short, now) == REFUSED.format(0)


@pytest.mark.parametrize(("accepted_kw", "state"), [(3, "Approved"), (4, "Scheduled")])
def test_the_decision_card_and_schedule_follow_the_same_rule(
    short: Event, operator: User, approver: User, now: datetime, accepted_kw: int, state: str
) -> None:
    walk.to("Submitted", short, operator=operator, approver=approver, now=now, accepted_kw=accepted_kw)
    decision = decision_of(known(short), now)
    assert decision.today is not None
    assert decision.today.refusal == ("" if state == "Scheduled" else REFUSED.format(3))
    operations.approve_event(event_id=short.pk, by=approver, now=now)
    operations.schedule_event(short.pk, now=now)
    assert known(short).state == state


def test_an_event_without_any_device_would_not_be_scheduled(
    event_in: Callable[..., Event], program: Program, now: datetime
) -> None:
    event = event_in("New")
    assert refusal(event, now) == ""
    Program.objects.filter(pk=program.pk).update(rules_data={"longest_minutes": 30})
    assert refusal(event, now) == NO_DEVICE


def test_the_page_before_submit_says_so_next_to_the_field_for_the_shortfall(
    short: Event, operator: User, client: Client
) -> None:
    client.force_login(operator)
    page = page_of(client, f"/events/{short.number}/submit/")
    assert page.index(REFUSED.format(0)) < page.index('name="accepted_kw"')


def test_the_approver_is_told_on_the_card_and_on_the_page_before_approve(
    short: Event, operator: User, approver: User, now: datetime, client: Client
) -> None:
    walk.to("Submitted", short, operator=operator, approver=approver, now=now, accepted_kw=1)
    client.force_login(approver)
    for address in (f"/events/{short.number}/", f"/events/{short.number}/approve/"):
        assert REFUSED.format(1) in page_of(client, address), address


def test_the_pages_before_submit_and_approve_say_when_an_accepted_shortfall_is_missing(
    short: Event, operator: User, approver: User, now: datetime, client: Client
) -> None:
    stage = short.stages.get()
    missing = f"{window_in_words(stage.starts_at, stage.ends_at, short.zone)}: 4 kW are missing."
    client.force_login(operator)
    assert missing in page_of(client, f"/events/{short.number}/submit/")
    walk.to("Submitted", short, operator=operator, approver=approver, now=now, accepted_kw=4)
    client.force_login(approver)
    assert missing in page_of(client, f"/events/{short.number}/approve/")


def test_figures_of_one_stage_share_a_unit(
    event_in: Callable[..., Event], zone: ControlZone, program: Program, now: datetime
) -> None:
    """Once 1,047 of 1,500 kW read “1.05 MW of 1.50 MW; 454 kW are missing”."""
    event = event_in("New")
    Event.objects.filter(pk=event.pk).update(objective="Load Reduction", target_kw=1500)
    factories.fleet(zone, program, 1289, since=now - timedelta(days=30), prefix="X")
    *_, sentence = expected_devices(known(event))
    assert "MW" not in sentence
    assert "of 1,500 kW; " in sentence.replace("\N{NO-BREAK SPACE}", " ")


def test_save_and_submit_asks_for_the_shortfall_first(
    client: Client, operator: User, short: Event, now: datetime
) -> None:
    client.force_login(operator)
    strategy, start = short.strategy, (now + timedelta(hours=3)).replace(second=0, microsecond=0)
    type(strategy).objects.update(objective="Load Reduction", target_kw=20)
    plan = typed(strategy, start, {}, target_kw=20)
    check = html_of(client.post(f"{NEW}check/", plan))
    assert REFUSED.format(0) in check
    assert "“Save and submit” asks how much of it you accept." in check
    assert "Can be submitted" not in check

    answer = client.post(NEW, {**plan, "submit": "1"})

    made = Event.objects.latest("pk")
    assert (made.state, answer["Location"]) == ("New", f"/events/{made.number}/submit/")
    page = page_of(client, answer["Location"])
    assert REFUSED.format(0) in page
    client.post(answer["Location"], {"accepted_kw": 4, **factories.seen(made.number)})
    assert (known(made).state, known(made).shortfall_accepted_kw) == ("Submitted", 4)


def test_several_events_are_not_submitted_with_a_shortfall_that_nobody_was_asked_about(
    client: Client, operator: User, short: Event, new_event: Callable[..., Event]
) -> None:
    met = new_event()
    Event.objects.filter(pk=met.pk).update(objective="Load Reduction", target_kw=8)
    client.force_login(operator)
    seen = {"seen": [f"{one.number}@{one.revision}" for one in (short, met)]}
    address = f"/events/actions/submit/?number={short.number}&number={met.number}"
    page = html_of(client.post(address, seen, follow=True))
    assert (known(short).state, known(met).state) == ("New", "Submitted")
    assert f"{short.number}: {REFUSED.format(0)} Submit it on its own page" in page


def test_what_was_accepted_before_is_offered_again(short: Event, operator: User, now: datetime, client: Client) -> None:
    operations.submit_event(event_id=short.pk, by=operator, now=now, accepted_kw=5)
    operations.withdraw_event(event_id=short.pk, by=operator, now=now)
    client.force_login(operator)
    assert 'name="accepted_kw" value="5"' in page_of(client, f"/events/{short.number}/submit/")


def test_overlapping_stages_that_reserve_far_too_much_say_when_and_when_something_is_missing(
    overlapping: Event, now: datetime
) -> None:
    """Half hours of 4, 8, 4 and 2.4 of 4 kW: no more than twice. With a margin the second has 9.6 kW."""
    assert check_plan(overlapping, stages_of(overlapping), now).surplus == ""
    EventType.objects.update(reserve_margin_pct=10)  # 4.4 kW are six devices: 4.8 kW

    event = known(overlapping)
    check = check_plan(event, stages_of(event), now)

    first = overlapping.stages.get(number=1)
    both = window_in_words(first.starts_at + HALF_HOUR, first.ends_at, overlapping.zone)
    gap = window_in_words(first.starts_at + 3 * HALF_HOUR, first.starts_at + 4 * HALF_HOUR, overlapping.zone)
    assert check.surplus.replace("\N{NO-BREAK SPACE}", " ") == (
        f"{both}: 9.60 kW would be reserved, more than twice the target of 4 kW. {gap}: 2 kW are missing. "
        "Each stage takes the most that any moment of its window asks of it, so stages that overlap in part add up to "
        "more than the target: let them begin and end together, or one after the other."
    )


def test_the_card_warns_of_the_surplus_too(
    overlapping: Event, operator: User, approver: User, now: datetime, client: Client
) -> None:
    EventType.objects.update(reserve_margin_pct=10)
    walk.to("Submitted", overlapping, operator=operator, approver=approver, now=now, accepted_kw=2)
    client.force_login(approver)
    page = page_of(client, f"/events/{overlapping.number}/")
    assert "9.60 kW would be reserved, more than twice the target of 4 kW." in page


def test_what_is_missing_names_its_window(overlapping: Event, now: datetime) -> None:
    last = overlapping.stages.get(number=3)
    missing = check_plan(overlapping, stages_of(overlapping), now).planned.missing_in
    assert missing is not None
    assert (missing.missing_kw, missing.starts_at, missing.ends_at) == (2, last.ends_at - HALF_HOUR, last.ends_at)


def test_devices_that_are_left_out_have_their_power_beside_them(
    event_in: Callable[..., Event], zone: ControlZone, program: Program, operator: User, now: datetime, client: Client
) -> None:
    """Of 20 devices of 0.8 kW, 5 meet 4 kW; 10 are reserved for another event, and 5 are not needed."""
    other, event = event_in("New", name="Other"), event_in("New")
    Event.objects.update(objective="Load Reduction", target_kw=8)
    approver = factories.person("second approver", "DERMS Approver")
    walk.to("Scheduled", other, operator=operator, approver=approver, now=now)
    check = check_plan(known(event), stages_of(event), now)
    (found,) = check.stages
    assert [(one.reason, one.devices, one.watts) for one in found.left_out] == [("reserved elsewhere", 10, 8000)]
    Event.objects.filter(pk=event.pk).update(target_kw=4)
    walk.to("Scheduled", event, operator=operator, approver=approver, now=now)

    rows = Stage.objects.get(event=event).left_out_rows

    assert sorted((one.reason, one.devices, one.watts) for one in rows) == [
        ("not needed", 5, 4000),
        ("reserved elsewhere", 10, 8000),
    ]
    client.force_login(operator)
    page = page_of(client, f"/events/{event.number}/stages/1/")
    assert "8 <small>kW</small>" in page[page.index('id="left-out"') : page.index('id="feeders"')]


def test_the_check_counts_who_is_left_out_stage_by_stage(
    overlapping: Event, client: Client, operator: User, zone: ControlZone, now: datetime
) -> None:
    """A device that is in both programs is the first stage's; for the second it is not “reserved elsewhere”."""
    first, second, _third = overlapping.stages.order_by("number")
    Event.objects.update(objective="Maximum Reduction", target_kw=None)
    for device in Device.objects.filter(enrollments__program=first.program)[:4]:
        Enrollment.objects.create(program=second.program, device=device, starts_at=now - timedelta(days=1))

    rows = check_plan(known(overlapping), stages_of(overlapping), now).stages

    assert [[(one.reason, one.devices, one.watts) for one in row.left_out] for row in rows] == [
        [], [("reserved by another stage of this event", 4, 3200)], [],
    ]  # fmt: skip


def test_the_check_leaves_out_for_a_stage_only_what_the_stages_before_it_would_reserve(
    overlapping: Event, now: datetime
) -> None:
    """It once counted as if the first stage took every eligible device: 4 were reserved by another stage."""
    first, second, third = overlapping.stages.order_by("number")
    Event.objects.update(objective="Manual", target_kw=None)
    for stage, target_kw in ((first, 1), (second, 2), (third, 1)):
        Stage.objects.filter(pk=stage.pk).update(target_kw=target_kw)
    EventType.objects.update(reserve_margin_pct=0)
    for device in Device.objects.filter(enrollments__program=first.program).order_by("pk")[:4]:
        Enrollment.objects.create(program=second.program, device=device, starts_at=now - timedelta(days=1))

    own = Device.objects.filter(enrollments__program=second.program).count()
    rows = check_plan(known(overlapping), stages_of(overlapping), now).stages

    assert [row.would.devices for row in rows if row.would] == [2, 3, 2]
    assert rows[1].left_out == left_out_rows({OF_EVENT: 2}, {OF_EVENT: 1600})
    assert rows[1].eligible.devices == own - 2


def test_a_stage_alone_is_not_told_to_begin_together_with_others(event_in: Callable[..., Event], now: datetime) -> None:
    event = event_in("New")
    zone, stage = event.zone, event.stages.get()
    far = Window(stage.starts_at, stage.ends_at, target_kw=0.0, reserved_kw=319.0, missing_kw=0)
    figures = Figures(319.0, 304.0, 0, None, None, None, surplus_in=far, aimed_kw=319.0)
    said = surplus_in_words(zone, figures, overlaps=False).replace("\N{NO-BREAK SPACE}", " ")
    assert said.endswith(
        "319 kW would be reserved, more than twice the target of 0 kW. A stage reserves for the moment of its window "
        "that asks the most; the target is lower then."
    )


def test_every_reason_why_a_plan_is_refused_is_said_at_once(overlapping: Event, operator: User, now: datetime) -> None:
    """Once only the first stage without a target, and only the first closed program, was named."""
    Event.objects.update(objective="Manual", target_kw=None)
    Program.objects.update(active=False)
    with pytest.raises(operations.EventNotSubmittable) as refused:
        operations.submit_event(event_id=overlapping.pk, by=operator, now=now)
    said = str(refused.value)
    for number in (1, 2, 3):
        assert f"Stage {number} has no target." in said
        assert f"Stage {number} uses " in said

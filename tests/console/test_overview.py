"""Overview: each person sees what is going on, as far as they may, and what waits for them."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from derms import operations
from derms.models import (
    Availability,
    ControlZone,
    Device,
    DeviceUnavailability,
    Enrollment,
    Event,
    HeadEnd,
    LoadForecast,
    Program,
    Stage,
    Strategy,
)
from derms.queries.due import event_ids_past_start
from integration.console.models import User
from integration.console.overview import day_ahead
from integration.seam.alerts import archive_alert, raise_alert
from integration.seam.messages import DeliveredLoad as Report
from integration.seam.models import Alert, Priority
from tests import factories
from tests.pages.html import html_of

EventIn = Callable[..., Event]


def page(person: User) -> Any:
    client = Client()
    client.force_login(person)
    return client.get("/")


def waiting(person: User) -> list[tuple[str, str]]:
    return [(one.event.number, str(one.what)) for one in page(person).context["waiting"]]


def test_running_events_count_down(event_in: EventIn, operator: User) -> None:
    event = event_in("In Progress")
    answer = page(operator)
    assert [row.event for row in answer.context["running"]] == [event]
    assert f'href="/events/{event.number}/"' in answer.content.decode()
    assert "data-countdown" in answer.content.decode()


def test_a_submitted_event_waits_for_the_approver_and_not_for_its_author(
    event_in: EventIn, operator: User, approver: User
) -> None:
    event = event_in("Submitted")
    assert waiting(approver) == [(event.number, "Approve or deny")]
    assert waiting(operator) == []


def test_four_eyes_hold_for_a_person_of_both_roles(event_in: EventIn, operator: User, approver: User) -> None:
    event = event_in("Submitted")
    operator.groups.add(*approver.groups.all())
    assert waiting(User.objects.get(pk=operator.pk)) == []
    assert waiting(approver) == [(event.number, "Approve or deny")]


def test_a_balance_authority_is_asked_only_where_the_event_asks_for_it(
    event_in: EventIn, balance_authority: User
) -> None:
    event = event_in("Submitted")
    assert waiting(balance_authority) == []
    Event.objects.filter(pk=event.pk).update(balance_authority_approval="required")
    assert waiting(balance_authority) == [(event.number, "Balance Authority approval")]


def test_a_denied_event_waits_for_its_author(
    event_in: EventIn, operator: User, second_operator: User, approver: User
) -> None:
    event = event_in("Denied")
    assert waiting(operator) == [(event.number, "Denied: edit it and submit it again")]
    assert waiting(second_operator) == waiting(approver) == []


def test_an_approved_event_that_could_not_be_scheduled_waits_for_every_operator(
    event_in: EventIn, second_operator: User
) -> None:
    event = event_in("Approved")
    assert waiting(second_operator) == []
    Event.objects.filter(pk=event.pk).update(schedule_due_at=None)
    assert waiting(second_operator) == [(event.number, "Could not be scheduled")]


def test_a_plan_past_its_start_is_named_for_those_who_may_withdraw_it(
    event_in: EventIn, operator: User, approver: User, now: datetime
) -> None:
    """Once it waited for the approver for ever, and started “now”."""
    event = event_in("Submitted")
    assert not event_ids_past_start(now).exists()
    event.stages.update(starts_at=now - timedelta(minutes=1))
    assert waiting(approver) == []
    text = page(operator).content.decode()
    assert "The start of these plans has passed." in text
    assert event.number in text
    client = Client()
    client.force_login(operator)
    assert "start has passed" in client.get("/events/").content.decode()

    assert list(event_ids_past_start(now)) == [event.pk]
    operations.report_plan_past_start(event.pk, now=now)
    alert = Alert.objects.get()
    assert (alert.kind, alert.priority, alert.closed_at) == ("plan past its start", Priority.LOW, None)
    archive_alert(alert_id=alert.pk, by="olive")
    assert not event_ids_past_start(now).exists(), "it was said once"


def test_the_alert_of_a_plan_past_its_start_closes_when_it_is_withdrawn(
    event_in: EventIn, operator: User, now: datetime
) -> None:
    event = event_in("Submitted")
    event.stages.update(starts_at=now - timedelta(minutes=1))
    operations.report_plan_past_start(event.pk, now=now)
    operations.withdraw_event(event_id=event.pk, by=operator, now=now)
    assert Alert.objects.get().closed_by == operator.username


def test_the_next_day_shows_open_stages_alone(
    event_in: EventIn, new_event: Callable[..., Event], operator: User, now: datetime
) -> None:
    event = event_in("Scheduled")
    new_event(starts_at=now + timedelta(hours=30))
    event_in("Canceled", name="Off")
    day = page(operator).context["day"]
    assert [(bar.stage.event.number, bar.state) for bar in day.bars] == [(event.number, "Scheduled")]
    assert day.time_zone == "America/New_York"


def test_the_day_ahead_says_how_many_more_stages_there_are(
    new_event: Callable[..., Event], program: Program, client: Client, operator: User, now: datetime
) -> None:
    event = new_event()
    first = event.stages.get()
    window = {"program": program, "starts_at": first.starts_at, "ends_at": first.ends_at, "control": "off"}
    Stage.objects.bulk_create(Stage(event=event, number=n, **window) for n in range(2, 21))
    assert (len(day_ahead(now).bars), day_ahead(now).more) == (20, 0)
    Stage.objects.bulk_create(Stage(event=event, number=n, **window) for n in (21, 22, 23))
    assert (len(day_ahead(now).bars), day_ahead(now).more) == (20, 3)
    client.force_login(operator)
    assert '/events/?view=active&sort=starts"> and 3 more stages </a>' in html_of(client.get("/"))


def test_stages_of_zones_with_different_times_are_shown_in_utc(event_in: EventIn, operator: User) -> None:
    event_in("Scheduled")
    other = event_in("New")
    elsewhere = ControlZone.objects.create(code="WEST", name="West", time_zone="America/Phoenix")
    Event.objects.filter(pk=other.pk).update(zone=elsewhere)
    assert page(operator).context["day"].time_zone == "UTC"


def test_each_zone_shows_load_limit_and_forecast(zone: ControlZone, operator: User, now: datetime) -> None:
    ControlZone.objects.filter(pk=zone.pk).update(limit_kw=100_000)
    bare = factories.zone("BARE")
    rows = {row.zone: row for row in page(operator).context["zones"]}
    assert (rows[zone].load_kw, rows[zone].ends_soon) == (50_000, False)
    assert rows[zone].forecast_until > now + timedelta(days=2)
    assert (rows[bare].load_kw, rows[bare].forecast_until, rows[bare].ends_soon) == (None, None, True)


def test_open_alerts_and_the_backlog_are_counted(operator: User, approver: User) -> None:
    for n in range(7):
        raise_alert(f"late:{n}", kind="late", priority=Priority.MEDIUM, text="Late.", event_uid=uuid.uuid4())
    answer = page(operator)
    assert (answer.context["alerts_open"], len(answer.context["alerts"])) == (7, 5)
    assert answer.context["backlog"].dead == 0
    assert "backlog" not in page(approver).context


def report(event: Event, kw: int, now: datetime) -> None:
    """What LEC reports as delivered by the event's one stage, which began a minute ago."""
    stage = event.stages.get()
    Stage.objects.filter(pk=stage.pk).update(
        starts_at=now - timedelta(minutes=1), ends_at=now + timedelta(hours=1), reserved_w=950_000
    )
    counts = {"called": 20, "answered": 20, "rejected": 0, "overridden": 0, "reduction_w": kw * 1000}
    operations.follow_delivered_load(Report.model_validate({"stage_uid": stage.uid, "at": now, **counts}))


def test_what_runs_is_delivered_against_the_target_of_this_moment(
    event_in: EventIn, operator: User, zone: ControlZone, program: Program, now: datetime
) -> None:
    events = []
    for prefix in "KLM":
        factories.fleet(zone, program, 20, since=now - timedelta(days=30), prefix=prefix)
        events.append(event_in("In Progress"))
    short, free, silent = events
    Event.objects.filter(pk=short.pk).update(objective="Load Reduction", target_kw=900)
    report(short, 435, now)
    report(free, 950, now)
    context = page(operator).context
    rows = {row.event: row for row in context["running"]}
    assert (rows[short].lacks_kw, rows[short].is_below) == (465, True)
    assert (rows[free].lacks_kw, rows[free].is_below) == (None, False), "it has no target"
    assert rows[silent].power.delivering_kw is None
    assert context["delivering"] == (1385, 1850, 1)


@pytest.mark.parametrize(("kw", "is_below"), [(809, True), (810, False), (950, False)])
def test_an_event_is_below_its_target_from_the_share_that_raises_the_alert(
    event_in: EventIn, operator: User, now: datetime, kw: int, is_below: bool
) -> None:
    event = event_in("In Progress")
    Event.objects.filter(pk=event.pk).update(objective="Load Reduction", target_kw=900)
    report(event, kw, now)
    assert [row.is_below for row in page(operator).context["running"]] == [is_below]


def test_the_scheduled_event_that_starts_first_is_next(event_in: EventIn, operator: User, now: datetime) -> None:
    assert page(operator).context["next_event"] is None
    event_in("Scheduled", starts_at=now + timedelta(hours=5))
    first = event_in("Scheduled", starts_at=now + timedelta(hours=3))
    event_in("Approved", starts_at=now + timedelta(hours=2, minutes=30))
    answer = page(operator)
    assert answer.context["next_event"] == first
    assert "Next start" in html_of(answer)


def test_a_plan_whose_start_has_passed_waits_for_nobody(event_in: EventIn, approver: User, now: datetime) -> None:
    event = event_in("Submitted")
    assert len(waiting(approver)) == 1
    Stage.objects.filter(event=event).update(starts_at=now - timedelta(minutes=1))
    assert waiting(approver) == []


def test_each_zone_shows_the_hour_of_its_coming_peak(zone: ControlZone, operator: User, now: datetime) -> None:
    ControlZone.objects.filter(pk=zone.pk).update(limit_kw=51_000)
    hour = now.replace(minute=0, second=0, microsecond=0)
    for hours, kw in ((-1, 99_000), (7, 52_000), (9, 52_000), (25, 80_000)):
        LoadForecast.objects.filter(zone=zone, hour=hour + timedelta(hours=hours)).update(forecast_kw=kw)
    (row,) = page(operator).context["zones"]
    assert (row.peak_kw, row.peak_at, row.exceeds_limit) == (52_000, hour + timedelta(hours=7), True)


def test_what_is_available_counts_each_device_once(
    zone: ControlZone, program: Program, strategy: Strategy, operator: User, now: datetime
) -> None:
    """Twenty devices of 1 kW, of which 0.8 are expected of each; five are in a second program as well."""
    other = factories.program("HEAT")
    for device in Device.objects.order_by("pk")[:5]:
        Enrollment.objects.create(program=other, device=device, starts_at=now - timedelta(days=1))
    assert page(operator).context["available"] is None
    operations.count_available_power(now=now)
    found = page(operator).context["available"]
    assert [row[:3] for row in found.programs] == [(program.name, 20, 16.0), (other.name, 5, 4.0)]
    assert found.whole[:3] == ("", 20, 16.0)


def test_what_is_available_has_a_band_of_devices_apart_and_of_head_ends_together(
    strategy: Strategy, operator: User, now: datetime
) -> None:
    """Each of twenty devices gives its 1,000 W or nothing, 800 W on the mean: a variance of 20 x 800 x 200 W2."""
    operations.count_available_power(now=now)
    shown = page(operator)
    whole = shown.context["available"].whole
    deviation = (20 * 800 * 200) ** 0.5 / 1000
    assert whole.deviation_kw == pytest.approx(deviation)
    assert (whole.low_kw, whole.high_kw) == pytest.approx((16 - 1.645 * deviation, 16 + 1.645 * deviation))
    assert "13.1 to 18.9\N{NO-BREAK SPACE}kW" in shown.content.decode()

    head_end = HeadEnd.objects.get(device__isnull=False, device=Device.objects.earliest("pk"))
    Availability.objects.create(head_end=head_end, n=5, total=3, faded_at=now)
    operations.count_available_power(now=now)
    whole = page(operator).context["available"].whole
    assert whole.kw == pytest.approx(16 * 8 / 10)
    apart, together = 20 * 640 * 360, (20 * 640) ** 2 * 2 / (8 * 11)
    assert whole.deviation_kw == pytest.approx((apart + together) ** 0.5 / 1000)


def test_devices_that_run_are_away_or_left_a_program_are_not_available(
    event_in: EventIn, operator: User, program: Program, zone: ControlZone, now: datetime
) -> None:
    event_in("In Progress")
    away, ended, *_ = [factories.device(zone, program, since=now - timedelta(days=1)) for _ in range(3)]
    DeviceUnavailability.objects.create(
        uid=uuid.uuid4(), device=away, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1)
    )
    Enrollment.objects.filter(device=ended).update(ends_at=now)
    operations.count_available_power(now=now)
    assert page(operator).context["available"].whole[:3] == ("", 1, 0.8), "the twenty of the running event are called"
    for closed in ({"active": False}, {"active": True, "calls_devices": False}):
        Program.objects.filter(pk=program.pk).update(**closed)
        operations.count_available_power(now=now)
        assert page(operator).context["available"].whole[:3] == ("", 0, 0)
    Program.objects.filter(pk=program.pk).update(calls_devices=True)
    operations.count_available_power(now=now)
    assert page(operator).context["available"].whole[:3] == ("", 1, 0.8)
    Program.objects.filter(pk=program.pk).update(active=False)
    operations.count_available_power(now=now)
    assert page(operator).context["available"].whole[:3] == ("", 0, 0)


def test_devices_that_no_event_may_call_are_not_available(
    strategy: Strategy, program: Program, operator: User, now: datetime
) -> None:
    """Once devices of critical care were counted that the program exempts, and devices that never answer."""
    critical, silent, *_ = Device.objects.order_by("pk")
    Device.objects.filter(pk=critical.pk).update(critical_care=True)
    operations.count_available_power(now=now)
    assert page(operator).context["available"].whole[:3] == ("", 20, 16.0), "the program doesn't exempt them"
    Program.objects.filter(pk=program.pk).update(rules_data={"critical_care_exempt": True})
    factories.used(silent, before=now, days=2, silent_run=3)
    operations.count_available_power(now=now)
    assert page(operator).context["available"].whole[:3] == ("", 18, 14.4)


def test_an_administrator_sees_messages_and_no_events(administrator: User) -> None:
    context = page(administrator).context
    assert "backlog" in context
    assert "running" not in context
    assert "zones" not in context


def test_a_csr_finds_customers_from_here(csr: User) -> None:
    answer = page(csr)
    assert 'action="/customers/"' in answer.content.decode()
    assert "running" not in answer.context


def test_a_program_manager_sees_events_without_alerts(event_in: EventIn, program_manager: User) -> None:
    event_in("In Progress")
    answer = page(program_manager)
    assert len(answer.context["running"]) == 1
    assert "alerts" not in answer.context


def test_somebody_without_a_role_reads_what_to_ask_for(outsider: User) -> None:
    answer = page(outsider)
    assert answer.status_code == 200
    assert "Ask an administrator for the role you need" in answer.content.decode()
    assert not [name for name in ("running", "alerts", "backlog") if name in answer.context]


def test_the_fragment_is_the_live_part_alone(operator: User) -> None:
    client = Client()
    client.force_login(operator)
    fragment = client.get("/", headers={"HX-Request": "true"})
    assert html_of(fragment).startswith('<div class="stack" id="overview" hx-get="/"')
    assert "HX-Request" in fragment["Vary"]


def test_the_page_asks_the_same_of_the_database_however_much_goes_on(
    event_in: EventIn, new_event: Callable[..., Event], operator: User, approver: User, now: datetime,
    django_assert_num_queries: Any,
) -> None:  # fmt: skip
    client = Client()
    client.force_login(approver)
    event_in("Submitted")
    with django_assert_num_queries(19) as few:
        client.get("/")
    for _ in range(3):
        operations.submit_event(event_id=new_event().pk, by=operator, now=now)
    with django_assert_num_queries(len(few)):
        client.get("/")


def test_signed_out_people_sign_in_first(client: Client, db: None) -> None:
    assert client.get("/")["Location"] == "/account/login/?next=/"


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_overview_is_only_read(client: Client, method: str) -> None:
    assert getattr(client, method)("/").status_code == 405

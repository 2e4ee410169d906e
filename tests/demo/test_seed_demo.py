"""The demo utility is complete, consistent across the three systems, and the same for the same seed."""

import hashlib
from datetime import UTC, datetime, time, timedelta

import numpy as np
import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Max, Min, Q

from cpm import models as cpm
from cpm.choices import WAITING_STATES, DeviceClass, Quality, SyncAnswer
from cpm.queries.meters import meter_readings
from derms import models as derms
from derms.choices import Approval, EventState, StageState, StrategyState
from derms.queries.silence import SilentChoice, never_answering_count
from integration.commands.verify import violations_of
from integration.console.models import User
from integration.demo import customers, enrollments, grid, load, seeding
from integration.demo.history import PAST, PastEvent, play
from integration.demo.meters import HISTORY, blocks_to_read, read_block
from integration.demo.planning import AFTERNOON
from integration.demo.sign_ins import PASSWORD, PEOPLE
from integration.seam import clock, sql
from integration.seam.models import Alert, Delivery
from lec_sim.models import LecStage
from tests.conftest import DEMO_DEVICES

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALL_PARTS = """
SELECT m.id, extract(epoch FROM o.started_at)::bigint, extract(epoch FROM o.ended_at)::bigint
  FROM cpm_outcome o JOIN cpm_device d ON d.id = o.device_id JOIN cpm_meter m ON m.location_id = d.location_id
 WHERE d.device_class = %s AND o.reduction_w > 500 AND o.ended_at - o.started_at > interval '1 hour'
"""


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_demo")]


def test_there_are_as_many_devices_as_asked_for_and_both_systems_know_them() -> None:
    known = cpm.Device.objects.exclude(head_end=enrollments.NO_HEAD_END)
    assert known.count() == derms.Device.objects.count() == DEMO_DEVICES
    assert set(known.values_list("head_end", "nic_id")) == set(
        derms.Device.objects.values_list("head_end__code", "nic_id")
    )
    assert set(cpm.Device.objects.values_list("device_class", flat=True)) == set(customers.ALL_CLASSES)


def test_every_subscribed_device_is_registered() -> None:
    subscribed = cpm.SubscribedDevice.objects.exclude(device__head_end=enrollments.NO_HEAD_END)
    assert set(subscribed.values_list("answer", flat=True)) == {SyncAnswer.REGISTERED}
    assert derms.Enrollment.objects.count() == subscribed.count() > DEMO_DEVICES
    in_two = derms.Device.objects.annotate(programs=Count("enrollments")).filter(programs=2)
    assert in_two.exists()


def test_enrollments_wait_for_somebody_and_every_subscription_has_one() -> None:
    waiting = cpm.Enrollment.objects.filter(state__in=WAITING_STATES).order_by("pk")
    assert set(waiting.values_list("state", flat=True)) >= {"Pending", "Waiting for device", "Error"}
    assert waiting.get(state="Error").reason == "There is no head end system “sample-cloud”."
    assert not cpm.Subscription.objects.filter(ends_at=None, enrollment=None).exists()
    assert violations_of("I13") == []


def test_a_home_has_one_to_three_devices_and_some_customers_have_two_homes() -> None:
    homes = cpm.DeviceLocation.objects.exclude(enrollments__state="Error").annotate(n=Count("devices"))
    assert homes.aggregate(least=Min("n"), most=Max("n")) == {"least": 1, "most": 3}
    assert cpm.Customer.objects.annotate(n=Count("locations")).filter(n=2).exists()
    assert not cpm.Customer.objects.annotate(n=Count("locations")).exclude(n__in=(1, 2)).exists()


def test_customers_can_be_mistaken_for_nobody() -> None:
    known = cpm.Customer.objects.all()
    assert not known.exclude(email__endswith="@example.com").exists()
    assert not known.exclude(phone__regex=r"^\+1 555 01\d\d$").exists()
    assert not known.exclude(number__regex=r"^C-\d{5}$").exists()


def test_seven_programs_of_four_types_are_known_to_derms_with_their_rules() -> None:
    assert cpm.ProgramType.objects.count() == 4
    assert cpm.ProgramType.objects.filter(allow_to_opt_out=True, opt_out_cutoff_minutes__gt=0).exists()
    offers = {program.code: program.rules for program in cpm.Program.objects.all()}
    assert len(offers) == 7
    assert {program.code: program.rules for program in derms.Program.objects.all()} == offers
    assert cpm.Program.objects.filter(allow_customer_unavailability=True).exists()


def test_next_season_is_entered_ahead_and_a_suspended_program_asks_who_applies() -> None:
    (season,) = derms.Program.objects.get(code="COOL-SAVER").dated_rules_data
    assert season["effective_on"].endswith("-06-01")
    suspended = derms.Program.objects.get(suspended=True)
    assert suspended.code == "NIGHT-HEAT"
    applied = cpm.Enrollment.objects.get(program__code="NIGHT-HEAT")
    assert (applied.state, [one["answer"] for one in applied.answers]) == ("Pending", [True, False])


def test_homes_of_the_control_group_are_in_no_program_that_calls_devices() -> None:
    compared = cpm.Subscription.objects.filter(program__type__category="control group")
    assert compared.exists()
    places = compared.values("location")
    others = cpm.Subscription.objects.filter(location__in=places).exclude(program__code="LIKE-HOMES")
    assert not others.exists()
    assert not derms.Program.objects.get(code="LIKE-HOMES").calls_devices
    devices = derms.Enrollment.objects.filter(program__code="LIKE-HOMES").values("device_id")
    assert devices.exists()
    assert not derms.Reservation.objects.filter(device_id__in=devices).exists()


def test_some_devices_never_answer() -> None:
    assert never_answering_count(clock.now(), SilentChoice(), most=50) > 0


def test_forecasts_and_factors_cover_six_weeks_back_and_the_coming_week() -> None:
    now = clock.now()
    for zone in derms.ControlZone.objects.all():
        span = zone.load.aggregate(first=Min("hour"), last=Max("hour"), hours=Count("pk"))
        assert span["first"] < now - timedelta(days=40)
        assert span["last"] > now + timedelta(weeks=1)
        assert span["hours"] == (span["last"] - span["first"]) / HOUR + 1
        assert zone.reduction_factors.count() == 4 * span["hours"]
        assert zone.reduction_factors.filter(factor__gt=0).exists()


def test_the_highest_hour_lies_in_the_present_week_and_passes_the_limit() -> None:
    monday = clock.now().astimezone(load.LOCAL).date()
    monday -= timedelta(days=monday.weekday())
    for zone in derms.ControlZone.objects.all():
        highest = zone.load.latest("metered_kw")
        assert monday <= highest.hour.astimezone(load.LOCAL).date() < monday + timedelta(days=7)
        assert highest.metered_kw is not None
        assert zone.limit_kw is not None
        assert 0.9 * highest.metered_kw < zone.limit_kw < highest.metered_kw


def test_a_forecast_is_the_mean_of_the_same_hour_on_the_four_like_weekdays_before() -> None:
    zone = derms.ControlZone.objects.get(code="CEDAR")
    hour = zone.load.latest("metered_kw")
    before = zone.load.filter(hour__in=[hour.hour - timedelta(weeks=n) for n in range(1, 5)])
    mean = sum(row.metered_kw or 0 for row in before) / 4
    assert abs(hour.forecast_kw - mean) <= 1


def test_twenty_past_events_are_closed_in_all_three_systems() -> None:
    past = derms.Event.objects.filter(state=EventState.COMPLETED)
    assert past.count() == len(PAST) == 20
    stages = derms.Stage.objects.filter(event__in=past)
    assert not stages.exclude(state=StageState.COMPLETED).exists()
    for stage in stages:
        program_event = cpm.ProgramEvent.objects.get(stage_uid=stage.uid)
        executed = LecStage.objects.get(stage_uid=stage.uid)
        counts = {stage.reserved, stage.called, program_event.participations, program_event.closed, executed.called}
        assert counts == {sum(stage.outcomes.values())}
        assert program_event.outcomes == stage.outcomes
        assert executed.handed_over_at
    assert derms.Reservation.objects.count() == cpm.Participation.objects.count()
    assert derms.DeviceOutcome.objects.count() == cpm.ParticipationOutcome.objects.count()


def test_past_events_lie_in_the_past_with_all_that_was_noted_of_them() -> None:
    now = clock.now()
    past = derms.Event.objects.filter(state=EventState.COMPLETED)
    assert not past.filter(created_at__gt=now - timedelta(days=2)).exists()
    assert not derms.Transition.objects.filter(event__in=past, at__gt=now - timedelta(days=1)).exists()
    assert not cpm.Transition.objects.filter(at__gt=now - timedelta(days=1)).exists()
    stages = derms.Stage.objects.filter(event__in=past).values("uid")
    sent = Delivery.objects.filter(message__stage_uid__in=stages)
    assert sent.exists()
    assert not sent.filter(Q(delivered_at=None) | Q(delivered_at__gt=now - timedelta(days=1))).exists()
    assert not sent.exclude(delivered_at=F("message__sent_at") + timedelta(seconds=0.5)).exists()


def test_history_of_each_past_event_is_in_order() -> None:
    for event in derms.Event.objects.filter(state=EventState.COMPLETED):
        rows = list(event.transitions.filter(stage=None).order_by("revision"))
        assert [row.revision for row in rows] == [1, 2, 3, 4, 5, 6]
        assert [row.at for row in rows] == sorted(row.at for row in rows)
        assert event.approver not in (event.author, event.submitter)


def test_devices_differ_in_their_response_rates_and_head_ends_in_their_outcomes() -> None:
    assert len({device.rate_pm for device in derms.Candidate.objects.all()}) > 3
    called = {device.device_id for device in derms.Candidate.objects.all() if device.was_called}
    assert called == set(derms.DeviceOutcome.objects.exclude(code="D1CN").values_list("device_id", flat=True))
    assert len(set(derms.DeviceOutcome.objects.values_list("code", flat=True))) >= 3


def test_one_event_is_about_to_begin_and_one_waits_for_approval() -> None:
    begins = derms.Event.objects.get(state=EventState.APPROVED)
    assert begins.schedule_due_at is not None
    assert begins.stages.earliest("starts_at").starts_at - begins.created_at < timedelta(minutes=3)
    assert begins.stages.count() == 2
    waits = derms.Event.objects.get(state=EventState.SUBMITTED)
    assert waits.approval == Approval.REQUIRED
    assert waits.stages.earliest("starts_at").starts_at.astimezone(load.LOCAL).hour == 16


def test_nothing_is_left_open_and_nobody_has_to_look_at_anything() -> None:
    assert not Delivery.objects.filter(delivered_at=None).exists()
    assert list(Alert.objects.filter(closed_at=None).values_list("key", "text")) == []


def test_alerts_about_a_past_event_are_archived_by_its_operator(settings: LazySettings) -> None:
    settings.DELIVERED_EXPECTED_PCT = 500
    play(PastEvent(3, 19, AFTERNOON), clock.now())
    event = derms.Event.objects.latest("pk")
    alert = Alert.objects.get(event_uid=event.uid)
    assert (alert.kind, alert.closed_by) == ("delivering below target", event.author.username)
    assert alert.opened_at == event.stages.aggregate(ends_at=Max("ends_at"))["ends_at"] < alert.closed_at


def test_strategies_cover_every_type_and_objective_and_one_is_archived() -> None:
    active = derms.Strategy.objects.filter(state=StrategyState.ACTIVE)
    assert active.values("type").distinct().count() == 4
    assert active.values("objective").distinct().count() == 4
    assert derms.Strategy.objects.filter(state=StrategyState.ARCHIVED).count() == 1
    assert derms.DerGroup.objects.count() == 5


def test_every_person_can_sign_in_and_has_one_role() -> None:
    for person in PEOPLE:
        user = User.objects.get(username=person.username)
        assert list(user.groups.values_list("name", flat=True)) == ([person.role] if person.role else [])
    assert user.check_password(PASSWORD)


def test_a_second_seeding_is_refused() -> None:
    with pytest.raises(CommandError, match="exists already"):
        call_command("seed_demo", devices=DEMO_DEVICES, verbosity=0)


def test_too_few_devices_are_refused() -> None:
    with pytest.raises(CommandError, match="--devices 7 is too few"):
        call_command("seed_demo", devices=7, verbosity=0)


def test_a_seeding_that_was_interrupted_goes_on_where_it_stopped() -> None:
    derms.Event.objects.filter(state=EventState.SUBMITTED).update(strategy=_other_strategy())
    derms.Event.objects.filter(state=EventState.APPROVED).update(strategy=_other_strategy())
    before = (cpm.Customer.objects.count(), derms.Event.objects.count())
    assert not seeding.is_complete()
    call_command("seed_demo", devices=DEMO_DEVICES, verbosity=0)
    assert (cpm.Customer.objects.count(), derms.Event.objects.count()) == (before[0], before[1] + 2)


def test_the_same_seed_gives_the_same_customers_and_another_seed_others() -> None:
    def fleet(prefix: str, seed: int) -> str:
        customers.add_customers(zone_code="ALDER", devices=60, seed=seed, prefix=prefix, now=clock.now())
        rows = cpm.Device.objects.filter(location__customer__number__startswith=f"{prefix}-").order_by("nic_id")
        fields = ("location__customer__name", "location__address", "location__transformer", "device_class", "rated_w")
        return hashlib.sha256(repr(list(rows.values_list(*fields))).encode()).hexdigest()

    assert fleet("X", 7) == fleet("Y", 7)
    assert fleet("Z", 8) != fleet("Y", 7)


def test_a_fleet_of_its_own_is_subscribed_to_one_program_and_to_be_told_to_derms() -> None:
    grid.add_zone(code="OAK", name="Oak Ridge", substations=1, feeders=2, transformers=3)
    program = cpm.Program.objects.get(code="COOL-SAVER")
    assert customers.add_fleet(zone_code="OAK", program_id=program.pk, devices=50, seed=3, prefix="OAK") == 50
    subscribed = cpm.SubscribedDevice.objects.filter(device__location__zone="OAK")
    assert subscribed.count() == 50
    assert set(subscribed.values_list("answer", "subscription__program__code")) == {("Pending", "COOL-SAVER")}


def test_a_flat_load_gives_a_zone_its_forecast_and_factors() -> None:
    zone = grid.add_zone(code="OAK", name="Oak Ridge", substations=1, feeders=1, transformers=1)
    start = clock.now().replace(minute=0, second=0, microsecond=0)
    load.add_flat_load(zone=zone, start=start, hours=3, load_kw=900, factor=0.5)
    load.add_flat_load(zone=zone, start=start, hours=4, load_kw=1000, factor=0.25)
    assert list(zone.load.order_by("hour").values_list("hour", "forecast_kw")) == [
        (start + n * HOUR, 1000) for n in range(4)
    ]
    assert zone.reduction_factors.filter(factor=0.25).count() == zone.reduction_factors.count() == 16


def test_the_forecast_is_moved_again_only_when_less_than_a_week_of_it_is_left() -> None:
    demo_load = derms.LoadForecast.objects.all()
    known = demo_load.aggregate(last=Max("hour"), highest=Max("metered_kw"))
    before = clock.now()
    past = list(demo_load.filter(hour__lt=before).order_by("pk").values_list("zone", "hour", "forecast_kw"))
    assert not load.refresh_forecast(known["last"] - timedelta(days=8))
    later = known["last"] - timedelta(days=6)
    assert load.refresh_forecast(later)
    assert not load.refresh_forecast(later)
    moved = demo_load.aggregate(last=Max("hour"), highest=Max("metered_kw"))
    assert (moved["last"] - known["last"]) % timedelta(weeks=1) == timedelta()
    assert moved["last"] > later + timedelta(weeks=4)
    assert abs(moved["highest"] - known["highest"]) <= 1
    assert past == list(demo_load.filter(hour__lt=before).order_by("pk").values_list("zone", "hour", "forecast_kw"))


def _other_strategy() -> derms.Strategy:
    return derms.Strategy.objects.get_or_create(
        name="A strategy nobody seeded",
        defaults={"zone": derms.ControlZone.objects.get(code="ALDER"), "type_id": "Economic", "objective": "Manual"},
    )[0]


def read_meters(now: datetime) -> int:
    """Do the work that the clock starts until nothing is left; return the pieces."""
    pieces = 0
    while left := blocks_to_read(now):
        read_block(left[0], now=now)
        pieces += 1
    return pieces


def midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(UTC).date(), time(), UTC)


def test_each_home_has_a_meter_and_as_many_as_set_have_sixty_days(settings: LazySettings) -> None:
    settings.DEMO_METERS = 40
    now = clock.now()
    assert read_meters(now) >= 1
    assert read_meters(now) == 0

    homes = cpm.DeviceLocation.objects.filter(zone__in=[zone.code for zone in grid.ZONES], left_at=None)
    assert cpm.Meter.objects.filter(number__startswith="SYN-").count() == homes.count() == cpm.Meter.objects.count()
    days = cpm.MeterDay.objects.order_by("day")
    assert days.count() == 40 * HISTORY.days
    assert (days[0].day, days.reverse()[0].day) == ((now - HISTORY).date(), (now - DAY).date())
    assert set(days.values_list("version", "interval_s")) == {(1, 900)}

    read_meters(now + DAY)
    assert days.count() == 40 * (HISTORY.days + 1), "the next day alone is added"


def test_all_meters_of_a_zone_use_less_than_the_zone_and_follow_it(settings: LazySettings) -> None:
    settings.DEMO_METERS = 999_999
    now = clock.now()
    read_meters(now)
    begins, ends = midnight(now - 40 * DAY), midnight(now)
    for zone in grid.ZONES:
        meters = list(cpm.Meter.objects.filter(location__zone=zone.code).values_list("pk", flat=True))
        read = meter_readings(meters, begins, ends, interval_s=3600)
        assert (read.quality == Quality.MISSING).mean() < 0.01
        metered = np.nansum(read.kwh, axis=0)
        hours = derms.LoadForecast.objects.filter(zone__code=zone.code, hour__gte=begins, hour__lt=ends)
        load = np.array(hours.order_by("hour").values_list("metered_kw", flat=True))
        assert load.shape == metered.shape
        assert (load - metered).min() >= 0, "the rest of the zone is never negative"
        assert np.corrcoef(load, metered)[0, 1] > 0.7


def test_meters_of_those_who_took_part_dip_in_the_event_and_rebound_after_it(settings: LazySettings) -> None:
    settings.DEMO_METERS = 999_999
    read_meters(clock.now())
    parts = sql.rows(ALL_PARTS, [DeviceClass.EV_CHARGER.value])
    assert len(parts) > 50
    dips, rebounds = [], []
    for meter, starts, ends in parts:
        start, hour = datetime.fromtimestamp(starts // 3600 * 3600, UTC), timedelta(hours=1)
        window = (start - 7 * DAY, start + 5 * hour)
        kwh = meter_readings([meter], *window, interval_s=3600).kwh[0]
        usual, then = kwh[:5], kwh[-5:]
        dips.append(then[1] - usual[1])
        after = ends // 3600 - starts // 3600 + 1
        rebounds.append(then[after] - usual[after])
    # Some fifty homes against the week before, whose means scatter by 0.3 kWh.
    assert np.nanmean(dips) < -0.5
    assert np.nanmean(rebounds) > 0.2


def test_past_events_show_their_dip_in_the_metered_load_of_their_zone() -> None:
    for event in derms.Event.objects.filter(state=EventState.COMPLETED, strategy__name="Cedar afternoon peak"):
        begins, ends = (event.stages.earliest("starts_at").starts_at, event.stages.latest("ends_at").ends_at)
        loads = event.zone.metered.filter(starts_at__range=(begins - HOUR, ends)).order_by("starts_at")
        before = [one.load_kw for one in loads if one.starts_at.hour == (begins - HOUR).hour]
        steps = dict(loads.values_list("starts_at", "load_kw"))
        assert len(before) == 4
        assert steps[begins + HOUR / 4] < steps[begins], "devices deliver from the first report on"
        hours = dict(event.zone.load.filter(hour__range=(begins, ends)).values_list("hour", "metered_kw"))
        assert hours[begins] == pytest.approx(sum(steps[begins + n * HOUR / 4] for n in range(4)) / 4, abs=1)

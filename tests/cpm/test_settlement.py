"""What participations, seasons and subscriptions are due: examples reckoned by hand, and corrections."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, connection, transaction

from cpm import operations
from cpm.models import Device, Enrollment, ProgramEvent, SettlementLine, SettlementRun, Subscription
from cpm.operations import RunChanged, RunNotAllowed, RunNotPossible
from cpm.settlement import Hours
from integration.commands.verify import violations_of
from integration.seam import clock, sealing

from .settlement import APPROVED_BY, MADE_BY, approve, day_of, lines, make, measure, method

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., ProgramEvent]

# Five devices: took part, overrode, was silent, had an error, was canceled.
ALL_OUTCOMES = {0: "D1SP", 1: "D1IO", 2: "D1ND", 3: "D1ER", 4: "D1CN"}


@pytest.fixture
def make_past(make_program_event: Make, now: datetime) -> Make:
    """Program events of one hour, from 20:00 UTC on, some days ago."""

    def make(number: str = "DR-2026-0001", *, days: int = 3, **given: Any) -> ProgramEvent:
        starts_at = now.replace(hour=20, minute=0, second=0, microsecond=0) - timedelta(days=days)
        return make_program_event(number, state="Completed", starts_in=starts_at - now, **given)

    return make


@pytest.fixture
def event(make_past: Make) -> ProgramEvent:
    return make_past(outcomes=ALL_OUTCOMES)


def verified() -> list[str]:
    return [one.what for name in ("I14", "I15", "I17") for one in violations_of(name, rest=timedelta(0))]


def test_energy_is_paid_by_the_price_of_its_interval(event: ProgramEvent, devices: list[Device]) -> None:
    """From half past on 1.00 a kWh, before 0.20: 300 Wh + 500 Wh at 0.20 and 400 Wh + 100 Wh at 1.00 are 0.66."""
    start = event.starts_at.astimezone(ZoneInfo(event.time_zone))
    half_past = start.hour * 60 + 30
    peak = [Hours(start.weekday(), half_past, half_past + 30, Decimal("1.00"))]
    energy = method("energy", "0.20", hours=peak, override_percent=50)
    measure(event, {devices[0].pk: [300, 500, 400, 100], devices[1].pk: [200, 0, 0, 0], devices[4].pk: [9, 9, 9, 9]})

    run = make(energy, day_of(event))

    # The override earns half of 0.04; silent, error and canceled ones earn nothing, whatever the meter says.
    assert lines(run) == {
        devices[0].pk: ("0.66", ""),
        devices[1].pk: ("0.02", ""),
        devices[2].pk: ("0", ""),
        devices[3].pk: ("0", ""),
        devices[4].pk: ("0", ""),
    }
    assert (run.state, run.lines, run.left_out, run.amount) == ("Draft", 5, 0, Decimal("0.68"))
    assert verified() == []


def test_a_line_is_rounded_once_and_never_below_nothing(event: ProgramEvent, devices: list[Device]) -> None:
    """25 Wh at 0.20 are half a cent: 0.01. Of 300 Wh less and 400 Wh more nothing is due; of the kWh, -0.1 are kept."""
    energy = method("energy", "0.20", override_percent=100)
    measure(event, {devices[0].pk: [10, 5, 5, 5], devices[1].pk: [300, -400, 0, 0]})

    run = make(energy, day_of(event))

    assert lines(run)[devices[0].pk] == ("0.01", "")
    assert lines(run)[devices[1].pk] == ("0", "")
    line = SettlementLine.objects.get(run_id=run.pk, program_event_id=event.pk, subject_id=devices[1].pk)
    assert line.quantity == Decimal("-0.1")


def test_what_is_not_measured_is_left_out_with_its_reason(make_past: Make, devices: list[Device]) -> None:
    event = make_past(outcomes=dict.fromkeys(range(4), "D1SP"))
    measure(event, {devices[0].pk: "event incomplete", devices[1].pk: "preliminary", devices[2].pk: [100] * 4})

    run = make(method("energy"), day_of(event))

    # The fifth device has no outcome although the stage's are in: it was never called.
    assert lines(run) == {
        devices[0].pk: (None, "event incomplete"),
        devices[1].pk: (None, "preliminary"),
        devices[2].pk: ("0.2", ""),
        devices[3].pk: (None, "no measurement"),
        devices[4].pk: (None, "not called"),
    }
    assert (run.lines, run.left_out) == (1, 4)
    assert verified() == []


def test_without_outcomes_nothing_is_paid(make_past: Make, devices: list[Device]) -> None:
    event = make_past()

    run = make(method("event", "5"), day_of(event))

    assert set(lines(run).values()) == {(None, "no outcome")}


def test_flat_amounts_and_reserved_power_follow_the_outcome(event: ProgramEvent, devices: list[Device]) -> None:
    """0.9 kW are reserved of each device."""
    flat = make(method("event", "2.50", override_percent=40), day_of(event))
    reserved = make(method("reserved", "1.25", override_percent=100, silent_percent=50), day_of(event))

    assert [amount for amount, _reason in lines(flat).values()] == ["2.5", "1", "0", "0", "0"]
    # 0.9 x 1.25 = 1.125, rounded to 1.13; half of it is 0.5625.
    assert [amount for amount, _reason in lines(reserved).values()] == ["1.13", "1.13", "0.56", "0", "0"]


def test_a_currency_without_cents_has_none(event: ProgramEvent, devices: list[Device]) -> None:
    run = make(method("reserved", "125", currency="JPY"), day_of(event))

    assert lines(run)[devices[0].pk] == ("113", "")


def test_a_season_pays_for_the_mean_of_the_highest_drops(make_past: Make, devices: list[Device]) -> None:
    """The top 40 % of five events are two: of drops of 2, 1, 3, 0.8 and 1.2 kW they are 3 and 2, the mean is 2.5 kW."""
    drops = [500, 250, 750, 200, 300]  # Wh in the best quarter of an hour
    given: dict[str, Any] = {"outcomes": {0: "D1SP", 1: "D1IO"}, "reserved": (0, 1)}
    events = [make_past(f"DR-2026-000{n}", days=9 - n, **given) for n in range(5)]
    for one, wh in zip(events, drops, strict=True):
        measure(one, {devices[0].pk: [0, wh, 0, 0], devices[1].pk: [0, wh, 0, 0]})
    season = method("drop", "30", top_percent=40, override_percent=50)

    run = make(season, day_of(events[0]), day_of(events[-1]))

    # An override earns half of its drop.
    assert lines(run) == {devices[0].pk: ("75", ""), devices[1].pk: ("37.5", "")}
    assert verified() == []


def test_of_a_season_only_measured_events_count(make_past: Make, devices: list[Device]) -> None:
    """Of three events one is not measured: the top half of two is one. Who has none measured is left out."""
    given: dict[str, Any] = {"outcomes": {0: "D1SP", 1: "D1SP"}, "reserved": (0, 1)}
    events = [make_past(f"DR-2026-000{n}", days=9 - n, **given) for n in range(3)]
    for one, wh in zip(events, (100, 300, None), strict=True):
        measure(one, {devices[0].pk: [wh] * 4 if wh else "no meter", devices[1].pk: "no meter"})

    run = make(method("drop", "10", top_percent=50), day_of(events[0]), day_of(events[-1]))

    assert lines(run) == {devices[0].pk: ("12", ""), devices[1].pk: (None, "no meter")}


def test_a_flat_season_pays_the_mean_of_what_outcomes_earn(make_past: Make, devices: list[Device]) -> None:
    events = [
        make_past("DR-2026-0001", days=5, outcomes={0: "D1SP", 1: "D1IO"}, reserved=(0, 1)),
        make_past("DR-2026-0002", days=4, outcomes={0: "D1SP", 1: "D1SP"}, reserved=(0, 1)),
        make_past("DR-2026-0003", days=3, outcomes={0: "D1SP", 1: "D1SP"}, reserved=(0, 1)),
    ]

    run = make(method("season", "25"), day_of(events[0]), day_of(events[-1]))

    # Two of three: 66.6667 % of 25 are 16.67.
    assert lines(run) == {devices[0].pk: ("25", ""), devices[1].pk: ("16.67", "")}


def test_incentives_and_fees_are_of_subscriptions(devices: list[Device], now: datetime) -> None:
    """The fleet's subscriptions began 30 days ago; one ends after 20 days."""
    first, last = (now - timedelta(days=31)).date(), (now - timedelta(days=2)).date()
    leaver, stayer = Subscription.objects.order_by("pk")[:2]
    Subscription.objects.filter(pk=leaver.pk).update(ends_at=leaver.starts_at + timedelta(days=20))

    signed_up = make(method("sign-up", "25"), first, last)
    stayed = make(method("stay", "10"), (now - timedelta(days=20)).date(), last)
    left = make(method("early exit", "40", least_days=365), first, last)

    assert (signed_up.lines, signed_up.amount) == (5, Decimal(125))
    assert leaver.pk not in lines(stayed)
    assert lines(stayed)[stayer.pk] == ("10", "")
    assert lines(left) == {leaver.pk: ("-40", "")}
    assert verified() == []


def test_who_referred_a_customer_is_paid_at_a_place_of_their_own(devices: list[Device], now: datetime) -> None:
    referred, referrer = devices[0].location, devices[1].location
    subscription = Subscription.objects.get(location=referred)
    Enrollment.objects.filter(subscription=subscription).update(referred_by=referrer.customer)

    run = make(method("referral", "15"), (now - timedelta(days=31)).date(), (now - timedelta(days=2)).date())

    line = SettlementLine.objects.get(run_id=run.pk)
    assert (line.subject_id, line.amount) == (subscription.pk, Decimal(15))
    assert (line.customer_id, line.location_id) == (referrer.customer_id, referrer.pk)


def test_what_is_found_no_more_is_taken_back(devices: list[Device], now: datetime) -> None:
    """The customer had left before the period's end, as is entered only after the incentive was approved."""
    stay, first, last = method("stay", "10"), (now - timedelta(days=20)).date(), (now - timedelta(days=2)).date()
    leaver = Subscription.objects.order_by("pk")[0]
    approve(make(stay, first, last))
    Subscription.objects.filter(pk=leaver.pk).update(ends_at=now - timedelta(days=5))

    taken_back = approve(make(stay, first, last))
    once_more = make(stay, first, last)

    assert lines(taken_back)[leaver.pk] == ("-10", "")
    assert (taken_back.amount, once_more.amount, leaver.pk in lines(once_more)) == (Decimal(-10), Decimal(0), False)
    assert verified() == []


def test_a_correction_is_the_difference_to_all_that_was_approved(event: ProgramEvent, devices: list[Device]) -> None:
    energy = method("energy", "1")
    measure(event, {devices[0].pk: [500] * 4})
    first = approve(make(energy, day_of(event)))
    measure(event, {devices[0].pk: [650] * 4})

    second = approve(make(energy, day_of(event)))
    measure(event, {devices[0].pk: "event incomplete"})
    third = make(energy, day_of(event))

    assert lines(first)[devices[0].pk] == ("2", "")
    assert (second.corrects, lines(second)[devices[0].pk]) == ([first.pk], ("0.6", ""))
    # What can't be measured any more is neither paid nor taken back.
    assert (third.corrects, lines(third)[devices[0].pk]) == ([first.pk, second.pk], (None, "event incomplete"))
    line = SettlementLine.objects.get(run_id=second.pk, program_event_id=event.pk, subject_id=devices[0].pk)
    assert (line.due, line.settled_before) == (Decimal("2.6"), Decimal(2))
    assert verified() == []


def test_a_run_is_reviewed_and_approved_by_others(event: ProgramEvent) -> None:
    run = make(method("event"), day_of(event))
    by_maker = {"run_id": run.pk, "by": MADE_BY, "now": clock.now()}

    with pytest.raises(RunNotAllowed, match="You made COOL-"):
        operations.review_settlement_run(**by_maker, revision=run.revision)
    with pytest.raises(RunNotAllowed, match="Draft; it can't be approved now"):
        operations.approve_settlement_run(
            run_id=run.pk, by=APPROVED_BY, now=clock.now(), revision=run.revision, amount=run.amount
        )
    operations.review_settlement_run(run_id=run.pk, by=APPROVED_BY, now=clock.now(), revision=run.revision)
    with pytest.raises(RunNotAllowed, match="You made COOL-"):
        operations.approve_settlement_run(**by_maker, revision=run.revision + 1, amount=run.amount)
    with pytest.raises(DatabaseError, match="settlement_run_four_eyes"):
        SettlementRun.objects.filter(pk=run.pk).update(reviewed_by=MADE_BY)


def test_what_is_approved_is_what_was_seen(event: ProgramEvent) -> None:
    run = make(method("event"), day_of(event))
    operations.review_settlement_run(run_id=run.pk, by=APPROVED_BY, now=clock.now(), revision=run.revision)
    seen = {"run_id": run.pk, "by": APPROVED_BY, "now": clock.now()}

    with pytest.raises(RunChanged):
        operations.approve_settlement_run(**seen, revision=run.revision, amount=run.amount)
    with pytest.raises(RunChanged):
        operations.approve_settlement_run(**seen, revision=run.revision + 1, amount=run.amount + 1)


def test_a_period_is_settled_by_one_run_at_a_time_and_never_in_parts(make_past: Make) -> None:
    one, other = make_past(days=5, outcomes=ALL_OUTCOMES), make_past("DR-2026-0002", days=3, outcomes=ALL_OUTCOMES)
    flat = method("event")
    run = make(flat, day_of(one), day_of(other))

    with pytest.raises(RunNotPossible, match="is open"):
        make(flat, day_of(other))
    approve(run)
    with pytest.raises(RunNotPossible, match=f"COOL-{run.pk} has settled"):
        make(flat, day_of(other))
    with pytest.raises(RunNotPossible, match="is not over"):
        make(flat, day_of(other), clock.now().date())
    with pytest.raises(RunNotPossible, match="had no event"):
        make(flat, day_of(one) - timedelta(days=9))


def test_a_discarded_run_has_no_lines_and_frees_its_period(event: ProgramEvent) -> None:
    flat = method("event")
    run = make(flat, day_of(event))

    operations.discard_settlement_run(
        run_id=run.pk, revision=run.revision, reason="wrong prices", by=MADE_BY, now=clock.now()
    )

    assert lines(run) == {}
    assert make(flat, day_of(event)).corrects == []
    assert verified() == []


def test_lines_and_approved_runs_never_change(event: ProgramEvent) -> None:
    run = approve(make(method("event"), day_of(event)))

    for change in ("UPDATE cpm_settlementline SET amount = 9", "DELETE FROM cpm_settlementline"):
        with pytest.raises(DatabaseError, match="rows are only ever added"), connection.cursor() as cursor:
            cursor.execute(change)
    with pytest.raises(DatabaseError, match=f"Settlement run {run.pk} is not changed"):
        SettlementRun.objects.update(amount=9)


def test_a_tampered_line_is_named(event: ProgramEvent, devices: list[Device]) -> None:
    run = approve(make(method("event", "5"), day_of(event)))
    assert sealing.tampered() == []

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE cpm_settlementline SET amount = 50, due = 50 WHERE subject_id = %s", [devices[0].pk])

    assert [(one.row_id, one.what) for one in sealing.tampered()] == [
        (run.pk, f"line {event.pk}/{devices[0].pk} was changed")
    ]
    assert len(verified()) > 0


def test_a_line_that_is_tampered_with_its_digest_is_found_by_its_run(event: ProgramEvent) -> None:
    run = approve(make(method("event", "5"), day_of(event)))

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM cpm_settlementline WHERE code = 'D1IO'")

    assert [(one.source, one.row_id) for one in sealing.tampered()] == [("cpm_settlementrun", run.pk)]
    assert any("has no line" in one for one in verified())

"""Program rules in device selection: what each excludes, what it allows exactly at its limit, and what lifts it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.db.models import F
from hypothesis import given, settings
from hypothesis import strategies as st

from derms.models import ControlZone, Device, Event, Program, Removal, Stage
from derms.set_operations.choosing import Chosen
from integration.seam.program_rules import RULES
from tests import factories

pytestmark = pytest.mark.django_db

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Choose = Callable[..., Chosen]


@pytest.fixture
def used(device: Callable[..., Device], event: Event, program: Program, noon: datetime) -> Callable[..., Device]:
    """A device that was reserved for stages of other events, each specified by its start from noon and its length.

    `ran` is how long they really ran, if not to their ends.
    """

    def make(
        *stages: tuple[timedelta, timedelta],
        state: str = "Completed",
        of: Program | None = None,
        ran: timedelta | None = None,
    ) -> Device:
        made = device()
        for starts, length in stages:
            start = noon + starts
            times = {} if ran is None else {"started_at": start, "ended_at": start + ran}
            window = (start, start + length)
            factories.reserved_stage(another_event(event), of or program, *window, made, state=state, **times)
        return made

    return make


def another_event(event: Event) -> Event:
    """Another event like the given one."""
    return Event.objects.create(
        number=f"PAST-{Event.objects.count()}",
        name="Past",
        zone=event.zone,
        strategy=event.strategy,
        type=event.type,
        objective=event.objective,
        author=event.author,
        last_editor=event.author,
    )


def obeying(program: Program, **rules: Any) -> None:
    Program.objects.filter(pk=program.pk).update(rules_data=rules)


# The stage runs on a Wednesday from noon to one o'clock, New York time. Rule, its value, and whether it allows that.
WHOLE = [
    ("season", {"season_start": "{day}", "season_end": "{day}"}, True),
    ("season", {"season_start": "{next}", "season_end": "{day}"}, True),
    ("season", {"season_start": "{next}", "season_end": "{next}"}, False),
    ("weekdays", {"weekdays": (2,)}, True),
    ("weekdays", {"weekdays": (0, 1, 3, 4, 5, 6)}, False),
    ("hours", {"hours_from": "12:00", "hours_until": "13:00"}, True),
    ("hours", {"hours_from": "12:01", "hours_until": "18:00"}, False),
    ("hours", {"hours_from": "08:00", "hours_until": "12:59"}, False),
    ("hours", {"hours_from": "22:00", "hours_until": "13:00"}, True),
    ("hours", {"hours_from": "22:00", "hours_until": "06:00"}, False),
    ("hours", {"hours_from": "00:00", "hours_until": "00:00"}, True),
    ("holidays", {"holidays": ("{date}",)}, False),
    ("holidays", {"holidays": ("2001-01-01",)}, True),
    ("notice", {"notice_minutes": 60}, True),
    ("notice", {"notice_minutes": 60 * 24 * 30}, False),
    ("longest", {"longest_minutes": 60}, True),
    ("longest", {"longest_minutes": 59}, False),
]


@pytest.mark.parametrize(("rule", "says", "holds"), WHOLE)
def test_a_rule_about_the_window_keeps_out_the_whole_program(
    rule: str,
    says: dict[str, Any],
    holds: bool,
    device: Callable[..., Device],
    choose: Choose,
    program: Program,
    event: Event,
    noon: datetime,
) -> None:
    device(), device()
    after = noon + DAY
    words = {"day": f"{noon:%m-%d}", "next": f"{after:%m-%d}", "date": f"{noon:%Y-%m-%d}"}
    filled = {name: _filled(value, words) for name, value in says.items()}
    obeying(program, **filled)

    expected = (2, {}) if holds else (0, {f"rule: {RULES[rule].reason}": 2})
    assert (choose().devices, choose().left_out) == expected

    obeying(program, **filled, overridable=[rule])
    assert (choose().devices, choose().left_out) == expected
    Event.objects.filter(pk=event.pk).update(overridden_rules=[rule])
    assert choose().devices == 2
    obeying(program, **filled)
    assert (choose().devices, choose().left_out) == expected


def _filled(value: Any, words: dict[str, str]) -> Any:
    if isinstance(value, str):
        return value.format(**words)
    return [_filled(one, words) for one in value] if isinstance(value, tuple) else value


# Rule, its limit, stages the device was in (start from noon, length), and whether it allows one more.
COUNTED = [
    ("events_per_day", 0, [], False),
    ("events_per_day", 1, [(-12 * HOUR, HOUR)], False),
    ("events_per_day", 1, [(-13 * HOUR, HOUR)], True),
    ("events_per_day", 1, [(11 * HOUR, 2 * HOUR)], False),
    ("events_per_day", 1, [(12 * HOUR, HOUR)], True),
    ("events_per_day", 2, [(-2 * HOUR, HOUR), (2 * HOUR, HOUR)], False),
    ("events_per_week", 0, [], False),
    ("events_per_week", 1, [(-DAY, HOUR)], False),
    ("events_per_week", 1, [(-3 * DAY, HOUR)], True),
    ("events_per_week", 2, [(-DAY, HOUR)], True),
    ("events_per_month", 0, [], False),
    ("events_per_month", 1, [(-2 * HOUR, HOUR)], False),
    ("events_per_month", 1, [(-32 * DAY, HOUR)], True),
    ("events_per_season", 0, [], False),
    ("events_per_season", 1, [(-2 * HOUR, HOUR)], False),
    ("hours_per_week", 2, [(-DAY, HOUR)], True),
    ("hours_per_week", 2, [(-DAY, HOUR), (-2 * HOUR, HOUR)], False),
    ("hours_per_month", 0, [], False),
    ("hours_per_month", 3, [(-3 * HOUR, 2 * HOUR)], True),
    ("hours_per_month", 3, [(-3 * HOUR, 2.5 * HOUR)], False),
    ("hours_per_season", 1, [], True),
    ("hours_per_season", 1, [(-2 * HOUR, HOUR)], False),
    ("consecutive_days", 1, [(-DAY, HOUR)], False),
    ("consecutive_days", 1, [(-2 * DAY, HOUR), (2 * DAY, HOUR)], True),
    ("consecutive_days", 2, [(-DAY, HOUR)], True),
    ("consecutive_days", 2, [(-DAY, HOUR), (-2 * DAY, HOUR)], False),
    ("consecutive_days", 2, [(-DAY, HOUR), (DAY, HOUR)], False),
    ("consecutive_days", 2, [(DAY, HOUR), (2 * DAY, HOUR)], False),
    ("gap_minutes", 60, [(-2 * HOUR, HOUR)], True),
    ("gap_minutes", 61, [(-2 * HOUR, HOUR)], False),
    ("gap_minutes", 60, [(2 * HOUR, HOUR)], True),
    ("gap_minutes", 61, [(2 * HOUR, HOUR)], False),
]


@pytest.mark.parametrize(("rule", "limit", "stages", "may"), COUNTED)
def test_a_rule_about_a_devices_use_counts_what_it_was_reserved_for(
    rule: str,
    limit: int,
    stages: list[tuple[timedelta, timedelta]],
    may: bool,
    used: Callable[..., Device],
    choose: Choose,
    program: Program,
    event: Event,
) -> None:
    used(*stages)
    obeying(program, **{rule: limit})
    name = "gap" if rule == "gap_minutes" else rule

    expected = (1, {}) if may else (0, {f"rule: {RULES[name].reason}": 1})
    assert (choose().devices, choose().left_out) == expected

    obeying(program, **{rule: limit}, overridable=[name])
    Event.objects.filter(pk=event.pk).update(overridden_rules=[name])
    assert choose().devices == 1


def test_a_rule_about_use_looks_at_each_device_alone(
    used: Callable[..., Device], device: Callable[..., Device], choose: Choose, program: Program
) -> None:
    used((-DAY, HOUR))
    device()
    obeying(program, events_per_week=1)

    assert (choose().devices, choose().left_out) == (1, {"rule: events per week": 1})


def test_open_reservations_count_and_canceled_ones_do_not(
    used: Callable[..., Device], choose: Choose, program: Program
) -> None:
    used((-DAY, HOUR), state="Scheduled")
    used((-DAY, HOUR), state="Canceled")
    obeying(program, events_per_week=1)

    assert (choose().devices, choose().left_out) == (1, {"rule: events per week": 1})


def test_a_stage_canceled_while_it_ran_counts(used: Callable[..., Device], choose: Choose, program: Program) -> None:
    used((-DAY, HOUR), state="Canceled", ran=MINUTE)
    obeying(program, events_per_week=1)

    assert choose().devices == 0


def test_a_program_without_a_gap_asks_for_none(used: Callable[..., Device], choose: Choose, program: Program) -> None:
    used((-HOUR, 3 * HOUR), state="Canceled", ran=HOUR)

    obeying(program, events_per_week=5)
    assert choose().devices == 1

    obeying(program, events_per_week=5, gap_minutes=0)
    assert choose().devices == 1

    obeying(program, events_per_week=5, gap_minutes=1)
    assert choose().left_out == {"rule: gap between events": 1}


def test_a_canceled_stage_blocks_nobody_in_the_rest_of_its_window(
    used: Callable[..., Device], choose: Choose, program: Program
) -> None:
    used((-HOUR, 3 * HOUR), state="Canceled", ran=80 * SECOND)

    obeying(program, events_per_week=5, gap_minutes=58)
    assert choose().devices == 1
    obeying(program, events_per_week=5, gap_minutes=59)
    assert choose().left_out == {"rule: gap between events": 1}


def test_hours_count_as_long_as_a_stage_ran(used: Callable[..., Device], choose: Choose, program: Program) -> None:
    used((-2 * HOUR, 50 * MINUTE), state="Canceled", ran=6 * SECOND)

    obeying(program, hours_per_week=1)
    assert choose().left_out == {"rule: hours per week": 1}
    Stage.objects.filter(state="New").update(ends_at=F("starts_at") + HOUR - 6 * SECOND)
    assert choose().devices == 1


def test_a_late_report_of_an_end_uses_up_no_more_than_the_window(
    used: Callable[..., Device], choose: Choose, program: Program
) -> None:
    used((-2 * HOUR, HOUR), ran=HOUR + SECOND)
    obeying(program, hours_per_week=2, gap_minutes=60)

    assert choose().devices == 1


def test_a_released_device_was_used_until_then_and_a_removed_one_was_not(
    used: Callable[..., Device], choose: Choose, program: Program, noon: datetime
) -> None:
    left = {"released": used((-4 * HOUR, 3 * HOUR)), "removed": used((-4 * HOUR, 3 * HOUR))}
    for stage in Stage.objects.filter(state="Completed"):
        for answer, one in left.items():
            Removal.objects.create(
                stage_uid=stage.uid, head_end="HE1", nic_id=one.nic_id, reason="opt-out", requested_at=noon,
                answer=answer, answered_at=noon - 3 * HOUR,
            )  # fmt: skip
    obeying(program, events_per_week=1)
    assert (choose().devices, choose().left_out) == (1, {"rule: events per week": 1})
    obeying(program, hours_per_week=2, gap_minutes=180)
    assert choose().devices == 2
    obeying(program, hours_per_week=1)
    assert choose().left_out == {"rule: hours per week": 1}
    obeying(program, gap_minutes=181)
    assert choose().left_out == {"rule: gap between events": 1}


@pytest.mark.parametrize(("adjoins", "limit", "holds"), [(0, 120, True), (0, 119, False), (1, 60, True)])
def test_adjoining_stages_of_an_event_are_one_long_event(
    adjoins: int, limit: int, holds: bool, device: Callable[..., Device], choose: Choose, program: Program,
    event: Event, noon: datetime,
) -> None:  # fmt: skip
    device()
    starts_at = noon + HOUR + adjoins * MINUTE
    Stage.objects.create(
        event=event, program=program, number=2, starts_at=starts_at, ends_at=starts_at + HOUR, control="off"
    )
    obeying(program, longest_minutes=limit)

    assert choose().left_out == ({} if holds else {"rule: longest event": 1})


def test_the_gap_begins_after_the_whole_event(
    used: Callable[..., Device], choose: Choose, program: Program, event: Event, noon: datetime
) -> None:
    used((3 * HOUR, HOUR))
    obeying(program, gap_minutes=61)
    assert choose().devices == 1
    Stage.objects.create(
        event=event, program=program, number=2, starts_at=noon + HOUR, ends_at=noon + 2 * HOUR, control="off"
    )
    assert choose().left_out == {"rule: gap between events": 1}


def test_the_gap_looks_at_all_programs_of_a_device_and_other_rules_at_one(
    used: Callable[..., Device], choose: Choose, program: Program
) -> None:
    used((-2 * HOUR, HOUR), of=factories.program("OTHER"))

    obeying(program, gap_minutes=61)
    assert choose().left_out == {"rule: gap between events": 1}
    obeying(program, gap_minutes=60, events_per_day=1, hours_per_week=1, consecutive_days=1)
    assert choose().devices == 1


@pytest.mark.parametrize(("elsewhere", "holds"), [(False, False), (True, True)])
def test_limits_count_over_the_registrations_of_a_device_at_one_place(
    elsewhere: bool, holds: bool, used: Callable[..., Device], device: Callable[..., Device], choose: Choose,
    program: Program, noon: datetime,
) -> None:  # fmt: skip
    first = used((-DAY, HOUR))
    Device.objects.filter(pk=first.pk).update(ended_at=noon - 12 * HOUR)
    first.enrollments.update(ends_at=noon - 12 * HOUR)
    again = device(nic_id=first.nic_id, limits_of=None if elsewhere else first)
    third = used((-2 * DAY, HOUR))
    Device.objects.filter(pk=third.pk).update(ended_at=noon - 6 * HOUR, nic_id=first.nic_id, limits_of=again.limits_of)
    third.enrollments.update(ends_at=noon - 6 * HOUR)

    obeying(program, events_per_week=2)

    assert choose().left_out == ({} if holds else {"rule: events per week": 1})


def test_other_programs_use_of_a_device_does_not_count(
    used: Callable[..., Device], choose: Choose, program: Program
) -> None:
    used((-DAY, HOUR), of=factories.program("OTHER"))
    obeying(program, events_per_week=1)

    assert choose().devices == 1


def test_several_stages_of_one_event_are_one_event_and_all_their_hours(
    device: Callable[..., Device], choose: Choose, program: Program, event: Event, noon: datetime
) -> None:
    made = device()
    for start in (-3 * HOUR, -2 * HOUR):
        factories.reserved_stage(event, program, noon + start, noon + start + HOUR, made)

    obeying(program, events_per_week=1, gap_minutes=600)
    assert choose().devices == 1

    obeying(program, hours_per_week=2)
    assert choose().left_out == {"rule: hours per week": 1}


@settings(max_examples=40)
@given(
    time_zone=st.sampled_from(["America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Australia/Lord_Howe"]),
    # On some day of these weeks clocks change in each of the zones but Kolkata's.
    starts_at=st.integers(0, 25 * 24 * 60).map(lambda minutes: datetime(2027, 3, 12, tzinfo=UTC) + minutes * MINUTE),
    others=st.lists(st.tuples(st.integers(0, 3), st.integers(-36 * 60, 36 * 60)), max_size=5),
    most=st.integers(0, 3),
)
def test_events_per_day_are_those_of_the_same_local_day(
    time_zone: str,
    starts_at: datetime,
    others: list[tuple[int, int]],
    most: int,
    device: Callable[..., Device],
    choose: Choose,
    program: Program,
    event: Event,
    stage: Stage,
) -> None:
    def day(minutes: int) -> date:
        return (starts_at + minutes * MINUTE).astimezone(ZoneInfo(time_zone)).date()

    with transaction.atomic():
        ControlZone.objects.filter(pk=event.zone_id).update(time_zone=time_zone)
        Stage.objects.filter(pk=stage.pk).update(starts_at=starts_at, ends_at=starts_at + HOUR)
        factories.forecast(event.zone, starts_at)
        obeying(program, events_per_day=most)
        made, events = device(), [event, *(another_event(event) for _ in range(3))]
        for n, minutes in others:
            window = (starts_at + minutes * MINUTE, starts_at + minutes * MINUTE + HOUR)
            factories.reserved_stage(events[n], program, *window, made, state="Completed")

        events_today = {n for n, minutes in others if n > 0 and day(minutes) == day(0)}
        may = len(events_today) < most
        assert choose().left_out == ({} if may else {"rule: events per day": 1})
        transaction.set_rollback(True)

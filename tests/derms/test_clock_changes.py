"""What is copied from day to day keeps its times of day, whatever the clocks do between the days."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict

from derms import operations
from derms.forms.stage_grid import rows_of, with_strategy
from derms.models import Event, Stage, Strategy
from integration.console.models import User
from integration.seam.localtime import days_later

NEW_YORK = ZoneInfo("America/New_York")


def at(text: str) -> datetime:
    """A wall time of New York; one that occurs twice is the first."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def walls(event: Event) -> list[tuple[str, str]]:
    """When each stage starts and ends, by the clocks of the zone."""
    return [
        (f"{stage.starts_at.astimezone(NEW_YORK):%a %H:%M %Z}", f"{stage.ends_at.astimezone(NEW_YORK):%a %H:%M %Z}")
        for stage in event.stages.order_by("number")
    ]


@pytest.fixture
def clone(new_event: Callable[..., Event], operator: User) -> Callable[..., Event]:
    """Clone an event with stages at these wall times, at a moment."""

    def make(*windows: tuple[str, str], now: datetime) -> Event:
        source = new_event()
        stage = source.stages.get()
        for number, (starts, ends) in enumerate(windows, start=1):
            window = {"starts_at": at(starts), "ends_at": at(ends)}
            Stage.objects.update_or_create(
                event=source, number=number, defaults={"program": stage.program, "control": stage.control, **window}
            )
        return operations.clone_event(event_id=source.pk, by=operator, now=now)

    return make


TWO_DAYS = ("2026-02-14T17:00", "2026-02-14T19:00"), ("2026-02-15T17:00", "2026-02-15T19:00")


def test_a_clone_over_the_change_in_march_keeps_the_times_of_both_days(clone: Callable[..., Event]) -> None:
    made = clone(*TWO_DAYS, now=at("2026-03-07T12:00"))
    assert walls(made) == [("Sat 17:00 EST", "Sat 19:00 EST"), ("Sun 17:00 EDT", "Sun 19:00 EDT")]


def test_a_clone_over_the_change_in_november_keeps_the_times_of_both_days(clone: Callable[..., Event]) -> None:
    made = clone(*TWO_DAYS, now=at("2026-10-31T12:00"))
    assert walls(made) == [("Sat 17:00 EDT", "Sat 19:00 EDT"), ("Sun 17:00 EST", "Sun 19:00 EST")]


def test_a_clone_of_an_event_over_a_change_keeps_its_times_on_days_without_one(clone: Callable[..., Event]) -> None:
    over = ("2026-03-07T17:00", "2026-03-07T19:00"), ("2026-03-08T17:00", "2026-03-08T19:00")
    made = clone(*over, now=at("2026-06-01T12:00"))
    assert walls(made) == [("Mon 17:00 EDT", "Mon 19:00 EDT"), ("Tue 17:00 EDT", "Tue 19:00 EDT")]


@pytest.mark.parametrize(
    ("window", "moment", "expected"),
    [
        # The hour from 2 to 3 is skipped.
        (("02:30", "03:30"), "2026-03-07T12:00", ("Sun 03:30 EDT", "Sun 04:30 EDT")),
        (("01:30", "02:30"), "2026-03-07T12:00", ("Sun 01:30 EST", "Sun 03:30 EDT")),
        (("02:15", "02:45"), "2026-03-07T12:00", ("Sun 03:15 EDT", "Sun 03:45 EDT")),
        # The hour from 1 to 2 comes twice.
        (("00:30", "02:30"), "2026-10-31T12:00", ("Sun 00:30 EDT", "Sun 02:30 EST")),
        (("01:15", "01:45"), "2026-10-31T12:00", ("Sun 01:15 EDT", "Sun 01:45 EDT")),
    ],
)
def test_a_clone_into_the_hour_of_a_change_has_a_window(
    clone: Callable[..., Event], window: tuple[str, str], moment: str, expected: tuple[str, str]
) -> None:
    made = clone((f"2026-02-14T{window[0]}", f"2026-02-14T{window[1]}"), now=at(moment))
    assert walls(made) == [expected]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-03-07T17:00", ["Sat 17:00 EST", "Sat 20:00 EST", "Sun 18:00 EDT"]),
        ("2026-10-31T17:00", ["Sat 17:00 EDT", "Sat 20:00 EDT", "Sun 18:00 EST"]),
    ],
)
def test_default_stages_of_another_day_keep_their_time_of_day(
    strategy: Strategy, new_event: Callable[..., Event], start: str, expected: list[str]
) -> None:
    stage = strategy.stages.get()
    for number, offset in ((2, 180), (3, 24 * 60 + 60)):
        stage.pk, stage.number, stage.offset_minutes = None, number, offset
        stage.save(force_insert=True)

    event = new_event(starts_at=at(start))
    assert [starts for starts, _ends in walls(event)] == expected
    typed = with_strategy(QueryDict(f"starts_at={start}"), strategy)
    moments = [at(start).astimezone(UTC) + _minutes(row["offset_minutes"][0]) for row in rows_of(typed)]
    assert [f"{moment.astimezone(NEW_YORK):%a %H:%M %Z}" for moment in moments] == expected


def _minutes(text: str) -> timedelta:
    return timedelta(minutes=float(text))


def test_no_day_later_the_second_of_two_equal_times_stays_the_second() -> None:
    second = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # 01:30 EST, an hour after 01:30 EDT
    assert days_later(second, "America/New_York", 0) == second


def test_days_later_is_the_same_time_of_day() -> None:
    assert days_later(at("2026-03-07T17:00"), "America/New_York", 1) == at("2026-03-08T17:00")
    assert days_later(at("2026-03-07T02:30"), "America/New_York", 1) == at("2026-03-08T03:30")
    assert days_later(at("2026-10-31T01:30"), "America/New_York", 1) == at("2026-11-01T01:30").astimezone(UTC)

"""The periods that rules count in, and days at the edges of the calendar and of daylight saving time."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derms.rules import BREAKS, broken_rule
from derms.set_operations.limits import rules_in_force
from integration.seam.program_limits import Span, period_spans
from integration.seam.program_rules import RULES, Kind, ProgramRules

NEW_YORK = ZoneInfo("America/New_York")
NO_RULES = ProgramRules()


def at(year: int, month: int, day: int, hour: int = 12) -> datetime:
    return datetime(year, month, day, hour, tzinfo=NEW_YORK).astimezone(UTC)


def spans(rules: ProgramRules, moment: datetime) -> dict[str, Span]:
    return {period.name: span for period, span in period_spans(rules, moment, "America/New_York").items()}


def broken(rules: ProgramRules, starts_at: datetime, hours: float = 1) -> str | None:
    return broken_rule(
        rules,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=hours),
        length=timedelta(hours=hours),
        now=starts_at - timedelta(days=1),
        time_zone="America/New_York",
        overridden=set(),
    )


def test_weeks_begin_on_monday_and_months_on_the_first_in_local_time() -> None:
    found = spans(NO_RULES, at(2026, 3, 8))  # the day on which clocks go forward

    assert found["week"] == (at(2026, 3, 2, 0), at(2026, 3, 9, 0))
    assert found["month"] == (at(2026, 3, 1, 0), at(2026, 4, 1, 0))
    assert found["season"] == (at(2026, 1, 1, 0), at(2027, 1, 1, 0))
    assert found["week"].ends_at - found["week"].starts_at == timedelta(days=7, hours=-1)


@pytest.mark.parametrize(
    ("day", "opens", "after"),
    [
        (date(2026, 12, 31), date(2026, 11, 1), date(2027, 3, 1)),
        (date(2027, 2, 28), date(2026, 11, 1), date(2027, 3, 1)),
        (date(2028, 2, 29), date(2027, 11, 1), date(2028, 3, 1)),
    ],
)
def test_a_season_may_pass_the_new_year_and_end_on_a_day_few_years_have(day: date, opens: date, after: date) -> None:
    winter = ProgramRules(season_start="11-01", season_end="02-29")

    season = spans(winter, at(day.year, day.month, day.day))["season"]

    assert season.starts_at.astimezone(NEW_YORK).date() == opens
    assert season.ends_at.astimezone(NEW_YORK).date() == after
    assert broken(winter, at(day.year, day.month, day.day)) is None


def test_a_day_outside_the_season_is_refused() -> None:
    winter = ProgramRules(season_start="11-01", season_end="02-29")

    assert broken(winter, at(2026, 7, 1)) == "rule: season dates"
    assert broken(winter, at(2027, 3, 1)) == "rule: season dates"


@pytest.mark.parametrize(
    ("hour", "hours", "holds"),
    [(22, 8, True), (23, 1, True), (0, 6, True), (21, 2, False), (5, 2, False), (12, 1, False), (22, 8.5, False)],
)
def test_hours_that_pass_midnight_hold_on_both_sides_of_it(hour: int, hours: float, holds: bool) -> None:
    night = ProgramRules.model_validate({"hours_from": "22:00", "hours_until": "06:00"})

    assert (broken(night, at(2026, 7, 1, hour), hours) is None) == holds


@pytest.mark.parametrize(
    ("day", "hour", "hours", "holds"),
    [(24, 22, 2, True), (24, 22, 4, False), (25, 12, 1, False), (25, 23, 4, False), (26, 0, 1, True)],
)
def test_a_day_without_events_holds_for_every_local_day_the_window_touches(
    day: int, hour: int, hours: float, holds: bool
) -> None:
    christmas = ProgramRules(holidays=(date(2026, 12, 25),))

    assert (broken(christmas, at(2026, 12, day, hour), hours) is None) == holds


def test_each_rule_about_a_whole_stage_is_evaluated() -> None:
    whole = {rule.name for rule in RULES.values() if rule.kind in {Kind.WINDOW, Kind.LENGTH}}

    assert set(BREAKS) == whole


def test_rules_that_a_program_does_not_have_are_not_in_force() -> None:
    assert rules_in_force(NO_RULES, set()) == {}
    (field,) = rules_in_force(ProgramRules(hours_per_month=0), set())
    assert field.name == "hours_per_month"


def test_the_first_broken_rule_is_named() -> None:
    strict = ProgramRules(weekdays=(0,), longest_minutes=1)

    assert broken(strict, at(2026, 7, 1)) == "rule: allowed weekdays"


@given(
    st.floats(946_684_800, 3_786_912_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.dates(date(2000, 1, 1), date(2000, 12, 31)),
    st.dates(date(2000, 1, 1), date(2000, 12, 31)),
)
def test_every_period_holds_its_moment_and_a_season_is_a_year_at_most(
    moment: datetime, opens: date, closes: date
) -> None:
    rules = ProgramRules(season_start=f"{opens:%m-%d}", season_end=f"{closes:%m-%d}")

    found = spans(rules, moment)
    season = found.pop("season")

    assert all(span.starts_at <= moment < span.ends_at for span in found.values())
    assert season.ends_at - season.starts_at <= timedelta(days=367)
    in_season = broken(rules, moment) is None
    assert in_season == (season.starts_at <= moment < season.ends_at)

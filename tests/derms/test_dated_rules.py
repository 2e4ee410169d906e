"""Which rules hold for a stage: those of the local day on which it starts, compared with a plain reading."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from derms.models import Event, Program
from derms.planning.check import check_plan
from derms.queries.lists import stages_of
from derms.set_operations.counted_stages import rules_of
from integration.seam.dated_rules import DatedRules, rules_on
from integration.seam.program_rules import ProgramRules

FIRST = date(2027, 1, 1)
NEW_YORK = ZoneInfo("America/New_York")
days = st.integers(0, 40).map(lambda n: FIRST + timedelta(days=n))


def limited(events: int) -> ProgramRules:
    return ProgramRules(events_per_week=events)


@given(
    spans=st.lists(st.tuples(days, st.none() | st.integers(0, 20)), max_size=5, unique_by=lambda span: span[0]),
    day=days,
)
def test_the_pick_equals_a_plain_reading(spans: list[tuple[date, int | None]], day: date) -> None:
    """Day by day: each row of rules is written over the days it holds for, in the order in which they take effect."""
    dated = [
        DatedRules(
            effective_on=first,
            expires_on=None if length is None else first + timedelta(days=length),
            rules=limited(number),
        )
        for number, (first, length) in enumerate(spans, start=1)
    ]
    calendar = {FIRST + timedelta(days=n): 0 for n in range(41)}
    for one in sorted(dated, key=lambda one: one.effective_on):
        for each in calendar:
            if each >= one.effective_on and (one.expires_on is None or each <= one.expires_on):
                calendar[each] = one.rules.events_per_week or 0
    assert rules_on(day, limited(0), dated).events_per_week == calendar[day]


def test_rules_that_expire_before_they_take_effect_are_refused() -> None:
    with pytest.raises(ValidationError, match="can't expire before"):
        DatedRules(effective_on=FIRST, expires_on=FIRST - timedelta(days=1), rules=ProgramRules())


def test_the_local_day_of_the_start_picks(event_in: Callable[..., Event], now: datetime) -> None:
    """Schedule follows the rules of the stage's day, not those of today, and not those of its day in UTC."""
    event = event_in("New")
    stage = event.stages.get()
    day = stage.starts_at.astimezone(NEW_YORK).date()
    strict = ProgramRules(longest_minutes=30).model_dump(mode="json")
    for effective_on, is_left_out in ((day + timedelta(days=1), False), (day, True)):
        dated = [{"effective_on": str(effective_on), "expires_on": None, "rules": strict}]
        Program.objects.update(dated_rules_data=dated)
        stage.program.refresh_from_db()
        assert (rules_of(stage).longest_minutes == 30) == is_left_out
        choices = what_is_left_out(event, now)
        assert ("longest event" in choices) == is_left_out


def what_is_left_out(event: Event, now: datetime) -> str:
    """What the check of the plan says of its stage."""
    found = Event.objects.get(pk=event.pk)
    return str(check_plan(found, stages_of(found), now).stages)


def test_late_in_the_evening_the_day_is_the_zones(event_in: Callable[..., Event]) -> None:
    stage = event_in("New").stages.get()
    stage.starts_at = datetime(2027, 6, 1, 3, tzinfo=UTC)  # 31 May, 23:00 in New York
    dated = [{"effective_on": "2027-06-01", "expires_on": None, "rules": {"events_per_week": 1}}]
    stage.program.dated_rules_data = dated
    assert rules_of(stage).events_per_week is None
    stage.starts_at += timedelta(hours=1)
    assert rules_of(stage).events_per_week == 1

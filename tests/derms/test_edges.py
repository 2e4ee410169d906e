"""The edges that docs/reference/formats.md defines: where a figure, a count or a rule begins and ends."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from derms.figures.profile import Reading, StagePower, Target, figures_of, profile
from derms.models import Device, Event, Program, Stage
from derms.queries.calls import program_calls
from derms.queries.silence import never_answering
from derms.set_operations.choosing import Chosen
from tests import factories

from .test_candidates import close
from .test_selection_rules import obeying, used

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Choose = Callable[..., Chosen]
Use = Callable[..., Device]
__all__ = ["close", "used"]  # fixtures


def first_of_month(moment: datetime, months: int = 0) -> datetime:
    """Local midnight with which the month of a moment begins, or the one after so many more."""
    local = moment.astimezone(ZoneInfo("America/New_York"))
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    return datetime.combine(date(year, month + 1, 1), time(), local.tzinfo).astimezone(UTC)


@pytest.mark.parametrize(
    ("reported_kw", "outcome_kw", "peak_kw"),
    [((3.0, 5.0), None, 5.0), ((3.0, 5.0), 4.0, 5.0), ((3.0, 5.0), 6.0, 6.0), ((), 4.0, 4.0)],
    ids=["no outcomes yet", "reports above the outcomes", "outcomes above the reports", "too short for a report"],
)
def test_the_peak_is_the_highest_report_or_the_mean_of_the_outcomes_if_that_is_higher(
    noon: datetime, reported_kw: tuple[float, ...], outcome_kw: float | None, peak_kw: float
) -> None:
    reports = tuple(Reading(noon + timedelta(minutes=20 * n), kw) for n, kw in enumerate(reported_kw))
    stage = StagePower(noon, noon + HOUR, reports=reports, outcome_kw=outcome_kw)
    assert figures_of(profile([stage], Target()), now=noon + DAY).peak_kw == peak_kw


def test_calls_this_season_counts_a_stage_once_its_outcomes_are_counted(
    close: Callable[..., Stage], device: Callable[..., Device], event: Event, program: Program, noon: datetime
) -> None:
    one = device()
    factories.reserved_stage(event, program, noon, noon + HOUR, one, state="Completed")
    assert program_calls(noon)[0].counts == [(0, 1)]
    close({one.pk: ("D1SP", 1000)})
    assert program_calls(noon)[0].counts == [(1, 1)]


@pytest.mark.parametrize(("days", "is_left_out"), [(13, True), (14, False)])
def test_a_silent_device_is_called_again_from_the_14th_day_after_its_last_call(
    device: Callable[..., Device], choose: Choose, noon: datetime, days: int, is_left_out: bool
) -> None:
    one = device()
    factories.used(one, before=noon, days=days, silent_run=3)
    assert choose().left_out == ({"never answers": 1} if is_left_out else {})
    (listed,) = never_answering(noon, limit=5)
    assert (listed.called_again_on > one.zone.local_day(noon)) is is_left_out


@pytest.mark.parametrize(("begins", "counts"), [(-HOUR, False), (timedelta(), True)])
def test_a_stage_over_a_months_end_counts_with_all_its_hours_in_the_month_in_which_it_began(
    used: Use, choose: Choose, program: Program, noon: datetime, begins: timedelta, counts: bool
) -> None:
    used((first_of_month(noon) + begins - noon, 2 * HOUR))
    obeying(program, hours_per_month=2)
    assert choose().left_out == ({"rule: hours per month": 1} if counts else {})


def test_a_stage_to_choose_for_uses_up_the_month_in_which_it_begins(
    used: Use, choose: Choose, program: Program, event: Event, stage: Stage, noon: datetime
) -> None:
    starts_at = first_of_month(noon, 1) - HOUR
    used((starts_at - 3 * HOUR - noon, HOUR), (starts_at + 3 * HOUR - noon, 5 * HOUR))
    factories.forecast(event.zone, starts_at, hours=72 if abs(starts_at - noon) > 144 * HOUR else 0)
    Stage.objects.filter(pk=stage.pk).update(starts_at=starts_at, ends_at=starts_at + 2 * HOUR)
    obeying(program, hours_per_month=3)
    assert choose().left_out == {}
    obeying(program, hours_per_month=2)
    assert choose().left_out == {"rule: hours per month": 1}


IN_ORDER = {
    "allowed weekdays": {"weekdays": (0,)},
    "longest event": {"longest_minutes": 30},
    "events per week": {"events_per_week": 1},
    "hours per week": {"hours_per_week": 1},
    "gap between events": {"gap_minutes": 24 * 60},
    "consecutive days": {"consecutive_days": 1},
}


def test_a_device_that_breaks_several_rules_is_counted_under_the_first(
    used: Use, choose: Choose, program: Program
) -> None:
    used((-DAY, HOUR))
    names, found = list(IN_ORDER), []
    for n in range(len(names)):
        obeying(program, **{field: value for name in names[n:] for field, value in IN_ORDER[name].items()})
        found += choose().left_out
    assert found == [f"rule: {name}" for name in names]

"""Lines against a slow plain reading of the rules, and people who act at the same moment."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpm import operations
from cpm.models import Device, ProgramEvent, SettlementRun
from cpm.operations import RunNotPossible
from cpm.settlement import Hours
from integration.seam import clock
from integration.seam.refusals import Refused
from tests.threads import run_together

from .settlement import APPROVED_BY, MADE_BY, REVIEWED_BY, day_of, lines, make, measure, method

pytestmark = pytest.mark.django_db(transaction=True)
CODES = ["D1SP", "D1IO", "D1ND", "D1ER", "D1CN"]


@pytest.fixture
def event(make_program_event: Callable[..., ProgramEvent], now: datetime) -> ProgramEvent:
    starts_at = now.replace(hour=20, minute=0, second=0, microsecond=0) - timedelta(days=3)
    return make_program_event(state="Completed", starts_in=starts_at - now, outcomes=dict(enumerate(CODES)))


WH = st.lists(st.integers(-2000, 5000), min_size=4, max_size=4)
PRICES = st.decimals(0, 3, places=4)


@given(
    saved=st.lists(WH | st.sampled_from(["preliminary", "no meter"]), min_size=5, max_size=5),
    base=PRICES,
    peak=PRICES,
    from_minute=st.integers(0, 60),
    percents=st.lists(st.integers(0, 100), min_size=5, max_size=5),
)
@settings(max_examples=12)
def test_lines_are_what_a_slow_reading_of_the_rules_finds(
    event: ProgramEvent, devices: list[Device], saved: Any, base: Decimal, peak: Decimal, from_minute: int,
    percents: list[int],
) -> None:  # fmt: skip
    local = event.starts_at.astimezone(ZoneInfo(event.time_zone))
    begin = local.hour * 60 + from_minute
    hours = [Hours(local.weekday(), begin, begin + 30, peak)]
    names = ("success", "override", "silent", "error", "canceled")
    shares: dict[str, Any] = {f"{name}_percent": percent for name, percent in zip(names, percents, strict=True)}
    measure(event, {device.pk: one for device, one in zip(devices, saved, strict=True)})
    energy = method("energy", str(base), hours=hours, name=clock.now().isoformat(), **shares)

    found = lines(make(energy, day_of(event)))

    for device, one, percent in zip(devices, saved, percents, strict=True):
        amount, reason = found[device.pk]
        if percent == 0:
            assert (Decimal(amount or -1), reason) == (0, "")
        elif isinstance(one, str):
            assert (amount, reason) == (None, one)
        else:
            whole = sum(
                Decimal(wh) / 1000 * (peak if from_minute <= 15 * n < from_minute + 30 else base)
                for n, wh in enumerate(one)
            )
            cents = max(whole, Decimal(0)) * percent
            halves_up = (cents + Decimal("0.5")) // 1
            assert Decimal(amount or -1) == halves_up / 100


def outcome_of(act: Callable[[], object]) -> str:
    try:
        act()
    except Refused as refused:
        return type(refused).__name__
    return "done"


def test_of_two_runs_of_one_period_at_once_one_is_made(event: ProgramEvent) -> None:
    flat, day = method("event"), day_of(event)
    prices = flat.prices.get().pk

    def make_run() -> None:
        operations.make_settlement_run(
            method_id=flat.pk, prices_id=prices, starts_on=day, ends_on=day, by=MADE_BY, now=clock.now()
        )

    said = run_together(lambda: outcome_of(make_run), lambda: outcome_of(make_run))

    assert sorted(said) == [RunNotPossible.__name__, "done"]
    assert SettlementRun.objects.count() == 1


def test_a_correction_sees_what_was_approved_at_the_same_moment_or_is_refused(event: ProgramEvent) -> None:
    flat, day = method("event", "2"), day_of(event)
    run = make(flat, day)
    operations.review_settlement_run(run_id=run.pk, revision=run.revision, by=REVIEWED_BY, now=clock.now())

    def approve() -> None:
        operations.approve_settlement_run(
            run_id=run.pk, revision=run.revision + 1, amount=run.amount, by=APPROVED_BY, now=clock.now()
        )

    said = run_together(lambda: outcome_of(approve), lambda: outcome_of(lambda: make(flat, day)))

    assert said[0] == "done"
    later = SettlementRun.objects.exclude(pk=run.pk).first()
    if said[1] == "done":
        assert later is not None
        assert (later.corrects, later.amount) == ([run.pk], 0)
    else:
        assert (said[1], later) == (RunNotPossible.__name__, None)

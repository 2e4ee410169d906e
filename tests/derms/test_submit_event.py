"""Submit and Withdraw: every check of the plan, and what each action changes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from derms import operations
from derms.models import ControlZone, Event, EventType, LoadForecast, Program
from integration.console.models import User
from integration.seam.models import Message
from tests import factories

pytestmark = pytest.mark.django_db

Plan = Callable[..., Event]


@pytest.fixture
def plan(zone: ControlZone, program: Program, operator: User, now: datetime) -> Plan:
    """Create New events with an objective; stages are specified by their minutes from the first start and fields."""

    def make(*stages: tuple[int, int, dict[str, Any]], objective: str = "Load Reduction", **fields: Any) -> Event:
        strategy = factories.strategy(zone, program, objective=objective, stages=0)
        starts_at = now + timedelta(hours=2)
        event = operations.create_event(
            strategy_id=strategy.pk,
            starts_at=starts_at,
            by=operator,
            now=now,
            details=operations.EventDetails(name="Heat peak", **fields),
        )
        for begins, ends, given in stages:
            window = {
                "starts_at": starts_at + timedelta(minutes=begins),
                "ends_at": starts_at + timedelta(minutes=ends),
            }
            fields_of_stage = {"program": program, **window, **given}
            factories.add_stage(event, by=operator, now=now, **fields_of_stage)
        return event

    return make


def _refusal(event: Event, operator: User, now: datetime) -> str:
    """The sentence with which Submit refuses; it must refuse."""
    with pytest.raises(operations.EventNotSubmittable) as refused:
        operations.submit_event(event_id=event.pk, by=operator, now=now)
    assert Event.objects.get(pk=event.pk).state == "New"
    return str(refused.value)


def test_submit_asks_for_approval_and_keeps_what_shortfall_is_accepted(
    new_event: Callable[..., Event], second_operator: User, now: datetime
) -> None:
    event = new_event()

    operations.submit_event(event_id=event.pk, by=second_operator, now=now, accepted_kw=25)

    event = Event.objects.get(pk=event.pk)
    assert (event.state, event.approval, event.submitter) == ("Submitted", "required", second_operator)
    assert event.shortfall_accepted_kw == 25
    assert event.transitions.latest("revision").why == "Shortfall of up to 25 kW accepted"
    assert not Message.objects.exists()


def test_withdraw_takes_the_event_back_and_its_approval_with_it(
    event_in: Callable[..., Event], operator: User, now: datetime
) -> None:
    event = event_in("Submitted")

    operations.withdraw_event(event_id=event.pk, by=operator, now=now)

    event = Event.objects.get(pk=event.pk)
    assert (event.state, event.approval, event.submitter) == ("New", "not required", None)


@pytest.mark.parametrize("name", ["", "   "])
def test_an_event_without_a_name_is_refused(
    name: str, new_event: Callable[..., Event], operator: User, now: datetime
) -> None:
    event = new_event()
    operations.edit_event(event_id=event.pk, fields={"name": name}, by=operator, now=now)

    assert "no name" in _refusal(event, operator, now)


def test_an_event_without_a_stage_is_refused(plan: Plan, operator: User, now: datetime) -> None:
    assert "no stage" in _refusal(plan(target_kw=1), operator, now)


@pytest.mark.parametrize(("category", "lead_time_s"), [("Economic", 300), ("Emergency", 60), ("Device Test", 20)])
def test_every_start_keeps_the_lead_time_of_the_events_type(
    category: str, lead_time_s: int, new_event: Callable[..., Event], operator: User, now: datetime
) -> None:
    event = new_event()
    kind, _ = EventType.objects.update_or_create(category=category, defaults={"lead_time_s": lead_time_s})
    starts_at = event.stages.get().starts_at
    operations.edit_event(event_id=event.pk, fields={"type": kind}, by=operator, now=now)

    too_late = starts_at - timedelta(seconds=lead_time_s - 1)
    assert f"at least {lead_time_s} s of lead time" in _refusal(event, operator, too_late)

    operations.submit_event(event_id=event.pk, by=operator, now=starts_at - timedelta(seconds=lead_time_s))
    assert Event.objects.get(pk=event.pk).state == "Submitted"


def test_a_start_that_has_passed_is_refused_with_how_long_ago_it_was(
    new_event: Callable[..., Event], operator: User, now: datetime
) -> None:
    event = new_event()

    assert "should have started 1 min 00 s ago" in _refusal(
        event, operator, event.stages.get().starts_at + timedelta(minutes=1)
    )


def test_a_program_that_is_not_active_is_refused(
    new_event: Callable[..., Event], program: Program, operator: User, now: datetime
) -> None:
    event = new_event()
    Program.objects.filter(pk=program.pk).update(active=False)

    assert _refusal(event, operator, now) == (
        f"Stage 1 uses {program.name}, which is not active. "
        "Choose another program, or ask a program manager to activate it."
    )


def test_the_lead_time_is_that_of_the_earliest_stage(plan: Plan, operator: User, now: datetime) -> None:
    event = plan((60, 90, {}), (-116, -100, {}), target_kw=1)

    assert "lead time" in _refusal(event, operator, now)


def test_stages_without_a_forecast_are_refused_with_the_hours_that_lack(
    plan: Plan, zone: ControlZone, operator: User, now: datetime
) -> None:
    event = plan((0, 60, {}), target_kw=1)
    starts_at = event.stages.get().starts_at
    LoadForecast.objects.filter(
        hour__gt=starts_at - timedelta(hours=1), hour__lt=starts_at + timedelta(hours=1)
    ).delete()

    assert f"have no forecast for {zone}" in _refusal(event, operator, now)


def test_stages_of_one_program_do_not_overlap(plan: Plan, operator: User, now: datetime) -> None:
    event = plan((0, 120, {}), (30, 40, {}), (50, 60, {}), target_kw=1)

    assert "Stages 1 and 2 use Cool program at the same time" in _refusal(event, operator, now)


def test_stages_of_one_program_may_follow_one_another(plan: Plan, operator: User, now: datetime) -> None:
    event = plan((30, 60, {}), (0, 30, {}), target_kw=1)

    operations.submit_event(event_id=event.pk, by=operator, now=now, accepted_kw=0)

    assert Event.objects.get(pk=event.pk).state == "Submitted"


@pytest.mark.parametrize(
    ("objective", "fields", "sentence"),
    [
        ("Load Reduction", {}, "has no target"),
        ("Load Reduction", {"target_kw": 0}, "has no target"),
        ("Max Demand Threshold", {}, "has no threshold"),
        ("Manual", {}, "Stage 1 has no target"),
    ],
)
def test_an_objective_says_what_it_needs(
    objective: str, fields: dict[str, Any], sentence: str, plan: Plan, operator: User, now: datetime
) -> None:
    assert sentence in _refusal(plan((0, 60, {}), objective=objective, **fields), operator, now)


@pytest.mark.parametrize(
    "shares",
    [(60, 30), (60, None), (None, 100), (100, 0, 1)],
    ids=["too little", "one missing", "none left", "too much"],
)
def test_shares_of_stages_at_the_same_time_come_to_100(
    shares: tuple[int | None, ...], plan: Plan, operator: User, now: datetime
) -> None:
    stages = [
        (0, 60, {"share_pct": share, "program": factories.program(f"P{number}")}) for number, share in enumerate(shares)
    ]

    assert "do not add up to 100 %" in _refusal(plan(*stages, target_kw=1), operator, now)


def test_a_share_of_a_stage_that_runs_alone_is_spoken_of_as_one(plan: Plan, operator: User, now: datetime) -> None:
    event = plan((0, 60, {"share_pct": 40}), target_kw=1)
    with pytest.raises(operations.EventNotSubmittable, match="Stage 1 runs alone at its start, but its share is not"):
        operations.submit_event(event_id=event.pk, by=operator, now=now)


def test_shares_may_come_to_100_at_each_moment(plan: Plan, operator: User, now: datetime) -> None:
    other = factories.program("OTHER")
    event = plan(
        (0, 60, {"share_pct": 40}),
        (60, 120, {"share_pct": 40}),
        (0, 120, {"share_pct": 60, "program": other}),
        target_kw=1,
    )

    operations.submit_event(event_id=event.pk, by=operator, now=now, accepted_kw=0)

    assert Event.objects.get(pk=event.pk).state == "Submitted"

"""New Event: copied from an active strategy."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from derms import operations
from derms.choices import StrategyState
from derms.models import ControlZone, DerGroup, Event, Program, Strategy
from integration.console.models import User
from integration.seam import clock
from integration.seam.models import Message
from tests import factories

pytestmark = pytest.mark.django_db


def test_an_event_copies_its_strategy_and_the_default_stages(
    zone: ControlZone, program: Program, operator: User, now: datetime
) -> None:
    group = DerGroup.objects.create(name="Thermostats", device_classes=["thermostat"])
    plan = factories.strategy(
        zone,
        program,
        objective="Load Reduction",
        stages=2,
        stage_minutes=30,
        target_kw=12,
        description="By heat",
        call_order="reliable",
    )
    plan.stages.get(number=2).der_groups.add(group)
    starts_at = now + timedelta(hours=2)

    event = operations.create_event(
        strategy_id=plan.pk,
        starts_at=starts_at,
        by=operator,
        now=now,
        details=operations.EventDetails(name="Heat peak"),
    )

    event = Event.objects.get(pk=event.pk)
    copied = (event.state, event.name, event.description, event.zone, event.type, event.objective, event.target_kw)
    assert copied == ("New", "Heat peak", "By heat", zone, plan.type, "Load Reduction", 12)
    assert event.call_order == "reliable"
    assert (event.author, event.last_editor, event.submitter, event.approver) == (operator, operator, None, None)
    assert (event.approval, event.balance_authority_approval) == ("not required", "not required")
    first, second = event.stages.order_by("number")
    assert (first.starts_at, first.ends_at) == (starts_at, starts_at + timedelta(minutes=30))
    assert (second.starts_at, second.ends_at) == (first.ends_at, first.ends_at + timedelta(minutes=30))
    assert (list(first.der_groups.all()), list(second.der_groups.all())) == ([], [group])
    assert {stage.state for stage in (first, second)} == {"New"}
    transition = event.transitions.get()
    assert (transition.revision, transition.from_state, transition.to_state, transition.by) == (1, "", "New", "olive")
    assert not Message.objects.exists()


def test_an_event_may_have_a_name_and_a_target_of_its_own(strategy: Strategy, operator: User, now: datetime) -> None:
    event = operations.create_event(
        strategy_id=strategy.pk,
        starts_at=now,
        by=operator,
        now=now,
        details=operations.EventDetails(name="", target_kw=7, threshold_kw=9),
    )

    assert (event.name, event.target_kw, event.threshold_kw) == (strategy.name, 7, 9)


def test_a_change_of_the_strategy_leaves_its_events_alone(
    strategy: Strategy, new_event: Callable[..., Event], zone: ControlZone, program: Program
) -> None:
    event = new_event()

    operations.save_strategy(
        strategy_id=strategy.pk,
        fields={"name": "Another", "objective": "Manual"},
        stages=[{"program": program, "offset_minutes": 60, "length_minutes": 15}],
        by="olive",
        now=clock.now(),
    )

    stage = event.stages.get()
    assert Event.objects.get(pk=event.pk).objective == "Maximum Reduction"
    assert stage.ends_at - stage.starts_at == timedelta(hours=1)


def test_every_event_has_a_number_of_its_own(new_event: Callable[..., Event], now: datetime) -> None:
    numbers = {new_event().number for _ in range(5)}

    assert len(numbers) == 5
    assert all(number.startswith(f"DR-{now.year}-") for number in numbers)


def test_an_archived_strategy_makes_no_event_until_it_is_active_again(
    strategy: Strategy, new_event: Callable[..., Event]
) -> None:
    operations.move_strategy(strategy_id=strategy.pk, to=StrategyState.ARCHIVED, by="olive", now=clock.now())

    with pytest.raises(operations.StrategyArchived, match="is archived"):
        new_event()
    assert not Event.objects.exists()

    operations.move_strategy(strategy_id=strategy.pk, to=StrategyState.ACTIVE, by="olive", now=clock.now())
    assert new_event().state == "New"

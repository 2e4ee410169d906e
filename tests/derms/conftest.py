"""A stage to choose devices for."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from derms import operations
from derms.models import ControlZone, Device, Event, Program, Stage
from derms.set_operations.choosing import Chosen, choose_devices, reservation_partition, reserve_devices
from integration.console.models import User
from integration.seam import sql
from tests import factories


@pytest.fixture
def noon(now: datetime) -> datetime:
    """Noon in the test zone (New York) on the Wednesday of the week after next, so at least two days of notice."""
    wednesday = now + timedelta(days=16 - now.weekday())
    return datetime.combine(wednesday, time(12), ZoneInfo("America/New_York")).astimezone(UTC)


@pytest.fixture
def event(zone: ControlZone, program: Program, operator: User, now: datetime, noon: datetime) -> Event:
    """A New event without stages; the hours around `noon` have a forecast."""
    factories.forecast(zone, noon)
    plan = factories.strategy(zone, program, stages=0)
    return operations.create_event(
        strategy_id=plan.pk, starts_at=noon, by=operator, now=now, details=operations.EventDetails(name="Choosing")
    )


@pytest.fixture
def stage(event: Event, program: Program, noon: datetime) -> Stage:
    """A New stage from noon to one o'clock without a target."""
    return Stage.objects.create(
        event=event, program=program, number=1, starts_at=noon, ends_at=noon + timedelta(hours=1), control="off"
    )


@pytest.fixture
def device(zone: ControlZone, program: Program, noon: datetime) -> Callable[..., Device]:
    """Create devices of 1 kW that have been enrolled in the program for a year."""

    def make(**fields: Any) -> Device:
        return factories.device(zone, program, since=noon - timedelta(days=365), **fields)

    return make


@pytest.fixture
def choose(stage: Stage, now: datetime) -> Callable[..., Chosen]:
    """Return what would be chosen for the stage as it is in the database."""

    def make(goal_kw: float | None = None) -> Chosen:
        return choose_devices(_fresh(stage), goal_kw=goal_kw, now=now)

    return make


@pytest.fixture
def reserve(stage: Stage, now: datetime) -> Callable[..., list[int]]:
    """Reserve devices for the stage and return their ids, in no particular order."""

    def make(goal_kw: float | None = None) -> list[int]:
        reserve_devices(_fresh(stage), goal_kw=goal_kw, now=now)
        table = reservation_partition(stage).table
        return [pk for (pk,) in sql.rows(f"SELECT device_id FROM {table} ORDER BY device_id")]

    return make


def _fresh(stage: Stage) -> Stage:
    return Stage.objects.select_related("event__zone", "program").get(pk=stage.pk)

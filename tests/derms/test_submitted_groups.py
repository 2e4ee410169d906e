"""Devices are chosen from what was submitted: later changes of a DER group don't affect submitted events."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from derms import operations
from derms.models import ControlZone, DerGroup, Event, HeadEnd, Program, Stage
from derms.queries.lists import stages_of
from derms.set_operations.choosing import choose_devices
from integration.console.models import User
from integration.seam import clock
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(zone: ControlZone, program: Program, now: datetime) -> DerGroup:
    """A group of one device, the only one behind its head end system; the other 20 of the program are not in it."""
    other = HeadEnd.objects.create(code="OTHER", name="Other")
    factories.device(zone, program, since=now - timedelta(days=30), head_end=other)
    return DerGroup.objects.create(name="Behind another", head_end_ids=[other.pk])


@pytest.fixture
def event(new_event: Callable[..., Event], group: DerGroup) -> Event:
    made = new_event()
    made.stages.get().der_groups.add(group)
    return made


def criteria(group: DerGroup, **fields: object) -> None:
    """Change a group in the way its page does."""
    operations.save_group(group_id=group.pk, fields={"name": group.name, **fields}, by="olive", now=clock.now())


def devices(event: Event, now: datetime) -> int:
    """How many devices would be chosen for the event now."""
    (stage,) = stages_of(Event.objects.select_related("zone", "type").get(pk=event.pk))
    return choose_devices(stage, goal_kw=None, now=now).devices


def test_emptying_a_group_after_the_approval_adds_no_devices(
    event: Event, group: DerGroup, operator: User, approver: User, now: datetime
) -> None:
    operations.submit_event(event_id=event.pk, by=operator, now=now)
    operations.approve_event(event_id=event.pk, by=approver, now=now)

    criteria(group, head_end_ids=[])

    assert devices(event, now) == 1
    operations.schedule_event(event.pk, now=now)
    assert Event.objects.get().state == "Scheduled"
    assert Stage.objects.get().reserved == 1


def test_a_plan_that_can_be_edited_uses_its_groups_as_they_are_now(
    event: Event, group: DerGroup, operator: User, approver: User, now: datetime
) -> None:
    behind = group.head_end_ids
    assert devices(event, now) == 1
    criteria(group, head_end_ids=[])
    assert devices(event, now) == 21
    operations.submit_event(event_id=event.pk, by=operator, now=now)
    criteria(group, head_end_ids=behind)
    assert devices(event, now) == 21

    operations.withdraw_event(event_id=event.pk, by=operator, now=now)
    assert devices(event, now) == 1
    operations.submit_event(event_id=event.pk, by=operator, now=now)
    assert devices(event, now) == 1


def test_a_submitted_stage_knows_the_version_of_its_groups(
    event: Event, group: DerGroup, operator: User, now: datetime
) -> None:
    criteria(group, device_classes=["thermostat"])
    operations.submit_event(event_id=event.pk, by=operator, now=now)
    criteria(group, device_classes=["battery"], name="Renamed")

    (kept,) = Stage.objects.get().submitted_groups
    assert (kept["name"], kept["version"], kept["device_classes"]) == ("Behind another", 2, ["thermostat"])
    assert DerGroup.objects.get().version == 3


def test_a_stage_without_groups_is_submitted_with_none_and_stays_so(
    new_event: Callable[..., Event], group: DerGroup, operator: User, now: datetime
) -> None:
    event = new_event()
    operations.submit_event(event_id=event.pk, by=operator, now=now)
    Stage.objects.get().der_groups.add(group)
    assert devices(event, now) == 21


@pytest.mark.parametrize("criterion", ["substation_ids", "transformer_ids", "least_rate_pct"])
def test_criteria_by_place_and_response_rate_are_copied_at_submit(
    event: Event, group: DerGroup, zone: ControlZone, operator: User, now: datetime, criterion: str
) -> None:
    (substation,) = zone.substations.all()
    values: dict[str, object] = {
        "substation_ids": [substation.pk],
        "transformer_ids": [substation.feeders.get().transformers.get().pk],
        "least_rate_pct": 50,
    }
    criteria(group, **{criterion: values[criterion]})
    operations.submit_event(event_id=event.pk, by=operator, now=now)
    nobody = {"substation_ids": [0], "transformer_ids": [0], "least_rate_pct": 150}
    criteria(group, **{criterion: nobody[criterion]})

    assert Stage.objects.get().group_criteria[0][criterion] == values[criterion]
    assert devices(event, now) == 1

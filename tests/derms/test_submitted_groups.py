"""Devices are chosen from what was submitted: later changes of a DER group don't affect submitted events."""

from collections.abc import Callable
from datetime import datetime

import pytest

from derms import operations
from derms.models import DerGroup, Event, Stage
from derms.queries.lists import stages_of
from derms.set_operations.choosing import choose_devices
from integration.console.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def group() -> DerGroup:
    """A group without any device: the fleet has no batteries on this feeder."""
    return DerGroup.objects.create(name="Batteries far away", device_classes=["battery"], feeder_ids=[0])


@pytest.fixture
def event(new_event: Callable[..., Event], group: DerGroup) -> Event:
    made = new_event()
    made.stages.get().der_groups.add(group)
    return made


def criteria(group: DerGroup, **fields: object) -> None:
    """Change a group in the way its page does."""
    operations.save_group(group_id=group.pk, fields={"name": group.name, **fields})


def devices(event: Event, now: datetime) -> int:
    """How many devices would be chosen for the event now."""
    (stage,) = stages_of(Event.objects.select_related("zone", "type").get(pk=event.pk))
    return choose_devices(stage, goal_kw=None, now=now).devices


def test_emptying_a_group_after_the_approval_adds_no_devices(
    event: Event, group: DerGroup, operator: User, approver: User, now: datetime
) -> None:
    operations.submit_event(event_id=event.pk, by=operator, now=now)
    operations.approve_event(event_id=event.pk, by=approver, now=now)

    criteria(group, device_classes=[], feeder_ids=[])

    assert devices(event, now) == 0
    operations.schedule_event(event.pk, now=now)
    assert Event.objects.get().state == "Approved"
    assert Stage.objects.get().reserved == 0


def test_a_plan_that_can_be_edited_uses_its_groups_as_they_are_now(
    event: Event, group: DerGroup, operator: User, approver: User, now: datetime
) -> None:
    assert devices(event, now) == 0
    criteria(group, device_classes=[], feeder_ids=[])
    assert devices(event, now) == 20
    operations.submit_event(event_id=event.pk, by=operator, now=now)
    criteria(group, device_classes=["battery"], feeder_ids=[0])
    assert devices(event, now) == 20

    operations.withdraw_event(event_id=event.pk, by=operator, now=now)
    assert devices(event, now) == 0
    operations.submit_event(event_id=event.pk, by=operator, now=now)
    assert devices(event, now) == 0


def test_a_submitted_stage_knows_the_version_of_its_groups(
    event: Event, group: DerGroup, operator: User, now: datetime
) -> None:
    criteria(group, device_classes=["battery"])
    operations.submit_event(event_id=event.pk, by=operator, now=now)
    criteria(group, device_classes=["thermostat"], name="Renamed")

    (kept,) = Stage.objects.get().submitted_groups
    assert (kept["name"], kept["version"], kept["device_classes"]) == ("Batteries far away", 2, ["battery"])
    assert DerGroup.objects.get().version == 3


def test_a_stage_without_groups_is_submitted_with_none_and_stays_so(
    new_event: Callable[..., Event], group: DerGroup, operator: User, now: datetime
) -> None:
    event = new_event()
    operations.submit_event(event_id=event.pk, by=operator, now=now)
    Stage.objects.get().der_groups.add(group)
    assert devices(event, now) == 20

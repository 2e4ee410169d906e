"""A device that replaces another one: what its customer arranged still counts."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from cpm import operations as cpm
from cpm.models import Participation
from cpm.models.customers import Device
from cpm.models.unavailability import Unavailability
from cpm.operations.enrollment import NicIdTooLong
from derms.models import DeviceUnavailability, Event
from integration.commands.verify import violations
from integration.console.models import User
from integration.seam.settling import settle
from tests import walk
from tests.removals.conftest import allow_leaving
from tests.removals.running import device, program_event

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


@pytest.fixture
def planned(event_in: Callable[..., Event], obedient: None) -> Event:
    """An event for which nothing has been chosen yet; customers may set unavailability."""
    made = event_in("New")
    allow_leaving()
    settle()
    return made


def away(one: Device, starts_at: datetime, ends_at: datetime, now: datetime) -> Unavailability:
    (period,) = cpm.schedule_unavailability(
        device_ids=[one.pk], starts_at=starts_at, ends_at=ends_at, reason="Away", by="cora", now=now
    )
    settle()
    return period


def replace(one: Device, now: datetime) -> Device:
    new = cpm.replace_device(device_id=one.pk, nic_id="NEW0001", model="Newer model", rated_w=1000, now=now)
    settle()
    return new


def chosen(event: Event, operator: User, approver: User, now: datetime) -> set[str]:
    """The NIC ids that CPM gets as reserved."""
    walk.to("Scheduled", event, operator=operator, approver=approver, now=now)
    settle()
    rows = Participation.objects.filter(program_event_id=program_event(event.stages.get()).pk, reservation_flag=True)
    return set(
        Device.objects.filter(pk__in=list(rows.values_list("device_id", flat=True))).values_list("nic_id", flat=True)
    )


def test_a_new_device_is_not_chosen_while_its_customer_is_away(
    planned: Event, operator: User, approver: User, now: datetime
) -> None:
    old = device(1)
    period = away(old, now, now + 20 * DAY, now)

    new = replace(old, now)

    period.refresh_from_db()
    assert (period.device_id, period.version, period.saved_by) == (new.pk, 2, "system")
    known = DeviceUnavailability.objects.get(device__nic_id="NEW0001")
    assert (known.uid, known.version, known.starts_at, known.ends_at) == (period.uid, 2, now, now + 20 * DAY)
    assert not {old.nic_id, "NEW0001"} & (reserved := chosen(planned, operator, approver, now))
    assert len(reserved) == 19
    assert violations(rest=timedelta(0)) == []


def test_a_new_device_is_chosen_once_its_customer_is_back(
    planned: Event, operator: User, approver: User, now: datetime
) -> None:
    period = away(device(1), now, now + 20 * DAY, now)
    replace(device(1), now)

    cpm.cancel_unavailability(uid=period.uid, by="cora", now=now)
    settle()

    assert "NEW0001" in chosen(planned, operator, approver, now)


def test_a_period_that_is_over_stays_with_the_old_device(planned: Event, now: datetime) -> None:
    old = device(1)
    period = away(old, now, now + DAY, now)

    replace(old, now + DAY)

    period.refresh_from_db()
    assert (period.device_id, period.version) == (old.pk, 1)
    assert not DeviceUnavailability.objects.filter(device__nic_id="NEW0001").exists()


def test_a_nic_id_that_is_too_long_is_refused_with_its_length(planned: Event, now: datetime) -> None:
    with pytest.raises(NicIdTooLong, match="has 41 characters; at most 40 are kept"):
        cpm.replace_device(device_id=device(1).pk, nic_id="N" * 41, model="Newer model", rated_w=1000, now=now)
    assert Device.objects.get(pk=device(1).pk).ended_at is None

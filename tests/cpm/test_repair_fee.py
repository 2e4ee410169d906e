"""The fee for a device in repair: by the day on which that was entered, wherever the device is later."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from cpm import operations
from cpm.models import Device
from integration.commands.verify import violations_of

from .settlement import approve, lines, make, method

pytestmark = pytest.mark.django_db(transaction=True)


def repaired(device: Device, at: datetime, whereabouts: str, owner: str = "utility") -> None:
    fields = {"whereabouts": whereabouts, "owner": owner}
    operations.save_device(device_id=device.pk, fields=fields, by="cora", now=at)


def test_a_device_of_the_utility_in_repair_is_a_fee(devices: list[Device], now: datetime) -> None:
    """The first is in repair since six days; the others are the customer's, nobody's, in store, and since yesterday."""
    Device.objects.update(ended_at=now - timedelta(days=6))
    states = (("utility", "in repair"), ("customer", "in repair"), ("", "in repair"), ("utility", "in store"))
    for device, (owner, whereabouts) in zip(devices, states, strict=False):
        repaired(device, now - timedelta(days=6), whereabouts, owner)
    repaired(devices[4], now, "in repair")

    run = make(method("repair", "35"), (now - timedelta(days=9)).date(), (now - timedelta(days=2)).date())

    assert lines(run) == {devices[0].pk: ("-35", "")}
    assert not [one for name in ("I14", "I15", "I17") for one in violations_of(name, rest=timedelta(0))]


def test_the_repair_fee_stays_once_the_device_came_back(devices: list[Device], now: datetime) -> None:
    """One comes back, and breaks again, after the first run, the other before it."""
    Device.objects.update(ended_at=now - timedelta(days=7))
    fee, first, last = method("repair", "35"), (now - timedelta(days=9)).date(), (now - timedelta(days=2)).date()
    for device in devices[:2]:
        repaired(device, now - timedelta(days=6), "in repair")
    repaired(devices[1], now - timedelta(days=5), "in store")
    charged = approve(make(fee, first, last))
    repaired(devices[0], now, "in store")
    repaired(devices[0], now, "in repair")

    correction = make(fee, first, last)

    assert lines(charged) == {devices[0].pk: ("-35", ""), devices[1].pk: ("-35", "")}
    assert (correction.amount, set(lines(correction).values())) == (Decimal(0), {("0", "")})
    assert not [one for name in ("I14", "I15", "I17") for one in violations_of(name, rest=timedelta(0))]

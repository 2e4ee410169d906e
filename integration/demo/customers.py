"""The customers of the demo utility, their devices and subscriptions: rows of CPM only."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from cpm.choices import DeviceClass
from derms.controls import SHEDDABLE
from derms.models import ControlZone
from integration.seam import clock
from integration.seam.sql import analyze, execute, statement

ALL_CLASSES = tuple(DeviceClass.values)
# All devices were installed at least this long ago: before the first event of the demo's history.
INSTALLED_BEFORE = timedelta(days=70)
FIRST_NAMES = (
    "Juniper", "Marlow", "Ottoline", "Peregrine", "Clementine", "Barnaby", "Philippa", "Leopold", "Saffron", "Cosmo",
    "Tallulah", "Ignatius", "Marigold", "Rufus", "Araminta", "Cornelius", "Delphine", "Ambrose", "Rosalind", "Thaddeus",
)  # fmt: skip
LAST_NAMES = (
    "Testerby", "Sampleton", "Mockwell", "Demoford", "Exampler", "Placehold", "Fixturely", "Dummond", "Specimen",
    "Loremont", "Ipsumfield", "Trialby", "Pretendale", "Fauxworth", "Madeupson", "Notreal", "Inventley", "Proxworth",
    "Stubbington", "Figment", "Seedling", "Randomby", "Fablestone",
)  # fmt: skip
STREETS = (
    "Example Avenue",
    "Sample Street",
    "Specimen Lane",
    "Placeholder Road",
    "Demo Drive",
    "Fixture Court",
    "Mock Mews",
)


@transaction.atomic
def add_fleet(*, zone_code: str, program_id: int, devices: int, seed: int, prefix: str) -> int:
    """Invent customers with this many devices in one zone, all subscribed to one program; return the number of devices.

    All of them can be switched off, so that one control calls the whole fleet.
    `prefix` starts the customers' numbers. The enrollment load that CPM sends afterwards tells DERMS of the devices.
    """
    now = clock.now()
    add_customers(zone_code=zone_code, devices=devices, seed=seed, prefix=prefix, now=now, classes=SHEDDABLE)
    analyze("cpm_customer", "cpm_devicelocation", "cpm_device")
    return subscribe(zone_code=zone_code, program_id=program_id, seed=seed)


def add_customers(
    *, zone_code: str, devices: int, seed: int, prefix: str, now: datetime, classes: Sequence[str] = ALL_CLASSES
) -> int:
    """Invent customers with this many devices in one zone, without subscriptions; return the number of devices."""
    zone = ControlZone.objects.get(code=zone_code)
    params = {
        "zone": zone.code,
        "town": zone.name,
        "time_zone": zone.time_zone,
        "devices": devices,
        "classes": list(classes),
        "seed": seed * 10,
        "prefix": prefix,
        "installed_before": now - INSTALLED_BEFORE,
        "first_names": list(FIRST_NAMES),
        "last_names": list(LAST_NAMES),
        "streets": list(STREETS),
    }
    execute(statement("integration.demo", "add_customers"), params)
    return devices


def subscribe(
    *,
    zone_code: str,
    program_id: int,
    seed: int,
    classes: Sequence[str] = ALL_CLASSES,
    share: float = 1.0,
    compared_share: float = 0,
    is_compared: bool = False,
) -> int:
    """Subscribe a share of a zone's customers, with their devices of these classes; return the number of devices.

    `compared_share` of the customers are compared with: they are subscribed only if `is_compared`, others only if not.
    """
    params = {
        "zone": zone_code,
        "program": program_id,
        "classes": list(classes),
        "share": share,
        "seed": seed * 10 + program_id,
        "compared_share": compared_share,
        "compared_seed": seed * 10,
        "is_compared": is_compared,
    }
    return execute(statement("integration.demo", "subscribe_devices"), params)

"""Meters from a file."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from cpm.models import Meter

from .bringing import applied, checked, counts
from .samples import bring_in

pytestmark = pytest.mark.django_db(transaction=True)

FILE = "meter,service_point,interval,registers,starts_at,ends_at\n"


@pytest.fixture(autouse=True)
def places(with_samples: Callable[..., None]) -> None:
    with_samples("zones", "substations", "feeders", "transformers", "head_ends", "customers", "device_locations")


def reasons(text: str) -> list[tuple[int, str]]:
    return [(cell.line, cell.reason) for cell in checked("meters", FILE + text).refused_cells.order_by("line")]


def test_meters_are_brought_in_once_with_their_interval_registers_and_time() -> None:
    bring_in("meters")

    assert Meter.objects.count() == 4
    old, new = Meter.objects.filter(location__service_point="DE00000003").order_by("starts_at")
    assert (old.number, old.interval_s, old.registers, old.ends_at) == (
        "Z-000003",
        3600,
        "forward",
        datetime(2026, 6, 1, tzinfo=UTC),
    )
    assert (new.number, new.interval_s, new.starts_at, new.largest_kw) == ("Z-000103", 900, old.ends_at, 100)
    again = applied("meters", FILE + "Z-000103,DE00000003,15,forward,2026-06-01 00:00,\n")
    assert counts(again) == (0, 0, 1, 0)


def test_an_exchange_ends_one_meter_and_adds_the_next_in_one_file() -> None:
    applied("meters", FILE + "OLD,DE00000001,60,net,2026-01-01 00:00,\n")

    run = applied(
        "meters", FILE + "NEW,DE00000001,15,both,2026-07-01 10:30,\nOLD,DE00000001,60,net,2026-01-01,2026-07-01 10:30\n"
    )

    assert counts(run) == (1, 1, 0, 0)
    assert Meter.objects.get(number="OLD").ends_at == Meter.objects.get(number="NEW").starts_at


def test_rows_of_places_and_times_that_cannot_be_are_refused() -> None:
    bring_in("meters")

    assert reasons("X,DE0000001,15,forward,2026-01-01,\n")[0][1].startswith(
        "There is no device location with the service point “DE0000001”. Near it: DE0000000"
    )
    assert reasons("X,DE00000004,15,forward,2026-02-01,2026-01-01\n") == [(2, "The meter ends before it starts.")]
    assert reasons("X,DE00000001,15,forward,2026-02-01,\n") == [
        (2, "Meter “Z-000001” is at this place at the same time. End it first.")
    ]
    assert reasons("X,DE00000003,15,forward,2026-05-31,2026-06-01\n") == [
        (2, "Meter “Z-000003” is at this place at the same time. End it first.")
    ]
    assert reasons("X,DE00000004,10,forward,2026-02-01,\n") == [(2, "It is none of 5, 15, 30, 60.")]

"""Unavailability, reduction factors and temperatures from files."""

from datetime import UTC, datetime, timedelta

import pytest

from cpm.models import Unavailability
from derms.models import DeviceUnavailability, ReductionFactor, Temperature
from integration.seam import clock
from integration.seam.settling import settle

from .bringing import applied, apply, checked, counts
from .samples import bring_in

pytestmark = pytest.mark.django_db(transaction=True)

HEADING = "head_end,nic_id,starts_at,ends_at,reason\n"
DEVICE = "muster-klima,0000001"
TO_ENROLLED = (
    "zones", "substations", "feeders", "transformers", "head_ends", "program_types", "programs", "customers",
    "device_locations", "devices", "enrollments",
)  # fmt: skip


def periods() -> list[tuple[str, int]]:
    rows = Unavailability.objects.filter(state="Active").order_by("starts_at")
    return [(row.reason, (row.ends_at - row.starts_at).days) for row in rows]


def test_unavailability_is_scheduled_changed_and_canceled_if_the_file_is_the_whole_truth() -> None:
    bring_in(*TO_ENROLLED, "unavailability")
    assert periods() == [("Holidays", 14), ("Guests", 0)]
    assert DeviceUnavailability.objects.filter(canceled=False).count() == 2

    text = f"{HEADING}{DEVICE},2027-07-05T00:00:00+02:00,2027-07-12T00:00:00+02:00,Holidays\n"
    run = checked("unavailability", text)
    assert (counts(run), run.missing) == ((0, 1, 0, 0), 1)
    assert run.missing_shown == ["muster-klima/0000001 2027-08-20 18:00"]
    apply(run)
    assert periods() == [("Holidays", 7), ("Guests", 0)]
    assert counts(checked("unavailability", text)) == (0, 0, 1, 0)
    apply(checked("unavailability", text), ends_missing=True)
    settle()

    assert periods() == [("Holidays", 7)]
    assert DeviceUnavailability.objects.filter(canceled=False).count() == 1


def test_periods_that_can_not_be_are_refused_by_name() -> None:
    bring_in(*TO_ENROLLED, "unavailability")
    soon = clock.now() + timedelta(days=1)
    day = f"{soon:%Y-%m-%dT%H:00:00Z},{soon + timedelta(days=1):%Y-%m-%dT%H:00:00Z}"
    rows = (
        f"{DEVICE},2027-07-06T00:00Z,2027-07-06T02:00Z,in the other",
        f"{DEVICE},2027-09-02T00:00Z,2027-09-01T00:00Z,ends first",
        f"{DEVICE},2020-01-01T00:00Z,2027-07-01T00:00Z,begun",
        f"muster-klima,9999999,{day},no device",
        "muster-klima,0000011,2027-09-01,2027-09-02,its program allows none",
    )

    run = checked("unavailability", HEADING + "\n".join(rows) + "\n")

    assert [(cell.line, cell.column, cell.reason) for cell in run.refused_cells.order_by("line")] == [
        (2, "starts_at", "The device is already unavailable in part of this period."),
        (3, "ends_at", "The end is not after the start."),
        (4, "starts_at", "The start has passed; a new period starts now or later."),
        (5, "nic_id", "There is no installed device muster-klima/9999999."),
        (6, "nic_id", "No program of this device allows customer unavailability."),
    ]


def test_reduction_factors_of_hours_to_come_are_changed() -> None:
    bring_in("zones", "reduction_factors")
    hour = datetime(2027, 12, 31, 13, tzinfo=UTC)
    assert ReductionFactor.objects.get(hour=hour).factor == 0.42

    text = "Netzgebiet;Stunde;Geräteklasse;Anteil\nMUSTER;2027-12-31T13:00Z;thermostat;0,5\n"
    assert counts(applied("reduction_factors", text)) == (0, 1, 0, 0)
    assert ReductionFactor.objects.get(hour=hour).factor == 0.5

    run = checked("reduction_factors", text.replace("0,5", "1,5").replace("13:00", "13:30"))
    assert run.refused_cells.get().reason == "It is not between 0 and 1."
    run = checked("reduction_factors", text.replace("13:00", "13:30"))
    assert run.refused_cells.get().reason == "It is not the start of an hour in Europe/Berlin."


def test_temperatures_are_kept_by_hour_and_the_latest_word_counts() -> None:
    bring_in("zones", "temperatures")
    assert Temperature.objects.count() == 24
    noon = "MUSTER,2027-12-31T12:00:00Z"
    assert counts(applied("temperatures", f"zone,hour,temperature_c\n{noon},-4.5\n")) == (0, 1, 0, 0)
    assert Temperature.objects.get(hour=datetime(2027, 12, 31, 12, tzinfo=UTC)).celsius == -4.5
    assert counts(checked("temperatures", f"zone,hour,temperature_c\n{noon},71\n")) == (0, 0, 0, 1)

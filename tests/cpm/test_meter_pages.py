"""Meters on pages: found, looked at day by day, made, changed and exchanged."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.test import Client

from cpm.choices import Quality
from cpm.models import Meter
from cpm.queries.meters import location_readings
from integration.console.models import User
from integration.pages.object_log import object_log
from tests.cpm.test_meter_days import DAY, SLOTS, at, meter, place, save
from tests.pages.editing import Tab

pytestmark = pytest.mark.django_db
TYPED = {
    "number": "M-9",
    "interval_s": "900",
    "registers": "forward",
    "largest_kw": "40",
    "starts_at": "2026-07-01T00:00",
}


@pytest.fixture
def as_csr(client: Client, csr: User) -> Client:
    client.force_login(csr)
    return client


def text(client: Client, address: str) -> str:
    page = client.get(address)
    assert page.status_code == 200
    return " ".join(page.content.decode().split())


def test_a_meter_is_found_by_how_its_number_or_service_point_begins(as_csr: Client) -> None:
    save(meter("M1"), [100.0] * SLOTS)
    meter("X7", at=place("2"))
    found = text(as_csr, "/meters/?q=M")
    assert "/meters/M1/" in found
    assert "/meters/X7/" not in found
    assert "2026-07-01" in found
    assert "/meters/X7/" in text(as_csr, "/meters/?q=SP2")
    assert "No meter begins with “Q”" in text(as_csr, "/meters/?q=Q")


def test_a_meters_page_shows_gaps_flags_and_what_a_correction_changed(as_csr: Client) -> None:
    one = meter()
    wh = np.full(SLOTS, 100.0)
    wh[:8] = np.nan
    save(one, wh, quality=Quality.ESTIMATED)
    save(one, [500.0] * SLOTS)
    save(one, [100.0] * SLOTS, day=DAY + timedelta(days=2), quality=Quality.IMPOSSIBLE)

    page = text(as_csr, "/meters/M1/?day=2026-07-01&until=2026-07-03&version=1")

    assert page.count("no readings") == 33, "the days before, and the one between"
    assert "48.0" in page, "the latest version, in kWh"
    assert "Version 1: 8.8 kWh" in page
    assert "Before the correction" in page
    assert 'data-value="2.00"' in page
    assert 'data-value="0.40"' in page, "mean kW of the first version beside the latest"
    assert "more than the meter can measure" in text(as_csr, "/meters/M1/?day=2026-07-03")


def test_the_picture_is_of_local_days_and_a_night_of_changed_clocks_has_its_hours(as_csr: Client) -> None:
    save(meter(), [100.0] * SLOTS, day=date(2026, 10, 24))
    assert text(as_csr, "/meters/M1/?day=2026-10-25").count("data-value") == 8, (
        "its first two hours are on the 24th in UTC"
    )
    assert text(as_csr, "/meters/M1/?day=2026-10-25").count("<time") >= 100, "25 hours of quarters"
    assert text(as_csr, "/meters/M1/?day=2026-10-25&span=week").count("data-value") == 96


def test_a_meter_is_made_in_its_places_time_and_changed_with_a_history(as_csr: Client) -> None:
    home = place()
    address = f"/customers/1/locations/{home.pk}/meters/new/"
    assert as_csr.post(address, TYPED).status_code == 302
    made = Meter.objects.get(number="M-9")
    assert made.starts_at == datetime(2026, 6, 30, 22, tzinfo=UTC)

    tab = Tab(as_csr, "/meters/M-9/edit/")
    assert tab.send({"largest_kw": "30", "ends_at": "2026-08-01T00:00"}) == 302
    made.refresh_from_db()
    assert (made.largest_kw, made.ends_at) == (30, datetime(2026, 7, 31, 22, tzinfo=UTC))
    told = [entry.sentence for entry in object_log("meter", object=made.pk)]
    assert told[-1] == "Created"
    assert "Highest power, kW: 40 → 30" in told[0]


def test_two_meters_of_a_place_at_once_are_refused_with_the_one_in_the_way(as_csr: Client) -> None:
    home = place()
    meter("M1", at=home)
    answer = as_csr.post(f"/customers/1/locations/{home.pk}/meters/new/", TYPED)
    assert answer.status_code == 409
    assert "Meter M1 is at this place at the same time." in answer.content.decode()
    taken = as_csr.post(f"/customers/1/locations/{home.pk}/meters/new/", {**TYPED, "number": "M1"})
    assert taken.status_code == 422
    assert "There is already a meter M1." in taken.content.decode()
    assert Meter.objects.count() == 1


def test_an_exchange_ends_one_meter_and_begins_the_next_and_readings_follow(as_csr: Client) -> None:
    old = meter("M1", largest_kw=40)
    save(old, [100.0] * SLOTS)
    tab = Tab(as_csr, "/meters/M1/exchange/")
    assert tab.send({"number": "M2", "starts_at": "2026-07-01T14:00"}) == 302
    old.refresh_from_db()
    new = Meter.objects.get(number="M2")
    assert old.ends_at == new.starts_at == at(12)
    assert (new.location_id, new.interval_s, new.largest_kw, new.ends_at) == (old.location_id, 900, 40, None)

    save(new, [200.0] * SLOTS, day=DAY + timedelta(days=1))
    read = location_readings([old.location_id], at(0), at(48), interval_s=3600).kwh[0]
    assert (read[0], read[-1]) == (pytest.approx(0.4), pytest.approx(0.8))
    assert "/meters/M2/" in text(as_csr, "/meters/M1/")


def test_who_may_not_change_meters_sees_no_way_to(client: Client, program_manager: User) -> None:
    meter()
    client.force_login(program_manager)
    page = text(client, "/meters/M1/")
    assert "/edit/" not in page
    assert "/customers/" not in page
    assert client.post("/meters/M1/exchange/", TYPED).status_code == 403

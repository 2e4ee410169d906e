"""The measured report of an event, its file, and a participation's page that explains its days."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from cpm.models import Device, Measurement, ProgramEvent
from cpm.queries.measured import measured_stages, season, totals_of
from integration.console.models import User

from . import settlement
from .test_measuring import START, column, event, flat, measure, meters, save, take_on

pytestmark = pytest.mark.django_db
__all__ = ["event"]  # the fixture
REPORT = "/program-events/DR-2026-0001/measured/"


def metered(devices: list[Device]) -> None:
    """250 Wh a quarter of an hour, 100 in the event: 8 x 150 Wh saved by each of five."""
    wh = flat(5)
    wh.reshape(5, -1)[:, column(START) : column(START) + 8] = 100
    save(meters(devices), wh)


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_report_says_who_says_what(event: ProgramEvent, devices: list[Device], as_manager: Client) -> None:
    assert "Nothing measured yet" in page(as_manager, REPORT)
    metered(devices)
    measure(event)

    shown = page(as_manager, REPORT)

    # 5 x 1.2 kWh saved; 5 x 900 W expected and 800 W reported for two hours.
    assert "6 <small>kWh</small>" in shown
    assert "66 % realised" in shown
    assert "75 % of that, by the meters" in shown
    assert "3 <small>kW</small>" in shown, "measured in each hour"
    assert "Reported by Live Energy Connect: 4 kW" in shown
    assert "10 of 10: the mean of the latest ten like days." in shown
    assert 'polyline class="metered"' in shown


def downloaded(person: User, address: str) -> bytes:
    async def read() -> bytes:
        client = AsyncClient()
        await client.aforce_login(person)
        answer: Any = await client.get(address)
        return b"".join([part async for part in answer.streaming_content])

    return async_to_sync(read)()


def test_the_lines_come_as_csv_and_parquet(event: ProgramEvent, devices: list[Device], program_manager: User) -> None:
    metered(devices)
    measure(event)
    address = "/program-events/DR-2026-0001/1/measured/export/"

    rows = list(csv.DictReader(io.StringIO(downloaded(program_manager, address).decode("utf-8-sig"))))

    assert len(rows) == 5
    assert (rows[0]["NIC id"], rows[0]["Saved Wh"], rows[0]["Measured W"]) == ("N0000001", "1200", "600")
    assert (rows[0]["Baseline Wh per interval"], rows[0]["Like days that count"]) == (" ".join(["250"] * 8), "10")
    assert downloaded(program_manager, address + "?format=parquet")[:4] == b"PAR1"


def test_a_participation_explains_its_days(event: ProgramEvent, devices: list[Device], as_csr: Client) -> None:
    metered(devices)
    measure(event)
    shown = page(as_csr, f"/program-events/DR-2026-0001/1/participation/HE1/{devices[0].nic_id}/")
    assert "Tue 21 Jul: counts" in shown
    assert "weekends and holidays: " in shown
    assert "1.20 <small>kWh</small>" in shown


def test_a_manager_has_it_measured_again_and_sees_how_far_it_is(
    event: ProgramEvent, devices: list[Device], as_manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cpm.operations.measuring.A_PART", 2)
    metered(devices)
    again = REPORT + "again/"
    assert "new version of its results" in page(as_manager, again)
    answer = as_manager.post(again, {"request_key": "k" * 32})
    assert (answer.status_code, answer["Location"]) == (302, REPORT)
    made = Measurement.objects.get()
    assert made.asked_by
    take_on(made, most=1)
    assert "Stage 1 is being measured: 2 of 5 participations." in page(as_manager, REPORT)
    assert "all are being measured already" in page(as_manager, again)


def test_a_season_adds_up_what_was_measured_and_is_a_file(
    event: ProgramEvent, devices: list[Device], as_manager: Client, program_manager: User
) -> None:
    metered(devices)
    measure(event)
    season = f"/programs/{event.program.code}/season/"
    shown = page(as_manager, season + "?day=2026-07-01")
    assert "1 of 1 stages measured" in shown
    assert "6 <small>kWh</small>" in shown
    assert "nothing is settled" in shown
    assert "0 of 5 participations" in shown, "opted out"
    groups = shown[shown.index('<h2 class="card-title">Head end</h2>') :]
    assert groups.index("HE1") < groups.index("6 <small>kWh</small>") < groups.index("66 %") < groups.index("75 %")
    assert "0 of 0 stages measured" in page(as_manager, season + "?day=2025-07-01")
    text = downloaded(program_manager, season + "export/?day=2026-07-01").decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["Saved Wh"], row["Called"], row["Expected of measured W"]) == ("6000", "5", "4500")
    text = downloaded(program_manager, season + "groups/export/?day=2026-07-01").decode("utf-8-sig")
    by_group = {(one["Sums of"], one["Name"]): one for one in csv.DictReader(io.StringIO(text))}
    assert {of for of, _name in by_group} == {"segment", "head end", "device class", "feeder"}
    head_end = by_group["head end", "HE1"]
    assert (head_end["Participations"], head_end["Measured"], head_end["Saved Wh"]) == ("5", "5", "6000")
    assert (head_end["Expected of measured Wh"], head_end["Reported of measured Wh"]) == ("9000", "8000")


def test_a_season_says_what_a_saved_kwh_cost_once_it_is_approved(
    event: ProgramEvent, devices: list[Device], as_manager: Client
) -> None:
    """5 x 1.2 kWh at 0.50: 3.00; a draft is nothing paid."""
    metered(devices)
    measure(event)
    run = settlement.make(settlement.method("energy", "0.50"), settlement.day_of(event))
    season = f"/programs/{event.program.code}/season/?day=2026-07-01"
    assert "nothing is settled" in page(as_manager, season)
    settlement.approve(run)
    shown = page(as_manager, season)
    assert "<dd>0.50 USD</dd>" in shown
    assert "3.00 USD settled" in shown


def test_where_nothing_could_be_measured_no_figure_is_zero(
    event: ProgramEvent, devices: list[Device], as_manager: Client, program_manager: User
) -> None:
    """Live Energy Connect reported, and no meter has readings."""
    meters(devices)
    measure(event)
    (stage,) = measured_stages(event.event_number)
    assert stage.total
    assert (stage.total.participations, stage.total.measured) == (5, 0)
    totals = totals_of([stage])
    assert (totals.saved_wh, totals.expected_wh, totals.reported_wh, totals.rebound_wh) == (None, None, None, None)
    shown = page(as_manager, REPORT)
    assert "no participation could be measured" in shown
    assert "0 <small>kWh</small>" not in shown
    season = f"/programs/{event.program.code}/season/"
    assert "No participation could be measured." in page(as_manager, season + "?day=2026-07-01")
    text = downloaded(program_manager, season + "export/?day=2026-07-01").decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["Called"], row["Measured"], row["Saved Wh"], row["Rebound Wh"]) == ("5", "0", "", "")


def test_a_stage_is_of_the_season_of_its_own_day(event: ProgramEvent) -> None:
    """20:00 on New Year's Eve in New York is the next year in UTC."""
    late = datetime(2026, 12, 31, 20, tzinfo=ZoneInfo(event.time_zone))
    ProgramEvent.objects.filter(pk=event.pk).update(starts_at=late, ends_at=late + timedelta(hours=2), started_at=late)
    of_year = {year: season(event.program_id, date(year, 1, 1), date(year + 1, 1, 1)) for year in (2026, 2027)}
    assert late.astimezone(UTC).year == 2027
    assert [[one.event.pk for one in found] for found in of_year.values()] == [[event.pk], []]


def test_it_is_for_program_managers(event: ProgramEvent, as_csr: Client) -> None:
    assert as_csr.get(REPORT).status_code == 403

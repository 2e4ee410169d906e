"""Devices that never answer: the work list, since when, last heard, filters, pages of rows and files."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.test import Client

from derms.models import ControlZone, Device, Event, HeadEnd, HeardDevice, Program
from derms.queries.silence import SilentChoice, last_heard, never_answering, never_answering_count
from derms.set_operations.candidates import fade_rates, lock_candidates
from integration.console.models import User
from integration.seam import sql
from tests import factories
from tests.derms.test_stage_page import exported

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PAGE = "/calls/never-answer/"
Make = Callable[..., Event]


@pytest.fixture
def devices(zone: ControlZone, program: Program, now: datetime) -> list[Device]:
    """Four devices of 1, 2, 3 and 4 kW; all but the last were silent in three calls."""
    made = [
        factories.device(zone, program, since=now - 60 * DAY, nic_id=f"S{n}", rated_w=1000 * n) for n in (1, 2, 3, 4)
    ]
    for device in made:
        factories.used(device, before=now, silent_run=3 if device.rated_w < 4000 else 2)
    return made


@pytest.fixture
def called(new_event: Make, program: Program, devices: list[Device], now: datetime) -> datetime:
    """The first device took part eight days ago and was silent on the three days after; returns the first of these."""
    for days, code in ((8, "D1SP"), (7, "D1ND"), (6, "D1ND"), (5, "D1ND")):
        starts = now - days * DAY
        stage = factories.reserved_stage(
            new_event(), program, starts, starts + HOUR, devices[0], state="Completed", started_at=starts
        )
        factories.outcomes(stage, {devices[0].pk: code})
    return now - 7 * DAY


def nics(now: datetime, **chosen: str) -> list[str]:
    return [row.nic_id for row in never_answering(now, SilentChoice(**chosen), limit=10)]


def test_the_strongest_come_first_with_the_figures_of_the_whole_list(
    devices: list[Device], program: Program, zone: ControlZone, now: datetime
) -> None:
    rows = never_answering(now, limit=2)
    assert [row.nic_id for row in rows] == ["S3", "S2"]
    assert {(row.devices, row.devices_w, row.programs, row.zone) for row in rows} == {
        (3, 6000, program.name, zone.code)
    }
    assert rows[0].last_called_on == zone.local_day(now)
    assert rows[0].called_again_on == zone.local_day(now) + 14 * DAY
    (last,) = never_answering(now, after=(rows[1].rated_w, rows[1].device_id), limit=2)
    assert (last.nic_id, last.devices) == ("S1", 3)


def test_since_when_is_the_first_silent_call_after_it_was_last_heard(
    devices: list[Device], called: datetime, now: datetime
) -> None:
    row = never_answering(now, SilentChoice(q="S1"), limit=1)[0]
    assert (row.heard_at, row.silent_since) == (called - DAY, called)

    HeardDevice.objects.create(device=devices[0], at=called + DAY / 2, answer="offline", answered_at=called + DAY)
    row = never_answering(now, SilentChoice(q="S1"), limit=1)[0]
    assert (row.heard_at, row.silent_since) == (called + DAY / 2, called + DAY)
    assert (row.answer, row.answered_at) == ("offline", called + DAY)


@pytest.mark.parametrize(
    ("code", "is_heard"), [("D1SP", True), ("D1IO", True), ("D1ER", True), ("D1ND", False), ("D1CN", False)]
)
def test_every_report_but_silence_and_a_call_that_never_came_is_heard(
    devices: list[Device], new_event: Make, program: Program, now: datetime, code: str, is_heard: bool
) -> None:
    starts = now - DAY
    stage = factories.reserved_stage(
        new_event(), program, starts, starts + HOUR, devices[0], state="Completed", started_at=starts
    )
    factories.outcomes(stage, {devices[0].pk: code})
    assert last_heard([devices[0].pk]) == ({devices[0].pk: starts} if is_heard else {})


def test_a_device_that_was_released_while_it_ran_was_heard_until_then(
    devices: list[Device], new_event: Make, program: Program, now: datetime
) -> None:
    starts = now - DAY
    stage = factories.reserved_stage(
        new_event(), program, starts, starts + HOUR, devices[0], state="Completed", started_at=starts
    )
    factories.outcomes(stage, {devices[0].pk: "D1CN"})
    sql.execute("UPDATE derms_outcome SET started_at = %s, ended_at = %s", [starts, starts + HOUR / 2])
    assert last_heard([devices[0].pk]) == {devices[0].pk: starts + HOUR / 2}


@pytest.mark.usefixtures("devices")
def test_filters_by_program_head_end_zone_and_nic_id(zone: ControlZone, program: Program, now: datetime) -> None:
    south, other = factories.zone("SOUTH"), Program.objects.create(code="HEAT", name="Heat program")
    far = HeadEnd.objects.create(code="FAR", name="Far")
    made = factories.device(south, other, since=now - DAY, nic_id="T1", head_end=far, rated_w=9000)
    factories.used(made, before=now, silent_run=4)

    assert nics(now) == ["T1", "S3", "S2", "S1"]
    assert (
        nics(now, program="HEAT") == nics(now, head_end="FAR") == nics(now, zone="SOUTH") == nics(now, q="T") == ["T1"]
    )
    assert nics(now, program=program.code) == nics(now, zone=zone.code) == ["S3", "S2", "S1"]
    assert nics(now, program=program.code, zone="SOUTH") == []
    assert never_answering_count(now, SilentChoice(zone=zone.code), most=2) == 2


def test_a_device_of_two_programs_is_listed_once_with_both(
    devices: list[Device], program: Program, now: datetime
) -> None:
    other = Program.objects.create(code="HEAT", name="A heat program")
    devices[0].enrollments.create(program=other, starts_at=now - DAY)
    (row,) = never_answering(now, SilentChoice(q="S1"), limit=5)
    assert row.programs == f"A heat program, {program.name}"
    assert nics(now, program="HEAT") == ["S1"]


def test_whoever_is_not_enrolled_any_more_is_not_on_the_list(devices: list[Device], now: datetime) -> None:
    devices[0].enrollments.update(ends_at=now - HOUR)
    assert nics(now) == ["S3", "S2"]


def test_the_page_has_pages_a_filter_and_a_file(
    devices: list[Device], client: Client, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(operator)
    monkeypatch.setattr("derms.views.silent.SIZE", 2)
    first = client.get(PAGE)
    text = " ".join(first.content.decode().split())
    assert "3 devices, 6" in text
    assert [row.nic_id for row in first.context["page"].rows] == ["S3", "S2"]
    second = client.get(PAGE + first.context["page"].next_url)
    assert [row.nic_id for row in second.context["page"].rows] == ["S1"]
    assert client.get(f"{PAGE}?after=nowhere").status_code == 400
    assert client.get(f"{PAGE}?zone=NOWHERE").status_code == 422

    heading, row = exported(client, f"{PAGE}export/?q=S1")
    assert heading.removeprefix("\ufeff") == (
        "Head end,NIC id,Program,Control zone,Rated (W),Silent since,Last heard,Last check,Checked at,Last called,"
        "Called again from"
    )
    assert row.startswith("HE1,S1,")


def test_a_csr_finds_the_customer_and_checks_several_devices(
    zone: ControlZone, program: Program, client: Client, csr: User, now: datetime
) -> None:
    factories.fleet(zone, program, 2, since=now - 30 * DAY)
    sql.execute("UPDATE derms_candidate SET silent_run = 3, last_called_on = %s", [zone.local_day(now)])
    client.force_login(csr)
    page = client.get(PAGE).content.decode()
    assert "/customers/?q=N0000001" in page
    assert 'value="HE1/N0000001"' in page

    posted = client.post("/devices/check/", {"device": ["HE1/N0000001", "HE1/N0000002"], "back": PAGE}, follow=True)
    assert "Live Energy Connect was asked about 2 devices" in posted.content.decode()


def test_what_the_last_check_found_is_on_the_list_and_on_the_device_s_page(
    devices: list[Device], client: Client, operator: User, now: datetime
) -> None:
    client.force_login(operator)
    assert "Last status check" not in client.get("/devices/HE1/S1/").content.decode()
    HeardDevice.objects.create(device=devices[0], answer="offline", answered_at=now - HOUR)

    assert "Offline" in client.get(f"{PAGE}?q=S1").content.decode()
    page = client.get("/devices/HE1/S1/").content.decode()
    assert "Last status check" in page
    assert "Offline" in page


def test_the_list_reads_an_index_in_each_zone_s_candidates_also_after_these_were_renewed(
    devices: list[Device], zone: ControlZone, now: datetime
) -> None:
    assert _indexes(zone) == 1
    with transaction.atomic():
        lock_candidates()
        fade_rates(zone, now=now).attach()
    assert _indexes(zone) == 1
    assert [row.nic_id for row in never_answering(now, limit=10)] == ["S3", "S2", "S1"]


def _indexes(zone: ControlZone) -> int:
    query = "SELECT count(*) FROM pg_indexes WHERE tablename = %s AND indexdef LIKE '%%(silent_run >= 3)%%'"
    return int(sql.value(query, [f"derms_candidate_{zone.pk}"]))


def test_who_may_not_check_or_see_customers_only_reads(devices: list[Device], client: Client, approver: User) -> None:
    client.force_login(approver)
    page = client.get(PAGE).content.decode()
    assert "S1" in page
    assert "Check status" not in page
    assert "/customers/" not in page


def test_if_every_device_answers_the_page_says_so(client: Client, operator: User) -> None:
    client.force_login(operator)
    assert "Every device answers" in client.get(PAGE).content.decode()
    assert "No matching devices" in client.get(f"{PAGE}?q=S").content.decode()


def test_lists_and_pages_show_when_a_device_was_last_heard(
    devices: list[Device], called: datetime, client: Client, operator: User
) -> None:
    client.force_login(operator)
    listed = client.get("/devices/?q=S").context["extra"]
    assert [listed[device.pk]["heard_at"] for device in devices] == [called - DAY, None, None, None]
    page = client.get("/devices/HE1/S1/")
    assert page.context["heard_at"] == called - DAY
    assert "Last heard" in page.content.decode()

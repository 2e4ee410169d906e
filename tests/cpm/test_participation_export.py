"""Exports of Event Participation: everything the page shows, and nothing that a spreadsheet would execute."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from cpm.models.customers import Customer, Device
from cpm.models.program_events import ProgramEvent
from integration.console.models import User

Make = Callable[..., ProgramEvent]
EXPORT = "/program-events/participation/export/"
MIXED = {0: "D1SP", 1: "D1SP", 2: "D1IO", 3: "D1ER"}


def exported(person: User, query: str = "") -> list[list[str]]:
    async def read() -> str:
        client = AsyncClient()
        await client.aforce_login(person)
        answer: Any = await client.get(f"{EXPORT}?{query}")
        assert answer["Content-Disposition"] == 'attachment; filename="event-participation.csv"'
        content = b"".join([part async for part in answer.streaming_content])
        assert content.startswith(b"\xef\xbb\xbf"), "the mark by which Excel knows the encoding"
        return content.decode("utf-8-sig")

    return list(csv.reader(io.StringIO(async_to_sync(read)())))


def test_the_file_holds_what_the_page_shows(make_program_event: Make, csr: User) -> None:
    make_program_event(state="Completed", outcomes=MIXED)
    header, *rows = exported(csr, "outcome=D1SP")
    row = dict(zip(header, rows[0], strict=True))
    event = ProgramEvent.objects.get()
    assert len(rows) == 2
    assert row == {
        "Program event": "DR-2026-0001", "Stage": "1", "Program": "COOL", "Head end": "HE1", "NIC id": "N0000001",
        "Class": "Thermostat", "Model": "Test model", "Customer": "NC1", "Customer name": "Testa Customer 1",
        "Account": "NA1", "Reservation flag": "Yes", "Status": "Closed", "Reserved from": event.starts_at.isoformat(),
        "Reserved until": event.ends_at.isoformat(), "Preemptive Opt-Out": "No", "Outcome": "D1SP",
        "Outcome in words": "Successful participation", "Actual start": event.starts_at.isoformat(),
        "Actual end": event.ends_at.isoformat(), "Expected (W)": "900", "Reduction (W, reported)": "800", "Error": "",
    }  # fmt: skip


def test_the_file_reads_on_page_after_page(
    make_program_event: Make, csr: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_program_event("DR-2026-0001")
    make_program_event("DR-2026-0002", reserved=(0, 1))
    monkeypatch.setattr("cpm.views.participations.PAGE", 2)
    nic_ids = [row[4] for row in exported(csr)[1:]]
    assert nic_ids == ["N0000001", "N0000002", "N0000001", "N0000002", "N0000003", "N0000004", "N0000005"]


def test_no_cell_of_the_file_is_a_formula(make_program_event: Make, csr: User) -> None:
    Customer.objects.filter(number="NC4").update(name='=HYPERLINK("http://example.invalid")')
    Device.objects.filter(nic_id="N0000004").update(model="@SUM(A1)")
    make_program_event(state="Completed", outcomes={3: "D1ER"}, reserved=(3,))
    header, row = exported(csr)
    cells = dict(zip(header, row, strict=True))
    assert cells["Customer name"] == '\'=HYPERLINK("http://example.invalid")'
    assert cells["Model"] == "'@SUM(A1)"
    assert cells["Error"] == "'=the device said nothing"


def test_the_file_of_a_program_manager_has_no_customers(make_program_event: Make, program_manager: User) -> None:
    make_program_event()
    header, *rows = exported(program_manager)
    assert not [title for title in header if "Customer" in title or "Account" in title]
    assert not [cell for row in rows for cell in row if "Testa" in cell]


def test_a_file_of_a_filter_that_is_wrong_is_refused(make_program_event: Make, as_csr: Client) -> None:
    make_program_event()
    assert as_csr.get(f"{EXPORT}?program_event=nonsense").status_code == 422

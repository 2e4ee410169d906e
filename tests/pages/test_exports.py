"""Exported files that people open in spreadsheets."""

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZipFile

import pyarrow.parquet
import pytest
from asgiref.sync import async_to_sync
from babel.messages.pofile import read_po
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory

from derms.models import Event
from integration.console.models import User
from integration.pages import exports
from integration.pages.exports import PAGE, ExportRefused, Listing, export, safe_cell
from integration.project.words import Catalogue
from integration.seam.outcomes import CODES

# What is written in pieces asks for the thread's connection, whose statement would be canceled.
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "begin", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\ufe62"]
)
def test_a_text_that_a_spreadsheet_would_run_is_quoted(begin: str) -> None:
    assert safe_cell(f"{begin}1+1") == f"'{begin}1+1"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("plain", "plain"),
        ("a=b", "a=b"),
        ("(=)", "(=)"),
        (" plain", " plain"),
        (None, ""),
        ("", ""),
        (-5, -5),
        (2.5, 2.5),
        (datetime(2026, 7, 21, 21, 42, tzinfo=UTC), "2026-07-21T21:42:00+00:00"),
    ],
)
def test_other_values_stay_as_they_are(value: object, cell: object) -> None:
    assert safe_cell(value) == cell


def listing(rows: int) -> Listing[int]:
    def next_page(last: int | None) -> list[int]:
        start = 0 if last is None else last + 1
        return list(range(start, min(rows, start + PAGE)))

    moment = datetime(2026, 7, 21, 21, 42, tzinfo=UTC)
    names = ["Number", "Text", "At", "None"]
    return Listing("numbers", names, next_page, lambda most: min(rows, most), lambda n: (n, "=1+1", moment, None))


def body(format_: str, rows: int) -> bytes:
    request = RequestFactory().get("/", {"format": format_})
    request.user = User(pk=1)
    return read(export(request, listing(rows)))  # type: ignore[arg-type]


def read(response: HttpResponseBase) -> bytes:
    """The content of a streamed answer."""

    async def content() -> bytes:
        return b"".join([part async for part in response])  # type: ignore[attr-defined]

    return async_to_sync(content)()


def test_excel_holds_every_row_and_runs_no_formula() -> None:
    with ZipFile(BytesIO(body("xlsx", 2 * PAGE + 1))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == 2 * PAGE + 2
    assert "<f>" not in sheet
    assert "'=1+1" in sheet


def test_excel_above_its_limit_is_refused_before_it_starts_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "EXCEL_ROWS", 100)
    assert body("xlsx", 100)
    with pytest.raises(ExportRefused, match=r"more than 100 rows.* export CSV or Parquet"):
        body("xlsx", 101)
    assert body("parquet", 101)


def test_parquet_keeps_types() -> None:
    table = pyarrow.parquet.read_table(BytesIO(body("parquet", PAGE + 5)))
    assert table.num_rows == PAGE + 5
    assert [str(field.type) for field in table.schema] == ["int64", "string", "timestamp[us, tz=UTC]", "string"]
    assert table.column("Text")[0].as_py() == "=1+1"


def test_an_empty_list_is_a_file_with_its_columns() -> None:
    assert pyarrow.parquet.read_table(BytesIO(body("parquet", 0))).column_names == ["Number", "Text", "At", "None"]
    assert ZipFile(BytesIO(body("xlsx", 0))).testzip() is None


def test_a_format_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ExportRefused, match="Available: CSV, Excel, Parquet"):
        body("pdf", 1)


LISTS = {
    "/events/export/": "operator",
    "/devices/export/": "operator",
    "/messages/export/": "operator",
    "/alerts/export/": "operator",
    "/program-events/export/": "program_manager",
    "/program-events/participation/export/": "program_manager",
}


@pytest.mark.parametrize("format_", ["csv", "xlsx", "parquet"])
@pytest.mark.parametrize("address", LISTS)
def test_every_list_is_exported_in_every_format(
    address: str,
    format_: str,
    client: Client,
    request: pytest.FixtureRequest,
    event_in: Callable[..., Event],
) -> None:
    event_in("Scheduled")
    client.force_login(request.getfixturevalue(LISTS[address]))
    answer = client.get(address, {"format": format_})
    assert answer.status_code == 200
    assert answer["Content-Disposition"].endswith(f'.{format_}"')
    answer.close()


def test_a_stages_devices_are_exported(client: Client, operator: User, event_in: Callable[..., Event]) -> None:
    event = event_in("Scheduled")
    reserved = event.stages.get().reserved
    client.force_login(operator)
    answer = client.get(f"/events/{event.number}/stages/1/devices/export/", {"format": "parquet"})
    table = pyarrow.parquet.read_table(BytesIO(read(answer)))
    assert table.num_rows == reserved > 0


@pytest.mark.parametrize("address", LISTS)
def test_headings_are_english_for_whoever_reads_german(
    address: str, client: Client, request: pytest.FixtureRequest
) -> None:
    person = request.getfixturevalue(LISTS[address])
    User.objects.filter(pk=person.pk).update(language="de")
    client.force_login(User.objects.get(pk=person.pk))
    answer = client.get(address, {"format": "parquet"})
    headings = pyarrow.parquet.read_table(BytesIO(read(answer))).column_names
    with Catalogue("de").source.open("rb") as file:
        english = {message.id for message in read_po(file, locale="de")}
    assert len(headings) > 5
    assert set(headings) <= english | set(CODES)

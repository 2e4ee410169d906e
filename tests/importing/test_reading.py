"""What a file seems to be, and what is refused whole: one sentence each, and nothing changed."""

from io import BytesIO

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from derms.models import Feeder, HeadEnd
from integration.importing.models import ImportRun
from integration.importing.refusals import FileRefused

from .bringing import applied, checked

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = "head_end;Bezeichnung\nHE1;Müller & Söhne\n0012;Städtische Werke\n"
NAMES = {"HE1": "Müller & Söhne", "0012": "Städtische Werke"}


def excel(*rows: tuple[object, ...], formats: dict[str, str] | None = None) -> bytes:
    book, out = openpyxl.Workbook(), BytesIO()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    for cell, layout in (formats or {}).items():
        book.active[cell].number_format = layout
    book.save(out)
    return out.getvalue()


def parquet(**columns: list[object]) -> bytes:
    out = BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "encoding", "separator"),
    [
        (TEXT.encode(), "utf-8-sig", ";"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig", ";"),
        (TEXT.encode("utf-16"), "utf-16", ";"),
        (TEXT.encode("utf-16-le"), "utf-16-le", ";"),
        (TEXT.encode("cp1252"), "cp1252", ";"),
        (TEXT.replace(";", "\t").encode("cp1252"), "cp1252", "\t"),
        (TEXT.replace(";", ",").replace("\n", "\r\n").encode(), "utf-8-sig", ","),
    ],
    ids=["utf-8", "with a mark", "utf-16", "utf-16 without a mark", "cp1252", "tab", "comma, Windows lines"],
)
def test_a_csv_file_is_read_as_what_it_is(data: bytes, encoding: str, separator: str) -> None:
    run = applied("head_ends", data)

    assert (run.recognised["encoding"], run.recognised["separator"]) == (encoding, separator)
    assert dict(HeadEnd.objects.values_list("code", "name")) == NAMES


def test_excel_ids_keep_their_leading_zeros_and_numbers_have_no_exponent() -> None:
    data = excel(("Kopfsystem", "name"), (12, "A"), (10_000_000_000, "B"), ("007", "C"), formats={"A2": "0000"})

    run = applied("head_ends", data, name="book.xlsx")

    assert run.recognised["sheets"] == ["Sheet"]
    assert dict(HeadEnd.objects.values_list("code", "name")) == {"0012": "A", "10000000000": "B", "007": "C"}


def test_ids_that_look_like_a_power_of_ten_stay_and_those_that_a_spreadsheet_cut_are_refused() -> None:
    own = {"01E5": "Zero", "1E5": "Short", "001122334E55": "Meter"}
    cut = (1.2345678901234567e19, 1e15, "1,23E+09")

    run = applied("head_ends", excel(("Kopfstelle", "Bezeichnung"), *own.items(), *((one, "X") for one in cut)),
                  name="ids.xlsx", only_good_rows=True)  # fmt: skip

    assert dict(HeadEnd.objects.values_list("code", "name")) == own
    assert {cell.reason[:32] for cell in run.refused_cells.all()} == {"A spreadsheet shortened this id "}
    assert run.refused == 3


def test_a_sheet_may_have_decimal_commas_in_cells_of_text() -> None:
    applied("zones", "zone,name,time_zone\nN,North,Europe/Berlin\n")
    applied("substations", "substation,zone\nU,N\n")
    rows = (("01", "U", "6500,0"), ("02", "U", "4800,0"), ("03", "U", 3000))

    run = applied("feeders", excel(("Abgang", "Umspannwerk", "Nennleistung kW"), *rows), name="Netz.xlsx")

    assert run.recognised["decimal"] == ","
    assert dict(Feeder.objects.values_list("code", "rating_kw")) == {"01": 6500, "02": 4800, "03": 3000}


def test_parquet_is_read_with_its_types() -> None:
    applied("head_ends", parquet(head_end=["0012", "7"], name=["A", "B"]), name="file.parquet")

    assert dict(HeadEnd.objects.values_list("code", "name")) == {"0012": "A", "7": "B"}


def test_columns_are_matched_by_hand() -> None:
    run = applied("head_ends", "system,title\nHE1,One\n", matched={"head_end": "system", "name": "title"})

    assert (run.state, HeadEnd.objects.get().name) == ("Applied", "One")


WHOLE = {
    "empty": (b"", "“file.csv” is empty."),
    "blank": (b" \n\n", "“file.csv” is empty."),
    "only a heading": (b"head_end,name\n", "has a heading and no row"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", "is no table: it contains bytes that are no text"),
    "a PDF": (b"%PDF-1.7 ...", "is no table: it is a PDF"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel file of the old form"),
    "damaged Excel": (b"PK\x03\x04 and then nothing", "can't be read: BadZipFile"),
    "truncated Excel": (excel(("head_end", "name"), ("HE1", "One"))[:-300], "can't be read"),
    "truncated Parquet": (parquet(head_end=["1"], name=["x"])[:-20], "can't be read"),
    "a doubled column": (b"head_end,name,Name\nHE1,One,Two\n", "has two columns named “name”"),
    "a missing column": (b"head_end,color\nHE1,red\n", "has no column for name. It has: head_end, color."),
    "an open quotation mark": (b'head_end,name\nHE1,"One\nHE2,Two\n', "Is a quotation mark missing?"),
    "a cell of 10 MB": (b"head_end,name\nHE1," + b"x" * 10_000_000 + b"\n", "has a cell with more"),
    "UTF-8 that breaks": ("head_end,name\nHE1,Müller\nHE2,".encode() + b"\xfc\n", "is damaged in line 3"),
    "a formula in the heading": (b"=A1,name\nHE1,One\n", "heading of “file.csv” has a formula"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "sentence"), WHOLE.values(), ids=WHOLE)
def test_a_damaged_file_is_refused_with_a_sentence(data: bytes, sentence: str) -> None:
    assert sentence in _why("head_ends", data)
    assert not HeadEnd.objects.exists()


def test_damage_far_down_in_a_file_is_found_too() -> None:
    rows = "".join(f"HE{n},Name\n" for n in range(30_000))

    assert "Line 30002 of “file.csv” has a cell" in _why(
        "head_ends", f"head_end,name\n{rows}X,{'x' * 200_000}\n".encode()
    )
    assert "Is a quotation mark missing?" in _why("head_ends", f'head_end,name\n{rows}X,"open\n'.encode())
    assert not HeadEnd.objects.exists()


def test_a_file_of_another_kind_is_refused_before_it_is_read_to_its_end() -> None:
    rows = "".join(f"1.2E+{n},Name\n" for n in range(110_000))

    assert "More than 100,000 rows of “file.csv” would be refused; the first in line 2, head_end:" in _why(
        "head_ends", f"head_end,name\n{rows}".encode()
    )


CELLS = {
    "a formula": ("HE1,=1+1", "name", "The cell is a formula"),
    "a shortened id": ("1.2E+10,One", "head_end", "A spreadsheet shortened this id"),
    "a long value": ("HE1," + "x" * 81, "name", "It has 81 characters; at most 80 are stored."),
    "no value": (",One", "head_end", "The value is missing."),
    "a missing cell": ("HE1", "", "The row has 1 cells; the heading has 2."),
    "one cell too many": ("HE1,One,Two", "", "The row has 3 cells; the heading has 2."),
    "the same id twice": ("HE0,Another", "head_end", "Line 2 says something else about “HE0”."),
}


@pytest.mark.parametrize(("row", "column", "reason"), CELLS.values(), ids=CELLS)
def test_a_faulty_row_is_named_with_its_line_and_column(row: str, column: str, reason: str) -> None:
    run = checked("head_ends", f"head_end,name\nHE0,Zero\n{row}\n")

    (cell,) = run.refused_cells.all()
    assert (cell.line, cell.column) == (3, column)
    assert reason in cell.reason
    assert run.refused == 1


def test_a_number_with_another_decimal_sign_is_named() -> None:
    applied("zones", "zone,name,time_zone\nN,North,Europe/Berlin\n")
    run = checked("zones", "zone;name;time_zone;limit_kw\nA;a;UTC;1,0\nB;b;UTC;2,0\nC;c;UTC;1.000\n")

    (cell,) = run.refused_cells.all()
    assert (cell.line, cell.value) == (4, "1.000")
    assert cell.reason == "It is no number; this file's decimal sign is “,”, without signs for thousands."


def test_a_formula_in_excel_is_named() -> None:
    run = checked("head_ends", excel(("head_end", "name"), ("HE1", "=A1&A2")), name="book.xlsx")

    assert "The cell is a formula" in run.refused_cells.get().reason


def _why(kind: str, data: bytes) -> str:
    """Why a file is refused, when it is received or when it is checked."""
    try:
        run = checked(kind, data)
    except FileRefused as refused:
        assert not ImportRun.objects.exists()
        return str(refused)
    assert run.state == "Refused"
    return run.why

"""Files that are small and would take a server apart: refused soon, with a sentence; nothing is changed."""

import io
import tracemalloc
import zipfile
from typing import IO

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from integration.importing import operations
from integration.importing.kinds import kind_of
from integration.importing.operations import ImportNotAllowed
from integration.importing.recognising import recognise
from integration.importing.refusals import FileRefused
from integration.importing.tables import LONGEST_CELL, MOST_COLUMNS, read_table
from integration.seam import clock

HEADING = ["zone", "zone_name", "time_zone", "limit_kw"]
ROW = ["EAST", "East", "America/New_York", "1000"]
MEGABYTE = 1_000_000


def book(*rows: list[str], at: int | None = None) -> IO[bytes]:
    """An Excel file of these rows; `at` is the line of the last one."""
    made, file = openpyxl.Workbook(), io.BytesIO()
    sheet = made.active
    assert sheet is not None
    for line, row in enumerate(rows, start=1):
        for place, cell in enumerate(row, start=1):
            sheet.cell(at if at and line == len(rows) else line, place, cell)
    made.save(file)
    return file


def same(length: int, *, rows: int) -> pa.DictionaryArray:
    """A column with the same long text in each row, which is in memory once."""
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows), pa.array(["x" * length]))


def changed(file: IO[bytes], texts: dict[str, str]) -> IO[bytes]:
    """The same Excel file with other texts in its sheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            text = old.read(part).decode(errors="surrogateescape")
            if part.endswith("sheet1.xml"):
                for before, after in texts.items():
                    assert before in text
                    text = text.replace(before, after)
            new.writestr(part, text.encode(errors="surrogateescape"))
    return out


def read(file: IO[bytes], name: str) -> list[list[str]]:
    kind = kind_of("zones")
    found = recognise(file, name, kind)
    return [cells for _line, cells in read_table(found.source(file, name))]


def test_a_file_with_thousands_of_columns_is_refused() -> None:
    wide = ",".join(f"column {n}" for n in range(50_000))
    with pytest.raises(FileRefused, match=f"50,000 columns or more; at most {MOST_COLUMNS}"):
        read(io.BytesIO(f"{wide}\n".encode()), "wide.csv")
    with pytest.raises(FileRefused, match=f"at most {MOST_COLUMNS}"):
        read(book([f"c{n}" for n in range(MOST_COLUMNS + 5)]), "wide.xlsx")


def test_empty_rows_of_a_sheet_cost_nothing() -> None:
    assert read(book(HEADING, ROW, at=1_000_000), "gap.xlsx") == [HEADING, ROW]


@pytest.mark.parametrize(
    ("before", "after"),
    [('<row r="2"', '<row r="999999999999"'), ('<row r="2"', '<row r="1048577"')],
    ids=["a row of any number", "the first row that no sheet has"],
)
def test_a_row_that_no_sheet_has_is_refused_soon(before: str, after: str) -> None:
    """openpyxl makes each missing row: a file of 1,458 bytes kept a process busy for good."""
    with pytest.raises(FileRefused, match="far beyond what a sheet holds; at most 1,048,576 rows"):
        read(changed(book(HEADING, ROW), {before: after}), "gap.xlsx")


def test_cells_far_to_the_right_are_not_made_without_end() -> None:
    rows = "".join(f'<row r="{n}"><c r="XFD{n}" t="n"><v>1</v></c></row>' for n in range(3, 20_000))
    with pytest.raises(FileRefused, match="far beyond what a sheet holds"):
        read(changed(book(HEADING, ROW), {"</sheetData>": f"{rows}</sheetData>"}), "far.xlsx")


def test_one_long_value_in_many_rows_of_parquet_is_in_memory_once() -> None:
    """926 bytes took 2 GB, before the cell was found too long."""
    file = io.BytesIO()
    pq.write_table(pa.table({"zone": same(8_000_000, rows=250)}), file, compression="zstd")
    tracemalloc.start()
    with pytest.raises(FileRefused, match="has a cell with more than"):
        read(file, "long.parquet")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 100 * MEGABYTE


@pytest.mark.parametrize(
    "values",
    [
        pa.array([[{"code": "A"}]]),
        pa.array([10**15], type=pa.timestamp("s")),
        pa.array([10**14], type=pa.duration("s")),
    ],
    ids=["structs", "a moment after the year 9999", "a time too long"],
)
def test_types_that_no_table_has_are_refused_with_the_files_name(values: pa.Array) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"zone": values}), file)
    with pytest.raises(FileRefused, match=r"“odd\.parquet” can't be read"):
        read(file, "odd.parquet")


def test_a_sheet_that_says_it_is_huge_is_read_as_it_is() -> None:
    file, out = book(HEADING, ROW), io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.namelist():
            text = old.read(part)
            if part.endswith("sheet1.xml"):
                text = text.replace(b'ref="A1:D2"', b'ref="A1:XFD1048576"')
                assert b"XFD1048576" in text
            new.writestr(part, text)
    assert read(out, "huge.xlsx") == [HEADING, ROW]


def test_an_excel_file_that_unpacks_to_too_much_is_refused() -> None:
    file = book(HEADING, ROW)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as packed, packed.open("xl/more.xml", "w") as more:
        for _ in range(200):
            more.write(b" " * MEGABYTE)
    with pytest.raises(FileRefused, match="unpacks to 200,"):
        read(file, "bomb.xlsx")


def test_a_parquet_file_that_unpacks_to_too_much_is_refused() -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({name: same(50_000, rows=10_000) for name in HEADING}), file)
    assert file.tell() < MEGABYTE
    with pytest.raises(FileRefused, match="unpacks to"):
        read(file, "bomb.parquet")


@pytest.mark.parametrize("name", ["long.xlsx", "long.parquet"])
def test_a_cell_that_is_too_long_is_refused_in_every_format(name: str) -> None:
    long = "x" * (LONGEST_CELL + 1)
    file: IO[bytes] = io.BytesIO()
    if name.endswith("parquet"):
        pq.write_table(pa.table({"zone": [long], "zone_name": ["East"]}), file)
    else:
        file = book(HEADING, ["EAST", "East", "UTC", "1"])
        with zipfile.ZipFile(file) as old, zipfile.ZipFile(out := io.BytesIO(), "w") as new:
            for part in old.namelist():
                new.writestr(part, old.read(part).replace(b">EAST<", f">{long}<".encode()))
        file = out
    with pytest.raises(FileRefused, match="has a cell with more than"):
        read(file, name)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("layout", "sentence"),
    [
        ({"encoding": "nonsense"}, "“nonsense” is no encoding of text"),
        ({"encoding": "zlib"}, "“zlib” is no encoding of text"),
        ({"encoding": "unicode_escape"}, "is no encoding of text"),
        ({"time_zone": "Nowhere/X"}, "“Nowhere/X” is no time zone"),
        ({"time_zone": "../../etc/passwd"}, "is no time zone"),
    ],
)
def test_an_encoding_or_a_time_zone_that_is_none_is_refused(layout: dict[str, str], sentence: str) -> None:
    file = io.BytesIO(f"{','.join(HEADING)}\n{','.join(ROW)}\n".encode())
    run = operations.receive_file(kind="zones", file=file, name="zones.csv", by="adam", now=clock.now())
    with pytest.raises(FileRefused, match=sentence):
        operations.check_file(uid=run.uid, by_hand={}, layout=layout, by="adam", now=clock.now())


@pytest.mark.django_db
def test_a_file_that_is_being_checked_is_not_checked_again() -> None:
    file = io.BytesIO(f"{','.join(HEADING)}\n{','.join(ROW)}\n".encode())
    run = operations.receive_file(kind="zones", file=file, name="zones.csv", by="adam", now=clock.now())
    operations.check_file(uid=run.uid, by_hand={}, layout={}, by="adam", now=clock.now())
    with pytest.raises(ImportNotAllowed, match="it can't be checked again now"):
        operations.check_file(uid=run.uid, by_hand={}, layout={}, by="adam", now=clock.now())

"""Lists as files: CSV is streamed, Excel and Parquet are made in a temporary file; memory use stays constant."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import IO, Any, Generic, NamedTuple, TypeVar

from asgiref.sync import sync_to_async
from django.db.models import Model, QuerySet
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from xlsxwriter import Workbook

from integration.seam.refusals import Refused

from .columns import Column
from .keyset import after_key, join_key
from .numbers import count_text

R = TypeVar("R")
M = TypeVar("M", bound=Model)
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")
PAGE = 2000
BOM = "\ufeff"
EXCEL_ROWS = 100_000
FORMATS = {"csv": "CSV", "xlsx": "Excel", "parquet": "Parquet"}
TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


class ExportRefused(Refused):
    """The list is too long for the format, or the format is not available."""


class Listing(NamedTuple, Generic[R]):
    """What a file is made of. `next_page` returns the rows after a given one, none at the end."""

    name: str
    header: Sequence[object]
    next_page: Callable[[R | None], list[R]]
    cells: Callable[[R], Iterable[Any]]


def listing(name: str, columns: Sequence[Column[R]], next_page: Callable[[R | None], list[R]]) -> Listing[R]:
    """A listing of columns; the headings are translated now, since a file is written after the request."""
    header = [str(column.file_label or column.label) for column in columns]
    return Listing(name, header, next_page, lambda row: [column.value(row) for column in columns if column.value])


def listing_of(name: str, columns: Sequence[Column[M]], rows: QuerySet[M], order: tuple[str, ...]) -> Listing[M]:
    """A listing of a query by one or two fields, the last of them unique, as integration.pages.keyset pages it."""

    def next_page(last: M | None) -> list[M]:
        key = join_key([getattr(last, field.lstrip("-")) for field in order] if last else [])
        return list(after_key(rows, order, key)[:PAGE])

    return listing(name, columns, next_page)


def export(request: HttpRequest, listing: Listing[Any]) -> HttpResponseBase:
    """The listing in the format that the address names, CSV by default. Raises ExportRefused."""
    kind = request.GET.get("format", "csv")
    if kind not in FORMATS:
        raise ExportRefused(_no_such_format(kind))
    if kind == "csv":
        return _as_csv(listing)
    file = TemporaryFile()  # noqa: SIM115  (closed with the response)
    try:
        (_write_excel if kind == "xlsx" else _write_parquet)(listing, file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return FileResponse(
        file, as_attachment=True, filename=f"{listing.name}.{kind}", headers={"Content-Type": TYPES[kind]}
    )


def safe_cell(value: Any) -> Any:
    """A cell that no spreadsheet treats as a formula; numbers stay numbers, None is empty."""
    if isinstance(value, int | float):
        return value
    text = "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text.startswith(FORMULA_BEGINS) else text


def _no_such_format(kind: str) -> str:
    return _("There is no “%(format)s” export. Available: %(formats)s.") % {
        "format": kind[:20],
        "formats": ", ".join(FORMATS.values()),
    }


def _pages(listing: Listing[Any]) -> Iterator[list[Any]]:
    last = None
    while rows := listing.next_page(last):
        yield rows
        last = rows[-1]


def _rows(listing: Listing[Any]) -> Iterator[Any]:
    for rows in _pages(listing):
        yield from rows


def _as_csv(listing: Listing[Any]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_lines(listing), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{listing.name}.csv"'
    return response


async def _lines(listing: Listing[Any]) -> AsyncIterator[str]:
    # Without this mark, Excel reads the file in the encoding of its country and breaks ä, ö and ü.
    yield BOM + _csv([listing.header])
    read = sync_to_async(listing.next_page)
    last = None
    while rows := await read(last):
        yield _csv([list(listing.cells(row)) for row in rows])
        last = rows[-1]


def _csv(rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([safe_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def _write_excel(listing: Listing[Any], file: IO[bytes]) -> None:
    book = Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, [str(name) for name in listing.header], book.add_format({"bold": True}))
    for number, row in enumerate(_rows(listing), start=1):
        if number > EXCEL_ROWS:
            book.close()
            raise ExportRefused(_too_many(listing))
        sheet.write_row(number, 0, [safe_cell(cell) for cell in listing.cells(row)])
    book.close()


def _too_many(listing: Listing[Any]) -> str:
    rows = sum(1 for _row in _rows(listing))
    sentence = _("The list has %(rows)s rows; an Excel file holds %(most)s. Narrow the filter, or export CSV.")
    return sentence % {"rows": count_text(rows), "most": count_text(EXCEL_ROWS)}


def _write_parquet(listing: Listing[Any], file: IO[bytes]) -> None:
    """Write Parquet; a column has the type of its first value: bool, int, float, moment in UTC, or text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names, writer = [str(name) for name in listing.header], None
    for rows in _pages(listing):
        columns = list(zip(*(tuple(listing.cells(row)) for row in rows), strict=True))
        if writer is None:
            schema = pa.schema(zip(names, map(_parquet_type, columns), strict=True))
            writer = pq.ParquetWriter(file, schema)
        arrays = [_array(column, field.type) for column, field in zip(columns, schema, strict=True)]
        writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    if writer is None:
        writer = pq.ParquetWriter(file, pa.schema([(name, pa.string()) for name in names]))
    writer.close()


def _parquet_type(column: tuple[Any, ...]) -> Any:
    import pyarrow as pa

    first = next((value for value in column if value is not None), "")
    if isinstance(first, datetime):
        return pa.timestamp("us", tz="UTC")
    return {bool: pa.bool_(), int: pa.int64(), float: pa.float64()}.get(type(first), pa.string())


def _array(column: tuple[Any, ...], kind: Any) -> Any:
    import pyarrow as pa

    if kind == pa.string():
        return pa.array([None if value is None else str(value) for value in column], kind)
    return pa.array([value.astimezone(UTC) if isinstance(value, datetime) else value for value in column], kind)

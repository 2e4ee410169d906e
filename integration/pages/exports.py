"""Lists as files: CSV is streamed, Excel and Parquet are made in a temporary file; memory use stays constant.

Every file that people download is made here, in pieces (downloads.py).
"""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Generic, NamedTuple, TypeVar
from unicodedata import normalize

from django.db.models import Model, QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import override

from integration.seam.refusals import Refused

from .columns import Column
from .downloads import piece, take_place
from .export_files import WRITERS
from .http import SignedInRequest
from .keyset import after_key, join_key
from .numbers import count_text

R = TypeVar("R")
T = TypeVar("T")
M = TypeVar("M", bound=Model)
FORMULA_BEGINS = ("=", "+", "-", "@")
CONTROL_BEGINS = ("\t", "\r", "\n")
PAGE = 250  # rows of a piece: what a page may have to wait for
BLOCK = 65536
BOM = "\ufeff"
EXCEL_ROWS = 100_000
FORMATS = {"csv": "CSV", "xlsx": "Excel", "parquet": "Parquet"}
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


class ExportRefused(Refused):
    """The list is too long for the format, or the format is not available."""


class Listing(NamedTuple, Generic[R]):
    """What a file is made of.

    `next_page` returns the rows after a given one, none at the end; `count` how many rows there are, counting at most
    so many.
    """

    name: str
    header: Sequence[object]
    next_page: Callable[[R | None], list[R]]
    count: Callable[[int], int]
    cells: Callable[[R], Iterable[Any]]


def listing(
    name: str, columns: Sequence[Column[R]], next_page: Callable[[R | None], list[R]], count: Callable[[int], int]
) -> Listing[R]:
    """A listing of columns, with headings in English for everybody: programs that read files know them by name."""
    with override("en"):
        header = [str(column.file_label or column.label) for column in columns]
    return Listing(
        name, header, next_page, count, lambda row: [column.value(row) for column in columns if column.value]
    )


def listing_of(name: str, columns: Sequence[Column[M]], rows: QuerySet[M], order: tuple[str, ...]) -> Listing[M]:
    """A listing of a query by one or two fields, the last of them unique, as integration.pages.keyset pages it."""

    def next_page(last: M | None) -> list[M]:
        key = join_key([getattr(last, field.lstrip("-")) for field in order] if last else [])
        return list(after_key(rows, order, key)[:PAGE])

    return listing(name, columns, next_page, lambda most: rows[:most].count())


def export(request: SignedInRequest, listing: Listing[Any], kind: str = "") -> HttpResponseBase:
    """The listing in this format, or the one that the address names, CSV by default.

    Raises ExportRefused and TooManyDownloads.
    """
    kind = kind or request.GET.get("format", "csv")
    if kind not in FORMATS:
        raise ExportRefused(_no_such_format(kind))
    take_place(request.user.get_username())
    if kind == "xlsx" and listing.count(EXCEL_ROWS + 1) > EXCEL_ROWS:
        raise ExportRefused(_too_many())
    parts = _lines(listing) if kind == "csv" else _file(listing, kind)
    headers = {"Content-Disposition": f'attachment; filename="{listing.name}.{kind}"'}
    return StreamingHttpResponse(parts, content_type=TYPES[kind], headers=headers)


def safe_cell(value: Any) -> Any:
    """A cell that no spreadsheet treats as a formula; numbers stay numbers, None is empty.

    Spreadsheets in East Asian languages read the full-width forms of these signs like the plain ones.
    """
    if isinstance(value, int | float):
        return value
    text = "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if _begins_formula(text) else text


def _begins_formula(text: str) -> bool:
    first = text.lstrip()[:1]
    return text.startswith(CONTROL_BEGINS) or normalize("NFKC", first).startswith(FORMULA_BEGINS)


def _no_such_format(kind: str) -> str:
    return _("There is no “%(format)s” export. Available: %(formats)s.") % {
        "format": kind[:20],
        "formats": ", ".join(FORMATS.values()),
    }


async def _pages(listing: Listing[Any], kind: str, use: Callable[[list[list[Any]]], T]) -> AsyncGenerator[T, None]:
    """What `use` makes of the cells of each page of rows; all of it runs in the request's thread."""
    last: list[Any] = [None]

    def next_page() -> list[T]:
        rows = listing.next_page(last[0])
        last[0] = rows[-1] if rows else None
        return [use(_cells(listing, kind, rows))] if rows else []

    while used := await piece(next_page):
        yield used[0]


async def _lines(listing: Listing[Any]) -> AsyncGenerator[str, None]:
    # Without this mark, Excel reads the file in the encoding of its country and breaks ä, ö and ü.
    yield BOM + _csv([listing.header])
    async with aclosing(_pages(listing, "csv", _csv)) as pages:
        async for text in pages:
            yield text


async def _file(listing: Listing[Any], kind: str) -> AsyncGenerator[bytes, None]:
    """Write the file into a folder that is removed with the request, then send it."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "file")
        writer = WRITERS[kind]([str(name) for name in listing.header], path)
        try:
            async with aclosing(_pages(listing, kind, writer.add)) as pages:
                async for _rows in pages:
                    pass
            await piece(writer.close)
        except BaseException:
            writer.give_up()
            raise
        with path.open("rb") as file:
            while part := await asyncio.to_thread(file.read, BLOCK):
                yield part


def _cells(listing: Listing[Any], kind: str, rows: list[Any]) -> list[list[Any]]:
    """The cells of rows; only Parquet keeps types, and no program treats its texts as formulas."""
    if kind == "parquet":
        return [list(listing.cells(row)) for row in rows]
    return [[safe_cell(cell) for cell in listing.cells(row)] for row in rows]


def _csv(rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _too_many() -> str:
    sentence = _(
        "The list has more than %(most)s rows, the most that an Excel file may have. Narrow the filter, or export CSV"
        " or Parquet."
    )
    return sentence % {"most": count_text(EXCEL_ROWS)}

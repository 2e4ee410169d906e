"""Lists as CSV files, written page by page while they are read."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

R = TypeVar("R")
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")
PAGE = 2000


def csv_response(
    filename: str,
    header: Sequence[object],
    next_page: Callable[[R | None], list[R]],
    cells: Callable[[R], Iterable[Any]],
) -> StreamingHttpResponse:
    """A file with these columns. `next_page` gives the rows after the last one given, none at the end."""
    response = StreamingHttpResponse(_lines(header, next_page, cells), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def safe_cell(value: Any) -> Any:
    """A cell no spreadsheet takes for a formula; numbers stay numbers, None is empty."""
    if isinstance(value, int | float):
        return value
    text = "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text.startswith(FORMULA_BEGINS) else text


async def _lines(
    header: Sequence[object], next_page: Callable[[R | None], list[R]], cells: Callable[[R], Iterable[Any]]
) -> AsyncIterator[str]:
    yield _csv([header])
    read = sync_to_async(next_page)
    last = None
    while rows := await read(last):
        yield _csv([list(cells(row)) for row in rows])
        last = rows[-1]


def _csv(rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([safe_cell(cell) for cell in row] for row in rows)
    return text.getvalue()

"""Rows as PostgreSQL's COPY reads and writes them in binary: no value is written as text, no row by itself."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
INT4 = 23  # the oid of integer
_2000 = datetime(2000, 1, 1, tzinfo=UTC)
_SIZES = {"b": (1, "u1"), "i2": (2, ">i2"), "i4": (4, ">i4"), "i8": (8, ">i8"), "f8": (8, ">f8")}

# What a column of a block is: None (null in each row), a text or moment that all rows share, or an array: bool, int16,
# int32, int64, float64 with an element per row, or int32 with a row per row for integer[].
Column = None | str | datetime | NDArray[Any]


def block_of_rows(columns: Sequence[Column], rows: int) -> bytes:
    """The rows of a block whose columns are null, or not, in all of them."""
    kinds = [_field(f"f{number}", column) for number, column in enumerate(columns)]
    block = np.zeros(rows, np.dtype([("fields", ">i2"), *(part for kind in kinds for part in kind)]))
    block["fields"] = len(columns)
    for number, column in enumerate(columns):
        _fill(block, f"f{number}", column)
    return block.tobytes()


def copy_file(blocks: Iterable[bytes]) -> bytes:
    """A whole file for COPY ... FROM STDIN (FORMAT binary)."""
    return b"".join((HEADER, *blocks, TRAILER))


def rows_of_file(file: memoryview) -> Iterator[tuple[memoryview, ...]]:
    """The fields of each row of a whole file of COPY ... TO STDOUT (FORMAT binary), as bytes; a null is empty."""
    at = len(HEADER)
    while (fields := _number(file, at, 2)) >= 0:
        at, row = at + 2, []
        for _ in range(fields):
            begin = at + 4
            at = begin + max(0, _number(file, at, 4))
            row.append(file[begin:at])
        yield tuple(row)


def _number(file: memoryview, at: int, size: int) -> int:
    return int.from_bytes(file[at : at + size], "big", signed=True)


def _field(name: str, column: Column) -> list[tuple[Any, ...]]:
    size = (f"{name}s", ">i4")
    if column is None:
        return [size]
    if isinstance(column, datetime):
        return [size, (name, ">i8")]
    if isinstance(column, str):
        return [size, (name, f"S{len(column.encode())}")] if column else [size]
    if column.ndim > 1:
        return [size, (f"{name}h", ">i4", (5,)), (name, ">i4", (column.shape[1], 2))]
    return [size, (name, _SIZES[_kind(column)][1])]


def _fill(block: NDArray[Any], name: str, column: Column) -> None:
    if column is None:
        block[f"{name}s"] = -1
    elif isinstance(column, datetime):
        block[f"{name}s"], block[name] = 8, (column - _2000) // (_2000.resolution)
    elif isinstance(column, str):
        block[f"{name}s"] = len(column.encode())
        if column:
            block[name] = column.encode()
    elif column.ndim > 1:
        elements = column.shape[1]
        block[f"{name}s"] = 20 + 8 * elements
        block[f"{name}h"] = (1, 0, INT4, elements, 1)
        block[name][:, :, 0], block[name][:, :, 1] = 4, column
    else:
        block[f"{name}s"], block[name] = _SIZES[_kind(column)][0], column


def _kind(column: NDArray[Any]) -> str:
    return "b" if column.dtype.kind == "b" else f"{column.dtype.kind}{column.dtype.itemsize}"

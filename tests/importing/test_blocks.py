"""Blocks of columns hold the same rows as a file that is read row by row, whatever is in it."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integration.importing import blocks
from integration.importing.readings import Readings
from integration.importing.refusals import FileRefused
from integration.importing.tables import Source, read_table
from integration.importing.values import Code, Email, Fault, Layout, Text, Type

PARTS = st.sampled_from(
    ["a", "Ü", "1E5", "007", '"', '""', ",", ",", "\n", "\n", "\r\n", " ", "\xa0", "=", "\0", "\\."]
)
CELLS = st.lists(
    st.sampled_from(["a", " a", "a ", "", " ", "=1", "1E5", "12,5e+7", "ü", "é@x.y", "a@b.c", "x" * 9, "\0"])
)


def source(text: str) -> Source:
    return Source(io.BytesIO(text.encode()), "any.csv", "csv", "utf-8", ",")


def rows_of_blocks(text: str, width: int) -> list[tuple[int, Any]]:
    """The line and the cells of each row; of ragged ones, the line and how many cells there are."""
    found: list[tuple[int, Any]] = []
    for block in blocks.read_blocks(source(text), width):
        columns = [column.to_pylist() for column in block.cells]
        found += zip(block.lines.tolist(), map(list, zip(*columns, strict=True)), strict=True)
        found += block.ragged
    return sorted(found, key=lambda row: row[0])


def rows_one_by_one(text: str, width: int) -> list[tuple[int, Any]]:
    rows = list(read_table(source(text)))[1:]
    return [(line, cells if len(cells) == width else len(cells)) for line, cells in rows]


def outcome(read: Callable[[], list[tuple[int, Any]]]) -> list[tuple[int, Any]] | str:
    """The rows, or why there are none."""
    try:
        return read()
    except FileRefused as refused:
        return str(refused)


@given(text=st.lists(PARTS, max_size=60).map("".join), size=st.integers(1, 20))
@example(text='a,b\n"x\ny",z\n\nu,"v ""w"""\n', size=4)
@example(text='""""\n', size=5)
@example(text='a,b,"c"\nx,y\r\n , \n1,2', size=6)
def test_blocks_hold_the_rows_of_the_file(text: str, size: int) -> None:
    text = f"k,n\n{text}"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blocks, "BLOCK_CHARACTERS", size)
        assert outcome(lambda: rows_of_blocks(text, 2)) == outcome(lambda: rows_one_by_one(text, 2))


@pytest.mark.parametrize("type_", [Text(5), Code(5), Email(8)], ids=["text", "code", "email"])
@given(cells=CELLS)
def test_a_column_is_read_as_its_cells_are(type_: Type, cells: list[str]) -> None:
    import pyarrow as pa

    column, faults = Readings(type_, Layout(), default="", is_required=False).of_column(pa.array(cells, pa.string()))
    one_by_one = [type_.reading(Layout())(cell.strip()) if cell.strip() else "" for cell in cells]

    assert faults == {at: text for at, text in enumerate(one_by_one) if isinstance(text, Fault)}
    assert column.to_pylist() == [None if isinstance(text, Fault) else text for text in one_by_one]

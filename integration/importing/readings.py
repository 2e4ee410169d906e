"""The readings of whole columns: what goes into the database of each cell, or what is wrong with it.

Most cells of a text are stored as they are, which is seen for a block at once; the others, and the distinct values of
all other types, are read one by one and remembered.
"""

from typing import Any

import numpy as np

from .blocks import ends_of
from .values import EMAIL_OF_ASCII, EMPTY, POWER_OF_TEN, Code, Email, Fault, Layout, Text, Type

MOST_CELLS_KEPT = 200_000  # distinct values of a column whose readings are remembered


class Readings(dict[str, str | None]):
    """The readings of one column's cells; a cell is read once."""

    def __init__(self, type_: Type, layout: Layout, *, default: str | None, is_required: bool) -> None:
        super().__init__()
        self.type = type_
        self.read = type_.reading(layout)
        self.empty = Fault(EMPTY()) if is_required else default

    def of_column(self, cells: Any) -> tuple[Any, dict[int, Fault]]:
        """The readings of a column's cells, and the faults by their place; a fault's reading is null."""
        if isinstance(self.type, Text):
            return self._of_texts(cells, ~_are_plain(self.type, cells))
        values = cells.dictionary_encode()
        readings = list(map(self.__getitem__, values.dictionary.to_pylist()))
        column = _array(readings).take(values.indices)
        if not any(isinstance(reading, Fault) for reading in readings):
            return column, {}
        places = enumerate(values.indices.to_pylist())
        return column, {at: fault for at, n in places if isinstance(fault := readings[n], Fault)}

    def _of_texts(self, cells: Any, is_odd: Any) -> tuple[Any, dict[int, Fault]]:
        import pyarrow as pa
        import pyarrow.compute as pc

        places = np.flatnonzero(is_odd)
        if not places.size:
            return cells, {}
        readings = list(map(self.__getitem__, cells.take(pa.array(places)).to_pylist()))
        column = pc.replace_with_mask(cells, pa.array(is_odd), _array(readings))
        found = zip(places.tolist(), readings, strict=True)
        return column, {at: fault for at, fault in found if isinstance(fault, Fault)}

    def __missing__(self, cell: str) -> str | None:
        text = cell.strip()
        reading = self.read(text) if text else self.empty
        if len(self) >= MOST_CELLS_KEPT:
            self.clear()
        self[cell] = reading
        return reading


def _are_plain(type_: Text, cells: Any) -> Any:
    """Which cells are certainly stored as they are; a doubtful one is read by itself."""
    import pyarrow.compute as pc

    ends = ends_of(cells)
    plain = ends.are_visible & (ends.length <= type_.most) & (ends.first != ord("="))
    plain &= pc.utf8_is_printable(cells).to_numpy(zero_copy_only=False)
    if isinstance(type_, Code) and ((ends.first >= ord("0")) & (ends.first <= ord("9"))).any():
        plain &= ~pc.match_substring_regex(cells, f"^(?:{POWER_OF_TEN})$").to_numpy(zero_copy_only=False)
    if isinstance(type_, Email):
        plain &= pc.match_substring_regex(cells, EMAIL_OF_ASCII).to_numpy(zero_copy_only=False)
    return plain


def _array(readings: list[str | None]) -> Any:
    import pyarrow as pa

    return pa.array([None if isinstance(reading, Fault) else reading for reading in readings], pa.string())

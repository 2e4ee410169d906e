"""Cells of a file of readings: what its rows say, and its columns of numbers as numpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from integration.importing.blocks import Block, lengths_of
from integration.importing.kinds import Kind
from integration.importing.readings import Readings
from integration.importing.values import Fault

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Refused = tuple[int, str, str, str]


class Rows(NamedTuple):
    """What a block's rows say but for their readings: places of their meters in the book, and faults by place."""

    lines: NDArray[np.int64]
    numbers: Any
    at: Places
    are_reverse: NDArray[np.bool_]
    quality: NDArray[np.uint8]
    wh_per_unit: Floats
    faults: dict[int, tuple[str, str, str]]

    def refuse(self, which: Any, column: str, value: Callable[[int], object], reason: Callable[[int], str]) -> None:
        """Refuse the rows of a mask, each for its first fault."""
        for place in np.flatnonzero(which).tolist():
            self.faults.setdefault(place, (column, str(value(place))[:120], reason(place)))

    @property
    def kept(self) -> NDArray[np.bool_]:
        kept = np.ones(len(self.lines), bool)
        kept[list(self.faults)] = False
        return kept

    @property
    def refused(self) -> list[Refused]:
        return [(int(self.lines[place]), *told) for place, told in self.faults.items()]


class Cells:
    """The cells of a kind's columns as its types read them, but for the numbers, which numpy reads."""

    def __init__(self, kind: Kind, found: Any) -> None:
        self.sign = found.layout.decimal
        self.readings = {
            c.name: (
                found.mapping[c.name],
                Readings(c.type, found.layout, default=c.default, is_required=c.is_required),
            )
            for c in kind.columns
            if c.name in found.mapping and c.name != "value"
        }

    def decoded(self, block: Block, name: str) -> tuple[list[str | None], Places]:
        """The distinct values of a column as they are read, and which one each row has."""
        place, readings = self.readings[name]
        cells = block.cells[place].dictionary_encode()
        return [readings[cell] for cell in cells.dictionary.to_pylist()], cells.indices.to_numpy()

    def chosen(self, block: Block, name: str, meaning: dict[str, Any], default: Any) -> Any:
        """What each row's value of a column means; `default` if the file has no such column or the value is faulty."""
        if name not in self.readings:
            return np.full(len(block.lines), default)
        values, indices = self.decoded(block, name)
        return np.array([meaning.get(value or "", default) for value in values])[indices]

    def faults(self, block: Block, rows: Rows) -> None:
        """Refuse the rows with a value that its column doesn't take."""
        for name in self.readings:
            self._faults_of(block, rows, name)

    def _faults_of(self, block: Block, rows: Rows, name: str) -> None:
        values, indices = self.decoded(block, name)
        bad = np.array([isinstance(value, Fault) for value in values])
        if bad.any():
            shown = block.cells[self.readings[name][0]]
            rows.refuse(bad[indices], name, lambda at: shown[at].as_py().strip(), lambda at: str(values[indices[at]]))


def floats(cells: Any, sign: str) -> tuple[Floats, NDArray[np.bool_]]:
    """The numbers of a column, NaN for empty cells, and which cells hold something else."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        lengths = lengths_of(cells)
        text = pc.if_else(pa.array(lengths > 0), cells, None) if (lengths == 0).any() else cells
        if sign == ",":
            raise pa.ArrowInvalid
        bad = np.zeros(len(cells), bool)
        values = text.cast(pa.float64())
        if not values.null_count and np.isfinite(numbers := values.to_numpy()).all():
            return numbers, bad
    except pa.ArrowInvalid:
        text = pc.utf8_trim_whitespace(cells)
        good = pc.match_substring_regex(text, f"^[+-]?[0-9]+([{sign}][0-9]+)?([eE][+-]?[0-9]+)?$")
        bad = np.asarray(pc.invert(pc.or_(good, pc.equal(text, ""))).to_numpy(zero_copy_only=False))
        values = pc.replace_substring(pc.if_else(good, text, None), ",", ".").cast(pa.float64())
    numbers = values.to_numpy(zero_copy_only=False)
    endless = np.isinf(numbers) | (np.isnan(numbers) & values.is_valid().to_numpy(zero_copy_only=False))
    return np.where(endless, np.nan, numbers), bad | endless

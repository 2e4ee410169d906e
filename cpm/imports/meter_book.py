"""All meters by their numbers, as arrays: which meter a row is of is looked up for a block at once."""

from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cpm.choices import Registers
from integration.seam import sql

NONE = -1
_METERS = """
SELECT number, id, interval_s, registers, largest_kw, extract(epoch FROM starts_at)::bigint AS starts,
       coalesce(extract(epoch FROM ends_at)::bigint, 9223372036854775807) AS ends
  FROM cpm_meter ORDER BY number COLLATE "C"
"""


class MeterBook(NamedTuple):
    """The meters in the order of their numbers (UTF-8); times are seconds."""

    numbers: NDArray[np.bytes_]
    ids: NDArray[np.int32]
    intervals_s: NDArray[np.int32]
    are_net: NDArray[np.bool_]
    have_both: NDArray[np.bool_]
    largest_kw: NDArray[np.float64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def places(self, numbers: list[str | None]) -> NDArray[np.intp]:
        """The place of each number in the book; NONE if there is no such meter."""
        wanted = np.array([(number or "").encode() for number in numbers], np.bytes_)
        if not len(self.numbers):
            return np.full(len(wanted), NONE)
        at = np.minimum(np.searchsorted(self.numbers, wanted), len(self.numbers) - 1)
        return np.where(self.numbers[at] == wanted, at, NONE)


def meter_book() -> MeterBook:
    from pyarrow import csv, string

    out = BytesIO()
    sql.copy_out(_METERS, None, out)
    names = ["number", "id", "interval_s", "registers", "largest_kw", "starts", "ends"]
    out.seek(0)
    if not out.getbuffer().nbytes:
        out.write(b",0,900,forward,1,0,0\n")  # no number is empty
        out.seek(0)
    options: Any = csv.ConvertOptions(column_types={"number": string(), "registers": string()})
    table = csv.read_csv(out, csv.ReadOptions(column_names=names), convert_options=options)
    of = {name: table.column(name).to_numpy() for name in names[1:] if name != "registers"}
    registers = table.column("registers").to_numpy()
    return MeterBook(
        np.array([number.encode() for number in table.column("number").to_pylist()], np.bytes_),
        of["id"].astype(np.int32),
        of["interval_s"].astype(np.int32),
        registers == Registers.NET.value,
        registers == Registers.BOTH.value,
        of["largest_kw"].astype(np.float64),
        of["starts"],
        of["ends"],
    )

"""Months of meter days that were put away, read from their files."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np

from cpm.meter_days import Alike
from cpm.models.meters import MeterArchive
from integration.seam.extract_files import storage

ALIKE = ("interval_s", "scale", "bytes", "quality_bytes")


class ArchiveBroken(Exception):
    """A file of a month is gone or is not the one that was put away."""


def archives(first: date, last: date) -> list[MeterArchive]:
    """The months put away that have days of these."""
    found = MeterArchive.objects.filter(month__range=(first.replace(day=1), last))
    return list(found.order_by("month"))


def archived_days(meters: Sequence[int], first: date, last: date, as_of: datetime | None = None) -> Iterator[Alike]:
    """The latest version of each day of meters in months put away. Raises ArchiveBroken."""
    wanted = np.asarray(meters, np.int64)
    order = np.argsort(wanted)
    for archive in archives(first, last):
        for table in _tables(archive, wanted, first, last):
            rows = _columns(_latest(_loaded_by(table, as_of)))
            places = order[np.searchsorted(wanted, rows["meter_id"], sorter=order)]
            days = (rows["day"].astype("datetime64[D]") - np.datetime64(first)).astype(np.int64)
            yield from _alike(rows, places, days)


def archived_versions(meter: int, first: date, last: date, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """These columns of all versions of a meter's days in months put away, in the order of day, register and version."""
    found = [table for one in archives(first, last) for table in _tables(one, np.array([meter]), first, last)]
    return [row for table in found for row in zip(*(table.column(name).to_pylist() for name in columns), strict=True)]


def _tables(archive: MeterArchive, wanted: Any, first: date, last: date) -> Iterator[Any]:
    """Parts of a month's file, with the wanted rows of each."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    _require_sealed(archive.extract_uid, archive.sha256, archive.file)
    ids = pa.array(wanted, pa.int32())
    with storage().open(archive.file) as file:
        parquet = pq.ParquetFile(file)
        place = parquet.schema_arrow.names.index("meter_id")
        for number in range(parquet.num_row_groups):
            known = parquet.metadata.row_group(number).column(place).statistics
            if not ((wanted >= known.min) & (wanted <= known.max)).any():
                continue
            table = parquet.read_row_group(number)
            days = table["day"]
            ours = pc.and_(pc.greater_equal(days, pa.scalar(first)), pc.less_equal(days, pa.scalar(last)))
            yield table.filter(pc.and_(pc.is_in(table["meter_id"], ids), ours))


def _loaded_by(table: Any, as_of: datetime | None) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if as_of is None:
        return table
    return table.filter(pc.less_equal(table["loaded_at"], pa.scalar(as_of, pa.timestamp("us", "UTC"))))


def _columns(table: Any) -> dict[str, Any]:
    return {name: table.column(name).to_numpy(zero_copy_only=False) for name in table.column_names}


def _latest(table: Any) -> Any:
    """Rows lie in the order of meter, day, register and version: the last of each counts."""
    import pyarrow as pa

    keys = [table.column(name).to_numpy(zero_copy_only=False) for name in ("meter_id", "day", "is_reverse")]
    is_last = np.ones(table.num_rows, bool)
    is_last[:-1] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return table.filter(pa.array(is_last))


def _alike(rows: dict[str, Any], places: Any, days: Any) -> Iterator[Alike]:
    """The rows that are stored alike, their bytes one after the other."""
    rows["bytes"] = np.array([len(one) for one in rows["readings"]])
    rows["quality_bytes"] = np.array([len(one) for one in rows["quality"]])
    forms = np.column_stack([rows[name].astype(np.int64) for name in ALIKE])
    kinds, kind = np.unique(forms, axis=0, return_inverse=True)
    for number, (interval_s, scale, _bytes, _quality) in enumerate(kinds.tolist()):
        ours = np.flatnonzero(kind == number)
        readings, quality = (b"".join(rows[name][ours]) for name in ("readings", "quality"))
        are_reverse = rows["is_reverse"][ours].astype(np.bool_)
        yield Alike(interval_s, scale, are_reverse, places[ours], days[ours], readings, quality)


@lru_cache(maxsize=64)
def _require_sealed(extract_uid: UUID, sha256: str, name: str) -> None:
    """Once per process: raise ArchiveBroken unless the file is the one that was put away."""
    if not storage().exists(name):
        raise ArchiveBroken(f"The file {name} of meter days is gone. Restore it from a backup.")
    with storage().open(name) as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise ArchiveBroken(f"The file {name} of meter days is not the one that was put away. Restore it.")

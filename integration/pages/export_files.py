"""How a list is written into a file of a format, page by page."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from xlsxwriter import Workbook

Cells = Sequence[Any]


class Writer(Protocol):
    """Writes one file: pages of rows, then its end; given up, it closes what it has open and the file is worthless."""

    def add(self, rows: Sequence[Cells]) -> None: ...

    def close(self) -> None: ...

    def give_up(self) -> None: ...


class Excel:
    """A sheet. Its temporary files are next to it."""

    def __init__(self, names: Sequence[str], path: Path) -> None:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = Workbook(path, {**options, "tmpdir": str(path.parent)})
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        self._sheet.write_row(0, 0, names, self._book.add_format({"bold": True}))
        self._rows = 0

    def add(self, rows: Sequence[Cells]) -> None:
        for number, row in enumerate(rows, start=self._rows + 1):
            self._sheet.write_row(number, 0, row)
        self._rows += len(rows)

    def close(self) -> None:
        self._book.close()

    def give_up(self) -> None:
        self._sheet.row_data_fh.close()


class Parquet:
    """A column has the type of its first value: bool, int, float, moment in UTC, or text."""

    def __init__(self, names: Sequence[str], path: Path) -> None:
        self._names, self._path = names, path
        self._writer: Any = None

    def add(self, rows: Sequence[Cells]) -> None:
        import pyarrow as pa

        columns = list(zip(*rows, strict=True))
        if self._writer is None:
            self._begin(map(_parquet_type, columns))
        arrays = [_array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        import pyarrow as pa

        if self._writer is None:
            self._begin(pa.string() for _name in self._names)
        self._writer.close()

    def give_up(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _begin(self, types: Iterable[Any]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._schema = pa.schema(zip(self._names, types, strict=True))
        self._writer = pq.ParquetWriter(self._path, self._schema)


WRITERS: dict[str, Callable[[Sequence[str], Path], Writer]] = {"xlsx": Excel, "parquet": Parquet}


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

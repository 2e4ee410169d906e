"""Files made for a test, and the whole way of one."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from integration.importing import operations
from integration.importing.models import ImportRun
from integration.seam import clock

BY = "adam"


def checked(
    kind: str, data: bytes | str, *, name: str = "file.csv", matched: dict[str, str] | None = None, **given: str
) -> ImportRun:
    """The run of a file after its dry run."""
    data = data.encode() if isinstance(data, str) else data
    run = operations.receive_file(kind=kind, file=BytesIO(data), name=name, by=BY, now=clock.now(), given=given)
    operations.check_file(uid=run.uid, by_hand=matched or {}, layout={}, by=BY, now=clock.now())
    operations.check_run(run.pk, now=clock.now())
    return ImportRun.objects.get(pk=run.pk)


def apply(run: ImportRun, *, only_good_rows: bool = False, ends_missing: bool = False) -> ImportRun:
    operations.apply_file(uid=run.uid, only_good_rows=only_good_rows, ends_missing=ends_missing, by=BY, now=clock.now())
    operations.apply_run(run.pk, now=clock.now())
    return ImportRun.objects.get(pk=run.pk)


def applied(kind: str, data: bytes | str, *, only_good_rows: bool = False, **given: Any) -> ImportRun:
    return apply(checked(kind, data, **given), only_good_rows=only_good_rows)


def counts(run: ImportRun) -> tuple[int, int, int, int]:
    """Rows added, changed, unchanged, refused."""
    return run.added, run.changed, run.unchanged, run.refused


def lines(*rows: Sequence[str], separator: str = ",") -> str:
    return "".join(separator.join(row) + "\n" for row in rows)

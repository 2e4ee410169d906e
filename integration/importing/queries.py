"""Reads of import runs."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Any

from django.db.models import QuerySet

from integration.seam import sql
from integration.seam.models import DueWork
from integration.seam.sql import compose, identifier, integer

from .choices import RunState
from .files import opened
from .kinds import Kind
from .models import ImportRun, RefusedCell
from .recognising import Recognised
from .tables import read_table
from .values import Type

WORK = {RunState.CHECKING: "check import", RunState.APPLYING: "apply import"}  # by the clock, routes.DUE
SHOWN = 20
REASON = "Why it was refused"  # the heading of the additional column; no kind has a column of this name
_SAMPLE = "SELECT * FROM {changes} WHERE outcome = %s ORDER BY line LIMIT {most}"


def run_ids_to_check(now: datetime) -> QuerySet[ImportRun, int]:
    return _ids_in(RunState.CHECKING)


def run_ids_to_apply(now: datetime) -> QuerySet[ImportRun, int]:
    return _ids_in(RunState.APPLYING)


def failed_work_of(run: ImportRun) -> DueWork | None:
    """The work that a run waits for, if it failed; it is tried again unless it is dead."""
    name = WORK.get(RunState(run.state))
    return DueWork.objects.filter(name=name, object_id=run.pk).exclude(error="").first() if name else None


def can_be_canceled(run: ImportRun) -> bool:
    """Whether a run is not over, and not being applied: applying that failed for good has changed nothing."""
    if run.state != RunState.APPLYING:
        return not run.is_ended
    work = failed_work_of(run)
    return bool(work and work.dead_at)


def runs() -> QuerySet[ImportRun]:
    return ImportRun.objects.order_by("-pk")


def refused_cells(run: ImportRun) -> QuerySet[RefusedCell]:
    return run.refused_cells.order_by("line")


def earlier_run(run: ImportRun) -> ImportRun | None:
    """The last run that applied the same file."""
    same = runs().filter(kind=run.kind, file_sha256=run.file_sha256, state=RunState.APPLIED)
    return same.exclude(pk=run.pk).first()


def sample_of_changes(run: ImportRun, kind: Kind, outcome: str) -> Iterator[dict[str, Any]]:
    """A few rows that would be added or changed: their line, their key, and [column's label, old, new] that differ."""
    if not sql.value("SELECT to_regclass(%s)", [run.changes]):
        return
    kind = kind.stored
    labels = {column.name: str(column.label) for column in kind.columns}
    query = compose(_SAMPLE, changes=identifier(run.changes), most=integer(SHOWN))
    for line, _outcome, stored, *values in sql.rows(query, [outcome]):
        old = json.loads(stored) if stored else None
        new = dict(zip(kind.names, values, strict=True))
        differs = [
            (labels[name], (old or {}).get(name), new[name])
            for name in kind.shown or kind.values
            if _differs(old, new, name)
        ]
        yield {"line": line, "key": _key(kind, new), "differs": differs}


def changed_since(run: ImportRun, kind: Kind) -> Iterator[dict[str, Any]]:
    """A few rows that changed between the dry run and Apply: line, key, and [label, then, now] of what differs.

    `note` is "new" for one that was not there, "gone" for one that no longer is; else it is empty.
    """
    kind = kind.stored
    for one in run.conflicts:
        # A row that had no outcome was as in the file.
        then = {"changed": one["old"], "added": None}.get(one["shown"], one["new"])
        now = {"changed": one["old_now"], "added": None}.get(one["now"], one["new"])
        both = [(column, (then or {}).get(column.name), (now or {}).get(column.name)) for column in kind.columns]
        names = kind.shown or kind.values
        differs = [
            (str(column.label), old, new)
            for column, old, new in both
            if column.name in names and _comparable(old) != _comparable(new)
        ]
        note = "new" if then is None else "gone" if now is None else ""
        yield {"line": one["line"], "key": _key(kind, one["new"]), "differs": differs, "note": note}


def _key(kind: Kind, row: dict[str, Any]) -> str:
    """What people know a row by."""
    return "/".join(_named(row[name], kind.column(name).type) for name in kind.named_by or kind.key)


def _named(value: Any, type_: Type) -> str:
    """A value of a key, from SQL or from JSON; moments are in UTC."""
    if type_.postgres != "timestamptz":
        return str(value)
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%MZ}"


def _differs(old: dict[str, Any] | None, new: dict[str, Any], name: str) -> bool:
    if old is None:
        return new[name] not in (None, "")
    return _comparable(old.get(name)) != _comparable(new[name])


def _comparable(value: Any) -> str:
    """A value of JSON and one of SQL in the same form."""
    if isinstance(value, datetime):
        return value.isoformat()
    return _moment(value) if isinstance(value, str) and "T" in value else str(value)


def _moment(text: str) -> str:
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        return text


def _ids_in(state: RunState) -> QuerySet[ImportRun, int]:
    return ImportRun.objects.filter(state=state).order_by("pk").values_list("pk", flat=True)


def write_refused(run: ImportRun, out: IO[str]) -> None:
    """Write the refused rows as they are in the file, each with its reason in an additional column."""
    found = Recognised(**run.recognised)
    reasons = {line: (column, reason) for line, column, reason in _reasons(run)}
    writer = csv.writer(out, delimiter=found.separator or ",")
    with opened(run.stored_as) as file:
        rows = read_table(found.source(file, run.file_name))
        writer.writerow([*next(rows)[1], REASON])
        for line, cells in rows:
            if line in reasons:
                column, reason = reasons[line]
                writer.writerow([*cells, f"{column}: {reason}" if column else reason])


def _reasons(run: ImportRun) -> Iterator[tuple[int, str, str]]:
    return refused_cells(run).values_list("line", "column", "reason").iterator()

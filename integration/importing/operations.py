"""What people do with a file: receive, check, apply, cancel. Each is all or nothing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import IO, Any, cast

import pghistory
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_fsm import can_proceed

from integration.seam import clock, outbox, sql
from integration.seam.delivery import forget_due_work
from integration.seam.recorded import recorded
from integration.seam.refusals import Refused
from integration.seam.sql import compose, identifier

from .choices import RunState
from .comparing import MOST_CONFLICTS, compare, conflicts, missing
from .digests import digesting
from .files import opened, store_file
from .kinds import Applying, Kind, kind_of
from .locking import lock_what_people_lock
from .mappings import by_hand_of
from .models import APPLY_WITHIN, ImportRecord, ImportRun, SavedMapping
from .queries import WORK, can_be_canceled
from .recognising import Recognised, recognise, remap, require_layout
from .refusals import FileRefused
from .staging import RunCanceled, keep_refused, stage_file
from .untouched import MANY_ROWS, look_at_tables

CHANGED_SINCE = recorded("%(rows)s rows changed after the dry run. Nothing was applied; send the file again.")
MANY_CHANGED_SINCE = recorded(
    "More than %(rows)s rows changed after the dry run. Nothing was applied; send the file again."
)
ROWS_LOST = recorded("The database restarted and the rows that were read are gone. Send the file again.")
FORBIDDEN = recorded("The database refused the rows by its rule “%(rule)s”. Nothing was applied.")
CANCELED = recorded("canceled")
APPLY_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('import ' || %s, 0))"


class ImportNotAllowed(Refused):
    """The run's state, its age or the person does not allow it."""


@transaction.atomic
def receive_file(
    *,
    kind: str,
    file: IO[bytes],
    name: str,
    by: str,
    now: datetime,
    given: Mapping[str, str] | None = None,
    saved: SavedMapping | None = None,
) -> ImportRun:
    """Store a file and recognise how it is read; a saved mapping says it, but what is given takes precedence.

    Raises FileRefused; nothing is kept of such a file.
    """
    run = ImportRun(kind=kind, file_name=_shown(name), by=by, received_at=now)
    stored = store_file(file, name=run.file_name, stored_as=run.stored_as)
    run.file_sha256, run.file_bytes = stored
    found = recognise(file, run.file_name, kind_of(kind), **{**(saved.layout if saved else {}), **(given or {})})
    if saved:
        found = remap(found, kind_of(kind), by_hand_of(saved, found, run.file_name), run.file_name)
    run.recognised = found.as_json()
    run.save()
    return run


@transaction.atomic
def check_file(*, uid: Any, by_hand: Mapping[str, str], layout: Mapping[str, str], by: str, now: datetime) -> ImportRun:
    """Have the file read and compared, with columns matched and a layout chosen by hand. Raises FileRefused."""
    run = _lock(uid, by)
    if not can_proceed(run.check_again):
        raise ImportNotAllowed(
            _("The file is %(state)s; it can't be checked again now.") % {"state": run.get_state_display()}
        )
    require_layout(layout)
    kind = kind_of(run.kind)
    found = Recognised(**run.recognised)
    with opened(run.stored_as) as file:
        given = {name: value for name, value in layout.items() if value and getattr(found, name) != value}
        if given.keys() & {"encoding", "separator", "sheet"}:
            found = recognise(file, run.file_name, kind, **{**_kept_layout(found), **layout})
        else:
            found = replace(found, **cast(dict[str, Any], given))
    run.recognised = remap(found, kind, by_hand, run.file_name).as_json()
    run.received_at = now
    run.check_again()
    run.save()
    outbox.wake(outbox.BY_THE_CLOCK)
    return run


@transaction.atomic
def check_run(run_id: int, *, now: datetime) -> None:
    """Read the file of a run and compare it with what is there."""
    run = ImportRun.objects.get(pk=run_id)
    if run.state != RunState.CHECKING:
        return
    try:
        with transaction.atomic(), opened(run.stored_as) as file:
            counted = _read_and_compare(run, kind_of(run.kind), file)
    except RunCanceled:
        return
    except FileRefused as refused:
        run = ImportRun.objects.select_for_update(no_key=True).get(pk=run_id)
        _refuse(run, str(refused), now)
        return
    run = ImportRun.objects.select_for_update(no_key=True).get(pk=run_id)
    if run.state != RunState.CHECKING:
        transaction.set_rollback(True)  # it was canceled; its tables go with the transaction
        return
    for name, found in counted.items():
        setattr(run, name, found)
    run.checked_at = clock.now()
    run.show()
    run.save()


@transaction.atomic
def apply_file(*, uid: Any, only_good_rows: bool, ends_missing: bool, by: str, now: datetime) -> ImportRun:
    """Have a checked file applied. Raises ImportNotAllowed."""
    run = _lock(uid, by)
    if run.state != RunState.CHECKED:
        raise ImportNotAllowed(
            _("The file is %(state)s; only a checked file can be applied.") % {"state": run.get_state_display()}
        )
    if run.checked_at is None or now - run.checked_at > APPLY_WITHIN:
        raise ImportNotAllowed(_("The dry run is older than 24 hours. Check the file again, then apply it."))
    if run.refused and not only_good_rows:
        raise ImportNotAllowed(
            ngettext(
                "%(rows)s row would be refused. Mend it, or say that only the good rows are to be applied.",
                "%(rows)s rows would be refused. Mend them, or say that only the good rows are to be applied.",
                run.refused,
            )
            % {"rows": f"{run.refused:,}"}
        )
    run.only_good_rows, run.ends_missing = only_good_rows, ends_missing
    run.start_applying()
    run.save()
    outbox.wake(outbox.BY_THE_CLOCK)
    return run


@transaction.atomic
def apply_run(run_id: int, *, now: datetime) -> None:
    """Apply what the dry run showed, or nothing if that has changed since; one run of a kind at a time."""
    sql.execute(APPLY_LOCK, [ImportRun.objects.values_list("kind", flat=True).get(pk=run_id)])
    run = ImportRun.objects.select_for_update(no_key=True).get(pk=run_id)
    if run.state != RunState.APPLYING:
        return
    kind = kind_of(run.kind).stored
    if sql.value(_count(run.staged)) + run.refused < run.rows_read:
        _refuse(run, ROWS_LOST(), now)
        return
    lock_what_people_lock(run, kind.locks)
    if found := conflicts(run, kind):
        run.conflicts = found[:MOST_CONFLICTS]
        why = MANY_CHANGED_SINCE if len(found) > MOST_CONFLICTS else CHANGED_SINCE
        _refuse(run, why(rows=len(run.conflicts)), now)
        return
    try:
        with digesting(run) as digest, transaction.atomic(), pghistory.context(by=run.by):
            has = frozenset(Recognised(**run.recognised).columns(kind))
            kind.apply(Applying(identifier(run.changes), run.by, now, run.added, has))
            ended = _end_missing(run, kind, now)
            changes_sha256 = digest()
    except IntegrityError as problem:
        _refuse(run, FORBIDDEN(rule=_rule_of(problem)), now)
        return
    except Refused as refused:
        _refuse(run, str(refused), now)
        return
    run.apply()
    _finish(run, now, ended=ended, changes_sha256=changes_sha256)


@transaction.atomic
def cancel_run(*, uid: Any, by: str, now: datetime) -> ImportRun:
    """Cancel a run that is not being applied, or that failed each time it was; nothing was changed by it."""
    run = _lock(uid, by)
    if not can_be_canceled(run):
        raise ImportNotAllowed(
            _("The file is %(state)s; it can't be canceled any more.") % {"state": run.get_state_display()}
        )
    for name in WORK.values():
        forget_due_work(name=name, object_id=run.pk)
    run.cancel()
    run.why = CANCELED()
    _finish(run, now)
    return run


def _shown(name: str) -> str:
    """The end of a file's name; on a disk it may have bytes that are no text, and characters that nobody sees."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in name)[-200:]


def _lock(uid: Any, by: str) -> ImportRun:
    run = ImportRun.objects.select_for_update(no_key=True).get(uid=uid)
    if run.by != by:
        raise ImportNotAllowed(_("%(by)s sent this file; only they can go on with it.") % {"by": run.by})
    return run


def _read_and_compare(run: ImportRun, kind: Kind, file: IO[bytes]) -> dict[str, Any]:
    """What is found, by the run's fields."""
    run.refused_cells.all().delete()
    rows, refused = stage_file(run, kind, Recognised(**run.recognised), file)
    keep_refused(run, refused)
    run.compared = look_at_tables(kind)._asdict() if rows >= MANY_ROWS and not kind.packing else {}
    run.suspicions = kind.stored.suspicions(identifier(run.staged)) if kind.stored.suspicions and rows else []
    found = compare(run, kind.stored)
    refused_rows = len(refused) + found.refused
    unchanged = rows - refused_rows - found.added - found.changed
    counted = {"rows_read": rows, "refused": refused_rows, "unchanged": unchanged, "compared": run.compared}
    counted["suspicions"] = run.suspicions
    return found._asdict() | counted


def _end_missing(run: ImportRun, kind: Kind, now: datetime) -> int:
    if not (run.ends_missing and kind.ending):
        return 0
    table, rows = identifier("import_ended"), missing(run, kind.ending)
    sql.execute(compose("CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS {rows}", table=table, rows=rows))
    return kind.ending.act(Applying(table, run.by, now))


def _refuse(run: ImportRun, why: str, now: datetime) -> None:
    run.why = why
    run.refuse()
    _finish(run, now)


def _finish(run: ImportRun, now: datetime, *, ended: int = 0, changes_sha256: str = "") -> None:
    """Save the run's end with its row of history."""
    run.ended_at = now
    run.save()
    is_applied = run.state == RunState.APPLIED
    ImportRecord.objects.create(
        run=run,
        kind=run.kind,
        file_sha256=run.file_sha256,
        state=run.state,
        at=now,
        by=run.by,
        added=run.added if is_applied else 0,
        changed=run.changed if is_applied else 0,
        ended=ended,
        refused=run.refused,
        changes_sha256=changes_sha256,
        why=run.why,
    )


def _rule_of(problem: IntegrityError) -> str:
    """The constraint or column that rows broke; the error's own text contains values of customers."""
    diagnosis = getattr(problem.__cause__, "diag", None)
    return str(diagnosis and (diagnosis.constraint_name or diagnosis.column_name))


def _count(table: str) -> str:
    return compose("SELECT count(*) FROM {table}", table=identifier(table))


def _kept_layout(found: Recognised) -> dict[str, str]:
    return {"time_zone": found.time_zone}

"""Extracts that a DERMS from outside drops into a folder: taken over and sent to CPM, which checks them as any other.

A folder is complete when its manifest is there. It goes to `taken` or, with the reason beside it, to `refused`.
"""

import hashlib
import logging
import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Literal
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from cpm.models.program_events import ProgramEvent
from cpm.queries.external_events import AmbiguousId, events_named
from integration.seam import extract_files, outbox
from integration.seam.alert_rows import Priority
from integration.seam.alerts import raise_alert
from integration.seam.extracts import MANIFEST_BYTES, PART_NAME
from integration.seam.messages import DeviceOutcome, DeviceReservation, ExtractRef
from integration.seam.models import Extract
from integration.seam.recorded import recorded
from integration.seam.systems import Outside
from integration.seam.texts import one_line

log = logging.getLogger(__name__)
MANIFEST, TAKEN, REFUSED, REASON = "manifest.json", "taken", "refused", "reason.txt"
COPY_BYTES = 1 << 20
EXTRACT_REFUSED = recorded("The extract “%(folder)s” of another DERMS was refused, nothing of it is loaded: %(why)s")
OTHER_MANIFEST = recorded("There is an extract %(uid)s already, with another manifest.")
NO_MANIFEST = recorded("manifest.json is no manifest.")
LONG_MANIFEST = recorded("manifest.json has more than %(most)s bytes.")
NO_EVENT = recorded("There is no event and no stage “%(named)s” of another system.")
SEVERAL_STAGES = recorded("The event %(named)s has %(count)s stages; name one of them: %(stages)s.")
FAILED = recorded("It can't be taken over (%(kind)s); the log has more.")
UNREADABLE = recorded("%(file)s can't be read: %(why)s.")


class Part(BaseModel):
    """A part of a dropped extract; its size and digest are checked when it is loaded."""

    file: Annotated[str, Field(pattern=rf"^{PART_NAME.pattern}$")]


class Manifest(BaseModel):
    """The manifest of an extract, with the id of the event or stage that it is about."""

    uid: UUID
    kind: Literal["device_reservation", "device_outcome"]
    event: Annotated[str, Field(min_length=1, max_length=120), AfterValidator(one_line)]
    rows: Annotated[int, Field(ge=0)]
    parts: Annotated[list[Part], Field(min_length=1)]


class DropRefused(Exception):
    """Why a dropped extract can't be taken over."""


def take_in_dropped(*, now: datetime) -> int:
    """Take over every complete extract in the folder of the settings; returns how many."""
    if not settings.EXTERNAL_EXTRACTS:
        return 0
    root = Path(settings.EXTERNAL_EXTRACTS)
    found = [one for one in sorted(root.iterdir()) if one.name not in (TAKEN, REFUSED) and _is_complete(one)]
    return sum(_take(root, one) for one in found)


def _take(root: Path, folder: Path) -> bool:
    """Take one over. What the database does is committed before the folder moves: a crash in between repeats it."""
    try:
        body = _contents(folder)
        with transaction.atomic():
            send_extract(body, lambda manifest: _bring(folder, manifest))
    except (OperationalError, InterfaceError):
        raise  # of the database, not of the folder: it is taken over later
    except Exception as problem:  # whatever one folder raises costs only that folder
        refused = problem if isinstance(problem, DropRefused) else FAILED(kind=type(problem).__name__)
        log.warning("a dropped extract is refused: %s", refused, exc_info=not isinstance(problem, DropRefused))
        moved = _moved(folder, root / REFUSED)
        (moved / REASON).write_text(f"{refused}\n", encoding="utf-8")
        text = EXTRACT_REFUSED(folder=moved.name[:60], why=refused)
        raise_alert(f"extract refused:{moved.name}", kind="extract refused", priority=Priority.HIGH, text=text)
        return False
    _moved(folder, root / TAKEN)
    return True


def send_extract(body: bytes, bring: Callable[[Manifest], object]) -> Manifest:
    """Record the extract of a manifest and send CPM the message that names it; `bring` has its parts in the storage.

    The same again does nothing. Raises DropRefused.
    """
    manifest = _read(body)
    digest = hashlib.sha256(body).hexdigest()
    if known := Extract.objects.filter(uid=manifest.uid).first():
        if known.manifest_sha256 == digest:
            return manifest
        raise DropRefused(OTHER_MANIFEST(uid=manifest.uid))
    program_event = _program_event(manifest.event)
    bring(manifest)
    extract_files.replace(f"{manifest.uid}/{MANIFEST}", lambda out: out.write(body))
    parts = len(manifest.parts)
    Extract.objects.create(
        uid=manifest.uid, kind=manifest.kind, parts=parts, rows=manifest.rows, manifest_sha256=digest
    )
    ref = ExtractRef(extract_uid=manifest.uid, parts=parts, rows=manifest.rows, manifest_sha256=digest)
    message = DeviceReservation if manifest.kind == DeviceReservation.kind else DeviceOutcome
    outbox.send(message(stage_uid=program_event.stage_uid, extract=ref), sender=Outside.DERMS)
    return manifest


def _bring(folder: Path, manifest: Manifest) -> None:
    """Copy the parts of a folder into the storage."""
    extract_files.remove_folder(str(manifest.uid))  # what a crash left
    for part in manifest.parts:
        _copy(folder / part.file, f"{manifest.uid}/{part.file}")


def _read(body: bytes) -> Manifest:
    try:
        return Manifest.model_validate_json(body)
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False)[0]
        raise DropRefused(f"{MANIFEST}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from wrong
    except RecursionError as wrong:
        raise DropRefused(NO_MANIFEST()) from wrong


def _program_event(named: str) -> ProgramEvent:
    try:
        found = events_named(named)
    except AmbiguousId as problem:
        raise DropRefused(str(problem)) from problem
    if not found:
        raise DropRefused(NO_EVENT(named=named))
    if len(found) > 1:
        stages = ", ".join(one.external_id for one in found)
        raise DropRefused(SEVERAL_STAGES(named=named, count=len(found), stages=stages))
    return found[0]


def _is_complete(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and (folder / MANIFEST).exists()


def _contents(folder: Path) -> bytes:
    with _opened(folder / MANIFEST) as file:
        body: bytes = file.read(MANIFEST_BYTES + 1)
    if len(body) > MANIFEST_BYTES:
        raise DropRefused(LONG_MANIFEST(most=MANIFEST_BYTES))
    return body


def _copy(source: Path, name: str) -> None:
    with _opened(source) as file:
        extract_files.store(name, lambda out: shutil.copyfileobj(file, out, COPY_BYTES))


def _opened(path: Path) -> IO[bytes]:
    """A regular file of the folder: a link could lead to any file that this process may read. Raises DropRefused."""
    try:
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError as problem:
        raise DropRefused(UNREADABLE(file=path.name, why=problem.strerror)) from problem


def _moved(folder: Path, into: Path) -> Path:
    """Move a folder; one of its name that is there already is kept beside it."""
    into.mkdir(exist_ok=True)
    target, number = into / folder.name, 1
    while target.exists():
        number += 1
        target = into / f"{folder.name}-{number}"
    return folder.rename(target)

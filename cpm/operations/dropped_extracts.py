"""Extracts that a DERMS from outside drops into a folder: taken over and sent to CPM, which checks them as any other.

A folder is complete when its manifest is there. It goes to `taken` or, with the reason beside it, to `refused`.
"""

import hashlib
import logging
import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Literal
from uuid import UUID

from django.conf import settings
from django.db import transaction
from pydantic import BaseModel, Field, ValidationError

from cpm.models.program_events import ProgramEvent
from cpm.queries.external_events import events_named
from integration.seam import extract_files, outbox
from integration.seam.extracts import MANIFEST_BYTES, PART_NAME
from integration.seam.messages import DeviceOutcome, DeviceReservation, ExtractRef
from integration.seam.models import Extract
from integration.seam.systems import Outside

log = logging.getLogger(__name__)
MANIFEST, TAKEN, REFUSED, REASON = "manifest.json", "taken", "refused", "reason.txt"
COPY_BYTES = 1 << 20


class Part(BaseModel):
    """A part of a dropped extract; its size and digest are checked when it is loaded."""

    file: Annotated[str, Field(pattern=rf"^{PART_NAME.pattern}$")]


class Manifest(BaseModel):
    """The manifest of an extract, with the id of the event or stage that it is about."""

    uid: UUID
    kind: Literal["device_reservation", "device_outcome"]
    event: Annotated[str, Field(min_length=1, max_length=120)]
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
        with transaction.atomic():
            _send(folder)
    except DropRefused as refused:
        log.warning("a dropped extract is refused: %s", refused)
        (_moved(folder, root / REFUSED) / REASON).write_text(f"{refused}\n", encoding="utf-8")
        return False
    _moved(folder, root / TAKEN)
    return True


def _send(folder: Path) -> None:
    """Copy an extract into the storage, record it and send CPM the message that names it. Raises DropRefused."""
    body = _contents(folder)
    manifest = _read(body)
    digest = hashlib.sha256(body).hexdigest()
    if known := Extract.objects.filter(uid=manifest.uid).first():
        if known.manifest_sha256 == digest:
            return
        raise DropRefused(f"There is an extract {manifest.uid} already, with another manifest.")
    program_event = _program_event(manifest.event)
    extract_files.remove_folder(str(manifest.uid))  # what a crash left
    for part in manifest.parts:
        _copy(folder / part.file, f"{manifest.uid}/{part.file}")
    extract_files.store(f"{manifest.uid}/{MANIFEST}", lambda out: out.write(body))
    parts = len(manifest.parts)
    Extract.objects.create(
        uid=manifest.uid, kind=manifest.kind, parts=parts, rows=manifest.rows, manifest_sha256=digest
    )
    ref = ExtractRef(extract_uid=manifest.uid, parts=parts, rows=manifest.rows, manifest_sha256=digest)
    message = DeviceReservation if manifest.kind == DeviceReservation.kind else DeviceOutcome
    outbox.send(message(stage_uid=program_event.stage_uid, extract=ref), sender=Outside.DERMS)


def _read(body: bytes) -> Manifest:
    try:
        return Manifest.model_validate_json(body)
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False)[0]
        raise DropRefused(f"{MANIFEST}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from wrong
    except RecursionError as wrong:
        raise DropRefused(f"{MANIFEST} is no manifest.") from wrong


def _program_event(named: str) -> ProgramEvent:
    found = events_named(named)
    if not found:
        raise DropRefused(f"There is no event and no stage “{named}” of another system.")
    if len(found) > 1:
        stages = ", ".join(one.external_id for one in found)
        raise DropRefused(f"The event {named} has {len(found)} stages; name one of them: {stages}.")
    return found[0]


def _is_complete(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and (folder / MANIFEST).exists()


def _contents(folder: Path) -> bytes:
    with _opened(folder / MANIFEST) as file:
        body: bytes = file.read(MANIFEST_BYTES + 1)
    if len(body) > MANIFEST_BYTES:
        raise DropRefused(f"{MANIFEST} has more than {MANIFEST_BYTES} bytes.")
    return body


def _copy(source: Path, name: str) -> None:
    with _opened(source) as file:
        extract_files.store(name, lambda out: shutil.copyfileobj(file, out, COPY_BYTES))


def _opened(path: Path) -> IO[bytes]:
    """A regular file of the folder: a link could lead to any file that this process may read. Raises DropRefused."""
    try:
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError as problem:
        raise DropRefused(f"{path.name} can't be read: {problem.strerror}.") from problem


def _moved(folder: Path, into: Path) -> Path:
    """Move a folder; one of its name that is there already is kept beside it."""
    into.mkdir(exist_ok=True)
    target, number = into / folder.name, 1
    while target.exists():
        number += 1
        target = into / f"{folder.name}-{number}"
    return folder.rename(target)

"""The storage of extracts.

Each file is written under a temporary name, flushed to disk and renamed. Files and folders that no row names are
removed.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import Storage, storages

from .models import Extract

KEEP_UNNAMED = timedelta(hours=1)
WRITING = ".writing-"


def storage() -> Storage:
    return storages["extracts"]


def temporary_file() -> Any:
    """A file to write to, in the same folder as the finished ones."""
    root = Path(settings.EXTRACT_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    return tempfile.NamedTemporaryFile(dir=root, prefix=WRITING, delete=False)


def store(name: str, write: Callable[[IO[bytes]], object]) -> None:
    """Store what `write` writes under this name."""
    temporary = temporary_file()
    write(temporary)
    keep(temporary, name)


def replace(name: str, write: Callable[[IO[bytes]], object]) -> None:
    """Store what `write` writes in the place of what has this name."""
    storage().delete(name)
    store(name, write)


def keep(temporary: Any, name: str) -> tuple[str, int]:
    """Flush a finished file to disk and move it into the storage; returns its SHA-256 and size in bytes."""
    try:
        temporary.flush()
        os.fsync(temporary.fileno())
        with open(temporary.name, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = os.fstat(file.fileno()).st_size
            os.chmod(temporary.name, 0o640)
            storage().save(name, _Movable(file, name=temporary.name))
        return digest, size
    finally:
        discard(temporary)


def discard(temporary: Any) -> None:
    """Close a temporary file, and remove it if it was not renamed."""
    with suppress(OSError):  # a full disk raises once more
        temporary.close()
    Path(temporary.name).unlink(missing_ok=True)


def remove_unnamed(*, now: datetime) -> int:
    """Remove what writers that died left: files and folders older than an hour that no row names. Returns how many."""
    place = storage()
    if not place.exists("."):
        return 0
    folders, files = place.listdir(".")
    known = {str(uid) for uid in Extract.objects.values_list("uid", flat=True)}
    stale_files = [name for name in files if name.startswith(WRITING) and _is_stale(name, now)]
    stale_folders = [folder for folder in folders if folder not in known and _is_stale(folder, now)]
    for name in stale_files:
        place.delete(name)
    return len(stale_files) + sum(map(remove_folder, stale_folders))


def remove_folder(folder: str) -> int:
    """Remove a folder with its files; returns how many files and folders were removed."""
    place = storage()
    if not place.exists(folder):
        return 0
    names = [*(f"{folder}/{name}" for name in place.listdir(folder)[1]), folder]
    for name in names:
        place.delete(name)
    return len(names)


class _Movable(File):  # type: ignore[type-arg]
    """A finished file that the storage may rename into place instead of copying it."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def _is_stale(name: str, now: datetime) -> bool:
    return now - storage().get_modified_time(name) > KEEP_UNNAMED

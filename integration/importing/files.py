"""The storage of imported files, from when they are received until their run is over."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, NamedTuple, cast

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import Storage, storages

from . import refusals
from .refusals import FileRefused

BLOCK_BYTES = 1 << 20


class Stored(NamedTuple):
    """A stored file's SHA-256 and size."""

    sha256: str
    bytes: int


def storage() -> Storage:
    return storages["imports"]


def store_file(file: IO[bytes], *, name: str, stored_as: str) -> Stored:
    """Store a file. Raises FileRefused if it is too large."""
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    while block := file.read(BLOCK_BYTES):
        digest.update(block)
        size += len(block)
        if size > settings.IMPORT_LARGEST_FILE:
            most = f"{settings.IMPORT_LARGEST_FILE:,}"
            raise FileRefused(refusals.TOO_LARGE(file=name, bytes=f"{size:,}", most=most))
    file.seek(0)
    storage().save(stored_as, File(cast(Any, file)))
    return Stored(digest.hexdigest(), size)


@contextmanager
def opened(stored_as: str) -> Iterator[IO[bytes]]:
    """A stored file on this machine, so that it can be read in any order. Raises FileRefused if it is gone."""
    if not storage().exists(stored_as):
        raise FileRefused(refusals.FORGOTTEN())
    with storage().open(stored_as) as stored, tempfile.TemporaryFile() as local:
        shutil.copyfileobj(stored, local, BLOCK_BYTES)
        local.seek(0)
        yield local


def remove_file(stored_as: str) -> None:
    storage().delete(stored_as)

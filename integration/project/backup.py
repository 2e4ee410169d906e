"""Back up the database, with PostgreSQL's programs, and the extracts; restore both.

The database is dumped first and the extracts are copied after it. A file is written before the row that names it and
never changed, so a backup of a running Gridcall contains every file that the dump names. Sessions and counters are
left out.
"""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from django.conf import settings
from django.db import connection

from integration.engines import EnginesNotUsable
from integration.engines.postgres import programs
from integration.seam import sealing

from . import addresses

DUMP, EXTRACTS, HEAD = "database.dump", "extracts.tar", "history-head"
# The variables for parameters of an address.
VARIABLES = {
    name: f"PG{name.upper()}"
    for name in ("sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "channel_binding", "options", "service")
}
NOT_KEPT = ("django_session", "django_cache")


class BackupNotPossible(Exception):
    """Why a backup or a restore can't be made."""


def write_backup(folder: Path) -> None:
    """Write a backup under a temporary name and rename it when it is complete. Raises BackupNotPossible."""
    if folder.exists():
        raise BackupNotPossible(f"{folder} exists already.")
    writing = folder.with_name(f"{folder.name}.writing")
    shutil.rmtree(writing, ignore_errors=True)  # of a backup that was killed
    writing.mkdir(mode=0o700, parents=True)
    try:
        _write_into(writing)
        writing.rename(folder)
    except BaseException:
        shutil.rmtree(writing, ignore_errors=True)  # on a full disk, half a backup would only be in the way
        raise


def _write_into(folder: Path) -> None:
    (folder / HEAD).write_text(str(sealing.head() or ""))
    left_out = [f"--exclude-table-data={table}" for table in NOT_KEPT]
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={folder / DUMP}", *left_out)
    with tarfile.open(folder / EXTRACTS, "w") as tar:
        if settings.EXTRACT_ROOT.exists():
            tar.add(settings.EXTRACT_ROOT, arcname=".")


def restore_backup(folder: Path) -> None:
    """Restore a backup into an empty database and extract folder; what fails leaves both empty.

    Raises BackupNotPossible if they are not empty, or if the backup can't be read.
    """
    if connection.introspection.table_names():
        raise BackupNotPossible("The database is not empty. Restore into a new one, and inspect it before you switch.")
    if settings.EXTRACT_ROOT.exists() and any(settings.EXTRACT_ROOT.iterdir()):
        raise BackupNotPossible(f"{settings.EXTRACT_ROOT} is not empty.")
    unpacking = settings.EXTRACT_ROOT.with_name(f"{settings.EXTRACT_ROOT.name}.restoring")
    try:
        _unpack(folder / EXTRACTS, unpacking)
        _run(
            "pg_restore",
            "--no-owner",
            "--no-privileges",
            "--single-transaction",
            f"--dbname={_name()}",
            str(folder / DUMP),
        )
    except BaseException:
        shutil.rmtree(unpacking, ignore_errors=True)
        raise
    if settings.EXTRACT_ROOT.exists():
        settings.EXTRACT_ROOT.rmdir()
    unpacking.rename(settings.EXTRACT_ROOT)


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack the extracts: folders and files, which is all that write_backup puts in. Raises BackupNotPossible."""
    folder.mkdir(parents=True)
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                _unpack_member(tar, member, folder)
    except (OSError, tarfile.TarError) as problem:
        raise BackupNotPossible(f"{archive} can't be unpacked: {problem}") from problem


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write one folder or file. Raises tarfile.TarError for anything else, and for a place outside the folder."""
    path = Path(member.name)
    content = tar.extractfile(member) if member.isfile() else None
    if path.is_absolute() or ".." in path.parts or not (content or member.isdir()):
        raise tarfile.TarError(f"{member.name} is not a file inside the folder")
    if content is None:
        (folder / path).mkdir(exist_ok=True)
        return
    with content, (folder / path).open("wb") as file:
        shutil.copyfileobj(content, file)


def kept_head(folder: Path) -> str:
    """The newest block of history when the backup was made."""
    return (folder / HEAD).read_text()


def _run(program: str, *arguments: str) -> None:
    done = subprocess.run([_path(program), *arguments], env=_address(), capture_output=True, text=True)
    if done.returncode:
        raise BackupNotPossible(f"{program} failed ({done.returncode}): {done.stderr.strip()}")


def _path(program: str) -> str:
    """The embedded PostgreSQL 18's program; one installed on the machine may be older than the server."""
    try:
        return str(programs() / program)
    except EnginesNotUsable as problem:
        if found := shutil.which(program):
            return found
        raise BackupNotPossible(f"{program} of PostgreSQL 18 is not installed.") from problem


def _name() -> str:
    return str(connection.settings_dict["NAME"])


def _address() -> dict[str, str]:
    """The database for PostgreSQL's programs: as variables, since lists of processes show passwords in arguments."""
    address = addresses.database(os.environ["DATABASE_URL"])
    fields = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD"}
    given = {name: address.fields[field] for name, field in fields.items() if address.fields[field]}
    parameters = {name: address.parameters[key] for key, name in VARIABLES.items() if key in address.parameters}
    return os.environ | given | parameters | {"PGDATABASE": _name()}

"""A backup is restored whole into an empty database, and the checks find nothing wrong there."""

import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from derms.models import Event
from integration.engines.state import PROJECT
from integration.project.backup import DUMP, BackupNotPossible, _unpack
from integration.seam import clock, sealing
from integration.seam.settling import settle

pytestmark = pytest.mark.django_db(transaction=True)

NAME = f"restored_{os.getpid()}"


def address(database: str) -> str:
    """The address of another database on the tests' server."""
    kept = connection.settings_dict
    return f"postgresql://{kept['USER']}@/{database}?host={kept['HOST']}&port={kept['PORT']}"


@pytest.fixture
def empty() -> Iterator[str]:
    """The address of an empty database."""
    with closing(psycopg2.connect(address("postgres"))) as server, server.cursor() as cursor:
        server.autocommit = True
        cursor.execute(f"CREATE DATABASE {NAME}")
        yield address(NAME)
        cursor.execute(f"DROP DATABASE {NAME}")


def restore(folder: Path, database: str, extracts: Path) -> subprocess.CompletedProcess[str]:
    variables = os.environ | {"DATABASE_URL": database, "EXTRACT_ROOT": str(extracts), "SECRET_KEY": "of-this-test" * 3}
    command = [sys.executable, "manage.py", "restore", str(folder)]
    return subprocess.run(command, cwd=PROJECT, env=variables, capture_output=True, text=True)


def test_what_was_backed_up_comes_back_and_is_checked(
    event_in: Callable[..., Event], empty: str, extract_folder: Path, tmp_path: Path
) -> None:
    event = event_in("Scheduled")
    settle()
    sealing.seal_history(now=clock.now())
    folder, there = tmp_path / "backup", tmp_path / "there"
    call_command("backup", folder, verbosity=0)

    done = restore(folder, empty, there)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "17 invariants checked, nothing found" in done.stdout
    assert "History is as it was written" in done.stdout
    with closing(psycopg2.connect(empty)) as restored, restored.cursor() as cursor:
        cursor.execute("SELECT state FROM derms_event WHERE number = %s", [event.number])
        assert cursor.fetchall() == [("Scheduled",)]
    files = sorted(path.relative_to(extract_folder) for path in extract_folder.rglob("*.*"))
    assert files
    assert all((there / name).read_bytes() == (extract_folder / name).read_bytes() for name in files)
    again = restore(folder, empty, there)
    assert "The database is not empty" in again.stderr


def test_a_backup_replaces_nothing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", tmp_path)


def test_a_restore_that_fails_leaves_nothing_and_the_next_one_works(
    event_in: Callable[..., Event], empty: str, extract_folder: Path, tmp_path: Path
) -> None:
    event_in("Scheduled")
    settle()
    folder, there = tmp_path / "backup", tmp_path / "there"
    call_command("backup", folder, verbosity=0)
    dump = folder / DUMP
    whole = dump.read_bytes()
    dump.write_bytes(whole[: len(whole) // 2])

    done = restore(folder, empty, there)

    assert done.returncode != 0
    assert "pg_restore failed" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.iterdir()) == sorted([folder, extract_folder])
    dump.write_bytes(whole)
    assert restore(folder, empty, there).returncode == 0


def test_an_archive_with_anything_but_files_in_its_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "outside").write_text("rows")
    for name, added, arcname in (("link.tar", "link", "link"), ("outside.tar", "outside", "../outside")):
        with tarfile.open(tmp_path / name, "w") as tar:
            tar.add(tmp_path / added, arcname=arcname)
        with pytest.raises(BackupNotPossible, match="is not a file inside the folder"):
            _unpack(tmp_path / name, tmp_path / f"{name}.folder")

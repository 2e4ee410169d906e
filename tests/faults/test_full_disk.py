"""A full disk: the writer fails, leaves nothing behind, and removes what it wrote before."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from integration.seam import extract_files
from integration.seam.models import Extract
from tests.faults.inside import fill_disk
from tests.messages import bulk

pytestmark = pytest.mark.django_db


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """While this file exists, the disk is full."""
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", tempfile.NamedTemporaryFile)
    fill_disk(tmp_path / "full")
    return tmp_path / "full"


@pytest.mark.parametrize("files", [0, 1, 2, 3], ids=["at once", "second part", "third part", "manifest"])
def test_what_can_not_be_written_leaves_no_file(
    files: int, full: Path, extract_folder: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EXTRACT_PART_ROWS = 2
    monkeypatch.setattr(extract_files, "temporary_file", _full_after(files, full, extract_files.temporary_file))

    with pytest.raises(OSError, match="No space left on device"):
        bulk.written(5)

    assert list(extract_folder.rglob("*")) == []
    assert not Extract.objects.exists()


def _full_after(files: int, full: Path, make: Callable[[], Any]) -> Callable[[], Any]:
    left = [None] * files

    def made() -> Any:
        if not left:
            full.touch()
        del left[-1:]
        return make()

    return made

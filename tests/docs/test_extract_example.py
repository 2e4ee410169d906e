"""The example in docs/reference/extracts.md shows the files that are actually written."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from integration.engines.state import PROJECT
from integration.seam.extracts import write_extract

PAGE = (PROJECT / "docs" / "reference" / "extracts.md").read_text()
ROWS = """
VALUES ('NORTHWIND', 'T0000001', 1062, 1180), ('NORTHWIND', 'T0000002', 1040, 1090), ('NORTHWIND', 'T0000003', 780, 800)
"""


@pytest.mark.django_db
def test_the_example_shows_the_files_that_are_written(extract_folder: Path, settings: Any) -> None:
    settings.EXTRACT_PART_ROWS = 2
    shown = re.findall(r"```text\n(.*?)```", PAGE, re.S)
    (manifest,) = map(json.loads, re.findall(r"```json\n(.*?)```", PAGE, re.S))

    written = extract_folder / str(write_extract(kind="device_reservation", query=ROWS, params={}).uid)

    assert [part.read_text() for part in sorted(written.glob("part-*.csv"))] == shown
    assert json.loads((written / "manifest.json").read_text()) == {**manifest, "uid": written.name}

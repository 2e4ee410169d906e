"""Bulk files with random changes are refused as a whole, whatever was changed, even with forged digests."""

import hashlib
import json
import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from integration.seam import extracts
from integration.seam.messages import ExtractRef
from tests.messages import bulk

pytestmark = pytest.mark.django_db

KIND, ROWS = "device_reservation", 40
DAMAGED = [500, pytest.param(10_000, marks=pytest.mark.full)]


def damage(dice: random.Random, whole: bytes) -> bytes:
    """Flip, cut, double, move or add bytes, once or a few times."""
    changed = bytearray(whole)
    for _ in range(dice.randint(1, 4)):
        at, length = dice.randrange(len(changed) + 1), dice.randint(1, 40)
        piece = bytes(changed[at : at + length])
        match dice.randrange(5):
            case 0 if at < len(changed):
                changed[at] ^= 1 << dice.randrange(8)
            case 1:
                del changed[at : at + length]
            case 2:
                changed[at:at] = piece
            case 3:
                changed[at:at] = dice.randbytes(length)
            case _:
                del changed[at : at + length]
                changed += piece
    return bytes(changed)


def load(ref: ExtractRef) -> int | Exception:
    """Load the one part in a transaction like a receiver; returns how many rows were loaded, or why none were."""
    try:
        with transaction.atomic():
            extracts.copy_part(ref, kind=KIND, part=1, into="taken_in")
    except Exception as problem:  # noqa: BLE001  (a delivery notes whatever it is)
        return problem
    finally:
        with connection.cursor() as cursor:
            cursor.execute("WITH gone AS (DELETE FROM taken_in RETURNING 1) SELECT count(*) FROM gone")
            rows = cursor.fetchone()[0]
    return int(rows)


@pytest.fixture
def part(extract_folder: Path, settings: Any, request: pytest.FixtureRequest, now: datetime) -> tuple[ExtractRef, Path]:
    settings.EXTRACT_GZIP = request.param
    extract = bulk.written(ROWS)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE taken_in (head_end text, nic_id text, expected_w integer, nominal_w integer)"
            " ON COMMIT DROP"
        )
    assert load(extract.ref) == ROWS
    return extract.ref, bulk.part_file(extract_folder, extract, 1)


@pytest.mark.parametrize("files", DAMAGED)
@pytest.mark.parametrize("part", [False, True], indirect=True, ids=["plain", "packed"])
def test_changed_bytes_are_refused_whole(files: int, part: tuple[ExtractRef, Path]) -> None:
    (ref, path), dice = part, random.Random(1)  # noqa: S311  (the same every time)
    whole = path.read_bytes()
    manifest = path.with_name("manifest.json")
    described = manifest.read_bytes()
    for number in range(files // 4):
        target, was = (path, whole) if number % 4 else (manifest, described)
        damaged = damage(dice, was)
        target.write_bytes(damaged)
        if damaged != was:
            assert isinstance(load(ref), extracts.ExtractDamaged), damaged
        target.write_bytes(was)


@pytest.mark.parametrize("files", DAMAGED)
@pytest.mark.parametrize("part", [False, True], indirect=True, ids=["plain", "packed"])
def test_changed_bytes_with_forged_digests_come_in_whole_or_not_at_all(
    files: int, part: tuple[ExtractRef, Path]
) -> None:
    (ref, path), dice = part, random.Random(2)  # noqa: S311  (the same every time)
    whole = path.read_bytes()
    refused = 0
    for _ in range(files // 4):
        path.write_bytes(damage(dice, whole))
        came_in = load(_forged(ref, path))
        refused += isinstance(came_in, Exception)
        assert isinstance(came_in, Exception) or came_in == ROWS
    assert refused > files // 16


def _forged(ref: ExtractRef, path: Path) -> ExtractRef:
    """Manifest and message describe the changed file as they described the original one."""
    manifest, body = path.with_name("manifest.json"), path.read_bytes()
    said = json.loads(manifest.read_bytes())
    said["parts"][0] |= {"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}
    manifest.write_text(json.dumps(said))
    return ref.model_copy(update={"manifest_sha256": hashlib.sha256(manifest.read_bytes()).hexdigest()})

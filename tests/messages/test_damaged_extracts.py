"""Damaged, mixed-up and forged bulk files are refused with the reason, and nothing of the extract can be read."""

import gzip
import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cpm.models.program_events import ProgramEvent
from derms.models import ControlZone, Program
from integration.seam.models import Extract, Message
from tests import factories
from tests.faults.dose import repeats
from tests.messages import bulk

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def devices(zone: ControlZone, program: Program, now: datetime, settings: Any) -> None:
    settings.EXTRACT_PART_ROWS = 2
    factories.fleet(zone, program, 5, since=now - timedelta(days=30))


Damage = Callable[[Path, Extract], dict[str, Any] | None]


def _part(root: Path, extract: Extract, part: int = 1) -> Path:
    return bulk.part_file(root, extract, part)


def _manifest(root: Path, extract: Extract) -> Path:
    return root / str(extract.uid) / "manifest.json"


def _change(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def _swap(root: Path, extract: Extract) -> None:
    first, second = _part(root, extract, 1), _part(root, extract, 2)
    first.rename(root / "aside")
    second.rename(first)
    (root / "aside").rename(second)


def _edit_manifest(root: Path, extract: Extract, **changed: Any) -> str:
    path = _manifest(root, extract)
    body = json.dumps({**json.loads(path.read_bytes()), **changed}).encode()
    path.write_bytes(body)
    return hashlib.sha256(body).hexdigest()


def _forge(root: Path, extract: Extract, change: Callable[[bytes], bytes]) -> dict[str, Any]:
    """Change the first part, its description and the message's digest together, so that only the rows reveal it."""
    part = _part(root, extract)
    _change(part, change)
    described = json.loads(_manifest(root, extract).read_bytes())["parts"]
    described[0] |= {"sha256": hashlib.sha256(part.read_bytes()).hexdigest(), "bytes": part.stat().st_size}
    return {"manifest_sha256": _edit_manifest(root, extract, parts=described)}


def _other_folder(root: Path, extract: Extract) -> dict[str, Any]:
    uid = uuid4()
    shutil.copytree(root / str(extract.uid), root / str(uid))
    return {"extract_uid": uid}


def _other_manifest(root: Path, extract: Extract) -> None:
    shutil.copy(_manifest(root, bulk.written(5)), _manifest(root, extract))


def _outside(root: Path, extract: Extract) -> dict[str, Any]:
    described = json.loads(_manifest(root, extract).read_bytes())["parts"]
    (root.parent / "stolen.csv").write_bytes(_part(root, extract).read_bytes())
    described[0]["file"] = "../../stolen.csv"
    return {"manifest_sha256": _edit_manifest(root, extract, parts=described)}


def _bomb(root: Path, extract: Extract) -> dict[str, Any]:
    """A small file that unpacks to many copies of one row."""
    described = json.loads(_manifest(root, extract).read_bytes())["parts"]
    packed = gzip.compress(b"head_end,nic_id,expected_w,nominal_w\nHE1," + b"9" * 10_000_000 + b",1,1\n")
    _part(root, extract).with_name("part-00001.csv.gz").write_bytes(packed)
    digest = hashlib.sha256(packed).hexdigest()
    described[0] |= {"file": "part-00001.csv.gz", "sha256": digest, "bytes": len(packed)}
    return {"manifest_sha256": _edit_manifest(root, extract, parts=described)}


DAMAGES: dict[str, tuple[Damage, str]] = {
    "a part is missing": (lambda root, e: _part(root, e).unlink(), "is not there"),
    "the manifest is missing": (lambda root, e: _manifest(root, e).unlink(), "is not there"),
    "a part is empty": (lambda root, e: _change(_part(root, e), lambda b: b""), "does not match its manifest"),
    "a part is truncated": (lambda root, e: _change(_part(root, e), lambda b: b[:-3]), "does not match its manifest"),
    "one bit is flipped": (
        lambda root, e: _change(_part(root, e), lambda b: b[:-2] + bytes([b[-2] ^ 1, b[-1]])),
        "does not match its manifest",
    ),
    "a part has other rows": (
        lambda root, e: _change(_part(root, e), lambda b: b.replace(b"801", b"999")),
        "does not match its manifest",
    ),
    "a part has a row more": (
        lambda root, e: _change(_part(root, e), lambda b: b + b"HE1,N0000005,9,9\n"),
        "does not match its manifest",
    ),
    "a part has a row twice": (
        lambda root, e: _change(_part(root, e), lambda b: b + b.splitlines(True)[1]),
        "does not match its manifest",
    ),
    "a part has another header": (
        lambda root, e: _change(_part(root, e), lambda b: b.replace(b"nic", b"mac")),
        "does not match its manifest",
    ),
    "two parts are swapped": (_swap, "does not match its manifest"),
    "the manifest is edited": (lambda root, e: _edit_manifest(root, e, rows=6) and None, "not the manifest"),
    "the manifest is another extract's": (_other_manifest, "not the manifest"),
    "the folder is another extract's": (_other_folder, "describes another extract"),
    "the message counts too few parts": (lambda root, e: {"parts": 2}, "describes another extract"),
    "the message counts too many parts": (lambda root, e: {"parts": 4}, "describes another extract"),
    "the message knows another digest": (lambda root, e: {"manifest_sha256": "0" * 64}, "not the manifest"),
    "the kind is another": (
        lambda root, e: {"manifest_sha256": _edit_manifest(root, e, kind="raw_outcome")},
        "describes another extract",
    ),
    "a row more, forged": (
        lambda root, e: _forge(root, e, lambda b: b + b"HE1,N0000005,9,9\n"),
        "contains 3 rows; its manifest says 2",
    ),
    "another header, forged": (lambda root, e: _forge(root, e, lambda b: b.replace(b"nic", b"mac")), "can't be read"),
    "a word for watts, forged": (
        lambda root, e: _forge(root, e, lambda b: b.replace(b"801", b"lots")),
        "can't be read",
    ),
    "no rows at all, forged": (lambda root, e: _forge(root, e, lambda b: b"\x00\xff"), "can't be read"),
    "a row twice, forged": (
        lambda root, e: _forge(root, e, lambda b: b.replace(b"N0000002", b"N0000001")),
        "IntegrityError",
    ),
    "packed rows without end, forged": (_bomb, "more bytes than its rows can have"),
    "a path out of the folder, forged": (_outside, "is no part of an extract"),
}


@pytest.mark.parametrize("again", repeats(len(DAMAGES)))
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_extract_is_refused_and_nothing_of_it_is_applied(
    damage: str, again: int, extract_folder: Path, now: datetime
) -> None:
    stage_uid, extract = bulk.known_stage(now), bulk.written(5)
    act, complaint = DAMAGES[damage]

    message = bulk.send(stage_uid, extract, **(act(extract_folder, extract) or {}))
    parts = bulk.load(message)

    refused = [one for one in parts if one.state != "Delivered"]
    assert refused
    assert any(complaint in one.error for one in refused), [one.error for one in refused]
    assert bulk.loaded(stage_uid) == 0
    assert ProgramEvent.objects.get(stage_uid=stage_uid).reservations_loaded_at is None


@pytest.mark.parametrize("compressed", [False, True])
def test_a_part_that_is_whole_again_is_loaded_by_the_next_attempt(
    compressed: bool, extract_folder: Path, settings: Any, now: datetime
) -> None:
    settings.EXTRACT_GZIP = compressed
    stage_uid, extract = bulk.known_stage(now), bulk.written(5)
    path = bulk.part_file(extract_folder, extract, 2)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    message: Message = bulk.send(stage_uid, extract)
    assert [one.state for one in bulk.load(message)] == ["Delivered", "Open", "Delivered"]

    path.write_bytes(whole)

    assert [one.state for one in bulk.load(message)] == ["Delivered"] * 3
    assert bulk.loaded(stage_uid) == 5

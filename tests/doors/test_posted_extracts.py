"""Extracts that another DERMS posts: parts, then the manifest; the same checks as of those that it drops."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from cpm.models import Participation
from cpm.models.program_events import ProgramEvent
from integration.console.models import User
from integration.pages.problems import REFERENCE
from integration.seam.models import Extract, Message
from integration.seam.settling import settle

from .conftest import Made, bearer
from .test_dropped_extracts import RESERVED, Drop, drop, event, folder, reservations  # noqa: F401  (fixtures)

pytestmark = pytest.mark.django_db(transaction=True)
Post = Callable[[str, Any, str], Any]


@pytest.fixture
def post(account_of: Callable[..., Made], administrator: User) -> Post:
    header = bearer(account_of(administrator, "Other DERMS"))

    def send(address: str, body: Any, content_type: str) -> Any:
        return Client().post(f"{REFERENCE}service/extracts{address}", body, content_type, headers=header)

    return send


def post_parts(post: Post, extract: Path) -> dict[str, Any]:
    """Post the parts of a folder; returns its manifest."""
    manifest: dict[str, Any] = json.loads((extract / "manifest.json").read_text())
    for part in manifest["parts"]:
        answer = post(f"/{manifest['uid']}/{part['file']}", (extract / part["file"]).read_bytes(), "text/csv")
        assert answer.json() == {"uid": manifest["uid"], "file": part["file"], "bytes": part["bytes"]}
    return manifest


def test_an_extract_that_is_posted_is_loaded_once(post: Post, drop: Drop, event: ProgramEvent) -> None:  # noqa: F811
    extract = drop("device_reservation", RESERVED, reservations(1, 2), reservations(3))
    manifest = post_parts(post, extract)
    body = (extract / "manifest.json").read_bytes()
    for _time in range(2):
        answer = post("", body, "application/json")
        assert (answer.status_code, answer.json()["uid"], answer.json()["rows"]) == (200, manifest["uid"], 3)
    settle()
    assert Participation.objects.filter(program_event_id=event.pk, reservation_flag=True).count() == 3
    assert (Extract.objects.count(), Message.objects.filter(kind="device_reservation").count()) == (1, 1)
    late = post(f"/{manifest['uid']}/part-00001.csv", b"x", "text/csv")
    assert (late.status_code, late.json()["detail"]) == (409, f"There is an extract {manifest['uid']} already.")


def test_a_part_that_is_posted_again_takes_the_place_of_the_former(
    post: Post,
    drop: Drop,  # noqa: F811
    event: ProgramEvent,  # noqa: F811
) -> None:
    extract = drop("device_reservation", RESERVED, reservations(1))
    manifest = json.loads((extract / "manifest.json").read_text())
    post(f"/{manifest['uid']}/part-00001.csv", b"half of it", "text/csv")
    post_parts(post, extract)
    assert post("", manifest, "application/json").status_code == 200
    settle()
    assert Participation.objects.filter(program_event_id=event.pk, reservation_flag=True).count() == 1


@pytest.mark.parametrize(
    ("wrong", "status", "says"),
    [
        ({"parts": [{"file": "part-00002.csv"}]}, 422, "part-00002.csv was not posted, or longer than an hour ago."),
        ({"event": "99"}, 422, "There is no event and no stage “99” of another system."),
        ({"kind": "raw_outcome"}, 400, "kind: "),
        ({"parts": [{"file": "../b/part-00001.csv"}]}, 400, "parts.0.file: "),
    ],
)
def test_what_can_not_be_taken_over_is_told_why(
    post: Post,
    drop: Drop,  # noqa: F811
    event: ProgramEvent,  # noqa: F811
    wrong: Any,
    status: int,
    says: str,
) -> None:
    manifest = post_parts(post, drop("device_reservation", RESERVED, reservations(1)))
    answer = post("", {**manifest, **wrong}, "application/json")
    assert (answer.status_code, says in answer.json()["detail"]) == (status, True), answer.content
    assert not Extract.objects.exists()


def test_a_part_has_its_name_and_type(post: Post, event: ProgramEvent) -> None:  # noqa: F811
    there = "/00000000-0000-4000-8000-000000000000/"
    assert post(f"{there}part-1.csv", b"x", "text/csv").status_code == 404
    assert post(f"{there}part-00001.csv", b"x", "application/json").status_code == 415

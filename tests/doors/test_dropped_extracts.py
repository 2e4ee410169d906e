"""Extracts that another DERMS drops into a folder: taken over once, checked as our own, and refused with a reason."""

import hashlib
import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cpm.models import Participation, ParticipationOutcome
from cpm.models.program_events import ProgramEvent
from cpm.operations import PlannedOutside, add_external_event, dropped_extracts, move_external_event, take_in_dropped
from integration.seam import clock
from integration.seam.models import Alert, Delivery, Extract, Message, RefusedRow
from integration.seam.routes import EVERY
from integration.seam.settling import settle
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
RESERVED = "head_end,nic_id,expected_w,nominal_w"
OUTCOMES = "head_end,nic_id,code,started_at,ended_at,reduction_w,error"
Drop = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    made = tmp_path / "dropped"
    made.mkdir()
    settings.EXTERNAL_EXTRACTS = str(made)
    return made


@pytest.fixture
def drop(folder: Path) -> Drop:
    """Drop an extract of these rows, a part each; `wrong` changes its manifest."""

    def write(kind: str, heading: str, *parts: list[str], event: str = "1315", name: str = "a", **wrong: Any) -> Path:
        (folder / name).mkdir()
        described = []
        for number, rows in enumerate(parts, 1):
            body = "\n".join([heading, *rows, ""]).encode()
            file = f"part-{number:05}.csv"
            (folder / name / file).write_bytes(body)
            digest = hashlib.sha256(body).hexdigest()
            described.append({"file": file, "rows": len(rows), "bytes": len(body), "sha256": digest})
        manifest = {
            "uid": str(uuid.uuid4()), "kind": kind, "columns": heading.split(","), "event": event,
            "rows": sum(map(len, parts)), "parts": described, **wrong,
        }  # fmt: skip
        (folder / name / "manifest.json").write_text(json.dumps(manifest))
        return folder / name

    return write


@pytest.fixture
def event(program: Any, zone: Any) -> ProgramEvent:
    """A stage of another DERMS, and three devices."""
    now = clock.now()
    factories.fleet(zone, program, 3, since=now - timedelta(days=30))
    planned = PlannedOutside("1315", "1314", "COOL", "Economic", now + timedelta(hours=1), now + timedelta(hours=2))
    return add_external_event(planned, by="other", now=now)


def reservations(*numbers: int) -> list[str]:
    return [f"HE1,N{number:07},1062,1180" for number in numbers]


def test_reservations_and_outcomes_that_are_dropped_are_loaded(drop: Drop, event: ProgramEvent, folder: Path) -> None:
    drop("device_reservation", RESERVED, reservations(1, 2), [*reservations(3), "HE1,N0000009,1,1"])
    assert take_in_dropped(now=clock.now()) == 1
    settle()
    event.refresh_from_db()
    assert (event.participations, event.reserved) == (3, 3)
    assert set(Participation.objects.filter(program_event_id=event.pk).values_list("expected_w", flat=True)) == {1062}
    assert [(one.nic_id, one.reason) for one in RefusedRow.objects.all()] == [("N0000009", "refused: no such device")]
    assert {
        (one.receiver, one.message.sender) for one in Delivery.objects.filter(message__kind="device_reservation")
    } == {("cpm", "external-derms")}
    for state in ("In Progress", "Completed"):
        move_external_event(named="1315", to=state, by="other", now=clock.now())  # type: ignore[arg-type]
    rows = [f"HE1,N{n:07},D1SP,2026-07-01T10:00:00Z,2026-07-01T11:00:00Z,900," for n in (1, 2, 3)]
    drop("device_outcome", OUTCOMES, rows, event="1314", name="b")
    take_in_dropped(now=clock.now())
    settle()
    event.refresh_from_db()
    assert (event.closed, event.outcomes, event.reduction_w) == (3, {"D1SP": 3}, 2700)
    assert ParticipationOutcome.objects.filter(program_event_id=event.pk).count() == 3
    assert sorted(one.name for one in (folder / "taken").iterdir()) == ["a", "b"]


def test_an_extract_is_taken_over_once(drop: Drop, event: ProgramEvent, folder: Path) -> None:
    drop("device_reservation", RESERVED, reservations(1))
    take_in_dropped(now=clock.now())
    (folder / "taken" / "a").rename(folder / "a")  # as if the folder had not moved before a crash
    assert take_in_dropped(now=clock.now()) == 1
    assert (Extract.objects.count(), Message.objects.filter(kind="device_reservation").count()) == (1, 1)


def test_what_is_not_complete_waits(drop: Drop, event: ProgramEvent, folder: Path) -> None:
    manifest = drop("device_reservation", RESERVED, reservations(1)) / "manifest.json"
    body = manifest.read_text()
    manifest.unlink()
    assert take_in_dropped(now=clock.now()) == 0
    manifest.write_text(body)
    assert take_in_dropped(now=clock.now()) == 1


def test_a_damaged_part_is_not_applied(drop: Drop, event: ProgramEvent) -> None:
    part = drop("device_reservation", RESERVED, reservations(1)) / "part-00001.csv"
    part.write_bytes(part.read_bytes().replace(b"1062", b"9999"))
    take_in_dropped(now=clock.now())
    delivery = Delivery.objects.get()
    from integration.seam.delivery import deliver

    deliver(delivery.pk, 0)
    delivery.refresh_from_db()
    assert "its SHA-256 differs" in delivery.error
    event.refresh_from_db()
    assert event.reserved == 0


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another kind": ({"kind": "raw_outcome"}, "manifest.json: kind: "),
    "no uid": ({"uid": "../../etc"}, "manifest.json: uid: "),
    "a part elsewhere": ({"parts": [{"file": "../b/part-00001.csv"}]}, "manifest.json: parts.0.file: "),
    "a part that is missing": ({"parts": [{"file": "part-00002.csv"}]}, "part-00002.csv can't be read"),
    "no part": ({"parts": []}, "manifest.json: parts: "),
    "an event that no text can name": ({"event": "a\0b"}, "manifest.json: event: "),
    "no such event": ({"event": "99"}, "There is no event and no stage “99” of another system."),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_can_not_be_taken_over_is_refused_with_a_reason(
    drop: Drop, event: ProgramEvent, folder: Path, case: str
) -> None:
    wrong, sentence = dict(WRONG[case][0]), WRONG[case][1]
    drop(*[wrong.pop("kind", "device_reservation"), RESERVED, reservations(1)], **wrong)
    assert take_in_dropped(now=clock.now()) == 0
    assert sentence in (folder / "refused" / "a" / "reason.txt").read_text()
    (alert,) = Alert.objects.all()
    assert (alert.kind, alert.closed_at) == ("extract refused", None)
    assert sentence in alert.text
    assert not Message.objects.filter(kind="device_reservation").exists()
    assert not Extract.objects.exists()


def test_no_json_a_link_and_an_event_of_several_stages_are_refused(
    drop: Drop, event: ProgramEvent, folder: Path, tmp_path: Path
) -> None:
    (drop("device_reservation", RESERVED, reservations(1)) / "manifest.json").write_text("{")
    secret = tmp_path / "secret.csv"
    secret.write_text("secret")
    part = drop("device_reservation", RESERVED, reservations(1), name="b") / "part-00001.csv"
    part.unlink()
    part.symlink_to(secret)
    planned = PlannedOutside("1316", "1314", "COOL", "Economic", event.starts_at, event.ends_at)
    add_external_event(planned, by="other", now=clock.now())
    drop("device_reservation", RESERVED, reservations(1), event="1314", name="c")
    take_in_dropped(now=clock.now())
    reasons = [(folder / "refused" / name / "reason.txt").read_text() for name in ("a", "b", "c")]
    assert "manifest.json: " in reasons[0]
    assert "part-00001.csv can't be read" in reasons[1]
    assert "has 2 stages; name one of them: 1315, 1316." in reasons[2]


def test_a_folder_that_fails_unexpectedly_stops_no_other(
    drop: Drop, event: ProgramEvent, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = dropped_extracts._copy

    def fail_for_a(source: Path, name: str) -> None:
        if source.parent.name == "a":
            raise ZeroDivisionError
        copy(source, name)

    monkeypatch.setattr(dropped_extracts, "_copy", fail_for_a)
    drop("device_reservation", RESERVED, reservations(1), name="a")
    drop("device_reservation", RESERVED, reservations(1), name="b")
    assert take_in_dropped(now=clock.now()) == 1
    assert "can't be taken over (ZeroDivisionError)" in (folder / "refused" / "a" / "reason.txt").read_text()
    assert (folder / "taken" / "b").is_dir()


def test_an_event_of_gridcall_takes_nothing_from_outside(drop: Drop, event_in: Any, folder: Path) -> None:
    made = event_in("Scheduled")
    settle()
    drop("device_reservation", RESERVED, reservations(1), event=made.number)
    assert take_in_dropped(now=clock.now()) == 0
    assert "There is no event" in (folder / "refused" / "a" / "reason.txt").read_text()


def test_without_a_folder_nothing_is_looked_for(settings: Any) -> None:
    settings.EXTERNAL_EXTRACTS = ""
    assert take_in_dropped(now=clock.now()) == 0
    assert EVERY["take in dropped extracts"].operation == "cpm.operations.take_in_dropped"

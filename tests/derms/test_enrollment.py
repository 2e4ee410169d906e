"""Enrollment changes that overtake each other: the latest wins, in whatever order they arrive."""

import uuid
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from derms.models import (
    Candidate,
    ControlZone,
    Device,
    DeviceUnavailability,
    Enrollment,
    Feeder,
    HeadEnd,
    Program,
    Transformer,
)
from derms.operations import change_enrollment
from integration.seam import sql
from integration.seam.delivery import NotYet
from integration.seam.filling import UNLESS_THERE
from integration.seam.messages import EnrollmentChange
from integration.seam.models import Message
from integration.seam.sql import identifier, statement
from tests import factories
from tests.threads import run_together

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 20, tzinfo=UTC)


def _change(change: str, day: int, nic_id: str = "A1", program: str = "COOL", **fields: str) -> EnrollmentChange:
    return EnrollmentChange.model_validate(
        {
            "change": change,
            "head_end": "HE1",
            "nic_id": nic_id,
            "program": program,
            "at": BEGAN + timedelta(days=day),
            "device_class": "battery",
            "rated_w": 5000,
            "zone": "NORTH",
            "feeder": "NORTH-F1",
            "transformer": "NORTH-T1",
            **fields,
        }
    )


def _enrolled() -> set[str]:
    open_ones = Enrollment.objects.filter(ends_at=None, device__ended_at=None)
    return set(open_ones.values_list("device__nic_id", flat=True))


def _candidates() -> list[tuple[Any, ...]]:
    """What device selection reads."""
    return sql.rows(
        "SELECT device_id, enrollment_id, program_id, enrolled_from, enrolled_until FROM derms_candidate ORDER BY 1, 2"
    )


def _facts() -> list[tuple[Any, ...]]:
    """What it should read, derived from devices and enrollments as they are."""
    return sql.rows(
        "SELECT d.id, e.id, e.program_id, greatest(e.starts_at, d.registered_at), least(e.ends_at, d.ended_at)"
        " FROM derms_enrollment e JOIN derms_device d ON d.id = e.device_id ORDER BY 1, 2"
    )


@pytest.fixture
def head_end(program: Program) -> HeadEnd:
    return HeadEnd.objects.create(code="HE1", name="Head End One")


STORIES = {
    "it came": ([("start", "A1")], {"A1"}),
    "it came and left": ([("start", "A1"), ("end", "A1")], set()),
    "it came back": ([("start", "A1"), ("end", "A1"), ("start", "A1")], {"A1"}),
    "it left again": ([("start", "A1"), ("end", "A1"), ("start", "A1"), ("end", "A1")], set()),
    "it was replaced": ([("start", "A1"), ("replace", "B2")], {"B2"}),
    "the new one left": ([("start", "A1"), ("replace", "B2"), ("end", "B2")], set()),
    "the old one came back": ([("start", "A1"), ("replace", "B2"), ("start", "A1")], {"A1", "B2"}),
}


@pytest.mark.django_db
@pytest.mark.parametrize("story", STORIES)
@settings(max_examples=20)
@given(data=st.data())
def test_every_order_and_repetition_comes_to_the_same_end(story: str, head_end: HeadEnd, data: st.DataObject) -> None:
    sent, expected = STORIES[story]
    changes = [
        _change(change, day, nic_id, **({"replaces_nic_id": "A1"} if change == "replace" else {}))
        for day, (change, nic_id) in enumerate(sent)
    ]
    order = data.draw(st.permutations([*changes, *data.draw(st.lists(st.sampled_from(changes), max_size=4))]))

    with transaction.atomic():
        for change in order:
            assert change_enrollment(change, now=NOW).status == "SUCCESS"
        assert _enrolled() == expected
        live = Device.objects.filter(ended_at=None).values_list("nic_id", flat=True)
        assert set(live) == expected
        assert _candidates() == _facts()
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_every_change_is_answered_by_what_holds_then(head_end: HeadEnd) -> None:
    change_enrollment(_change("end", 2), now=NOW)
    change_enrollment(_change("start", 1), now=NOW)
    change_enrollment(_change("start", 3), now=NOW)
    change_enrollment(_change("replace", 4, "B2", replaces_nic_id="A1"), now=NOW)

    answers = Message.objects.order_by("pk").values_list("payload__nic_id", "payload__answer")
    assert list(answers) == [
        ("A1", "Deregistered"),
        ("A1", "Deregistered"),
        ("A1", "Registered"),
        ("B2", "Registered"),
        ("A1", "Deregistered"),
    ]


@pytest.mark.django_db
def test_a_replacement_inherits_the_events_and_the_last_call_and_not_the_rate(head_end: HeadEnd) -> None:
    change_enrollment(_change("start", 1), now=NOW)
    former = Device.objects.get()
    factories.used(former, before=NOW, days=3, events=7, n=9, total=1, silent_run=2)

    for _ in range(2):
        change_enrollment(_change("replace", 4, "B2", replaces_nic_id="A1"), now=NOW)

    names = ("season_events", "last_called_on", "rate_n", "rate_pm", "silent_run")
    new = Candidate.objects.filter(device_id=Device.objects.get(nic_id="B2").pk).values_list(*names).get()
    assert new == (7, former.zone.local_day(NOW) - timedelta(days=3), 0, 800, 0)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"head_end": "HE9"}, "There is no head end system “HE9”."),
        ({"program": "GONE"}, "There is no program “GONE”."),
        ({"transformer": "T9"}, "There is no transformer “T9”."),
        ({"change": "replace"}, "The message doesn't say which device HE1/A1 replaces."),
    ],
)
def test_what_is_not_known_is_answered_and_leaves_nothing(wrong: dict[str, str], error: str, head_end: HeadEnd) -> None:
    receipt = change_enrollment(_change("start", 1).model_copy(update=wrong), now=NOW)

    assert (receipt.status, receipt.note) == ("ERROR", error)
    assert Message.objects.get().payload["error"] == error
    assert not Device.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_while_devices_are_chosen_in_the_zone_a_change_waits(head_end: HeadEnd, zone: ControlZone) -> None:
    with transaction.atomic():
        ControlZone.objects.select_for_update(no_key=True).get(pk=zone.pk)
        (answer,) = run_together(lambda: change_enrollment(_change("start", 1), now=NOW))

    assert isinstance(answer, NotYet)
    assert not Device.objects.exists()


def _first_registrations() -> list[int | None]:
    return list(Device.objects.order_by("pk").values_list("limits_of", flat=True))


@pytest.mark.django_db
def test_a_device_that_comes_back_to_its_place_points_to_its_first_registration(
    zone: ControlZone, head_end: HeadEnd
) -> None:
    Transformer.objects.create(code="NORTH-T2", feeder=Feeder.objects.get(code="NORTH-F1"))
    for day, where in ((1, "NORTH-T1"), (3, "NORTH-T1"), (5, "NORTH-T2"), (7, "NORTH-T1")):
        change_enrollment(_change("start", day, transformer=where), now=NOW)
        change_enrollment(_change("end", day + 1, transformer=where), now=NOW)

    first = Device.objects.order_by("pk").values_list("pk", flat=True)[0]
    assert _first_registrations() == [None, first, None, first]


def _load(program: Program, *nic_ids: str) -> dict[str, str]:
    """Load a file's part of batteries; returns the error of each, by the NIC id that is answered."""
    with transaction.atomic():
        sql.execute(
            "CREATE TEMPORARY TABLE staged ON COMMIT DROP AS"
            " SELECT 'HE1' AS head_end, nic_id, 'battery' AS device_class, 5000 AS rated_w, 'NORTH' AS zone,"
            " 'NORTH-F1' AS feeder, 'NORTH-T1' AS transformer, false AS critical_care, %s::timestamptz AS at"
            " FROM unnest(%s::text[]) nic_id",
            [NOW, list(nic_ids)],
        )
        load = statement("derms", "load_enrollments", staged=identifier("staged"), unless_there=UNLESS_THERE)
        sql.execute(load, {"program": program.pk})
        return dict(sql.rows("SELECT nic_id, error FROM answered"))


@pytest.mark.django_db
def test_a_load_points_to_first_registrations_too(zone: ControlZone, program: Program, head_end: HeadEnd) -> None:
    for change, day in (("start", 1), ("end", 2)):
        change_enrollment(_change(change, day), now=NOW)
    _load(program, "A1", "A2")

    first = Device.objects.order_by("pk").values_list("pk", flat=True)[0]
    assert _first_registrations() == [None, first, None]


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["message", "file"])
def test_a_device_that_returns_keeps_its_coming_unavailability(
    zone: ControlZone, program: Program, head_end: HeadEnd, way: str
) -> None:
    change_enrollment(_change("start", 1), now=NOW)
    period = DeviceUnavailability.objects.create(
        uid=uuid.uuid4(), device=Device.objects.get(), starts_at=NOW, ends_at=NOW + timedelta(days=20)
    )
    change_enrollment(_change("end", 2), now=NOW)
    if way == "file":
        _load(program, "A1")
    else:
        change_enrollment(_change("start", 3), now=NOW)

    period.refresh_from_db()
    assert period.device == Device.objects.get(ended_at=None)


@pytest.mark.django_db
def test_a_nic_id_is_one_device_whatever_its_case_and_blanks(
    zone: ControlZone, program: Program, head_end: HeadEnd
) -> None:
    change_enrollment(_change("start", 1), now=NOW)
    other = "It is device “A1”, written in other letters. Correct the NIC id."
    blank = EnrollmentChange.model_validate(_change("start", 2).model_dump() | {"nic_id": " A1 "})
    assert blank.nic_id == "A1"

    receipt = change_enrollment(_change("start", 2).model_copy(update={"nic_id": "a1"}), now=NOW)
    assert (receipt.status, receipt.note) == ("ERROR", other)
    assert _load(program, "a1", " A1 ", "B1", "b1") == {
        "a1": other,
        "A1": "The device is in the file twice.",
        "B1": "",
        "b1": "The device is in the file twice.",
    }
    assert set(Device.objects.values_list("nic_id", flat=True)) == {"A1", "B1"}
    for nic_id in ("a1", " A1", "A1 "):
        same = Device.objects.get(nic_id="A1")
        same.pk, same.nic_id = None, nic_id
        with pytest.raises(IntegrityError), transaction.atomic():
            same.save()


@pytest.mark.django_db
def test_devices_that_were_registered_twice_are_taken_out_and_named(
    zone: ControlZone, program: Program, head_end: HeadEnd, caplog: pytest.LogCaptureFixture
) -> None:
    change_enrollment(_change("start", 1), now=NOW)
    sql.execute("SET CONSTRAINTS ALL IMMEDIATE")
    sql.execute("DROP INDEX derms_device_live_natural_key")
    sql.execute("ALTER TABLE derms_device DROP CONSTRAINT derms_device_nic_id_trimmed")
    for nic_id in ("a1 ", " B1"):
        double = Device.objects.get(nic_id="A1")
        double.pk, double.nic_id = None, nic_id
        double.save()
        Enrollment.objects.create(program=program, device=double, starts_at=NOW)
    with connection.schema_editor() as editor:
        import_module("derms.migrations.0026_one_nic_id").end_doubles(None, editor)

    assert set(Device.objects.filter(ended_at=None).values_list("nic_id", flat=True)) == {"A1", "B1"}
    assert set(Enrollment.objects.filter(ends_at=None).values_list("device__nic_id", flat=True)) == {"A1", "B1"}
    assert "“HE1/a1 ”" in caplog.text
    assert "B1" not in caplog.text

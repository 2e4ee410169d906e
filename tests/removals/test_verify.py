"""Each invariant's query finds what was broken by hand, bypassing every operation."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import DjangoDbBlocker

from cpm import operations as cpm
from derms.models import Stage
from integration.commands.verify import INVARIANTS, Violation, violations, violations_of
from integration.console.models import User
from integration.seam import clock
from integration.seam.models import Delivery
from integration.seam.settling import settle
from integration.seam.systems import System
from tests.databases import MIGRATED, Databases, extracts_in
from tests.removals.ended import run_a_stage, scheduled
from tests.removals.running import device, tell_by_hand, without_constraint

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
PAST_HISTORY = "SET LOCAL session_replication_role = replica;"


def found(name: str) -> list[str]:
    return [one.what for one in violations_of(name, rest=timedelta(0))]


@pytest.fixture(scope="module")
def history(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, databases: Databases, tmp_path_factory: Any
) -> Iterator[None]:
    """A stage that ran and was closed, after one device had left it: once for all tests, which only break it."""
    root = tmp_path_factory.mktemp("verify") / "extracts"
    with (
        django_db_blocker.unblock(),
        extracts_in(root),
        databases.copy(MIGRATED, "verify", root),
    ):
        run_a_stage(clock.now())
        yield


@pytest.fixture
def over(history: None, db: None) -> Stage:
    return Stage.objects.get()


def test_nothing_is_found_where_nothing_is_wrong(over: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify")

    assert capsys.readouterr().out == "17 invariants checked, nothing found.\n"


def test_the_command_prints_what_it_finds_and_fails(over: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    tell_by_hand("UPDATE integration_load SET applied = applied + 1 WHERE receiver = 'lec'")

    with pytest.raises(CommandError, match="1 violations of 1 invariants"):
        call_command("verify")

    said = capsys.readouterr().out
    assert "I8" in said
    assert "21 rows applied and 0 refused of 20" in said


@pytest.mark.parametrize(
    ("by_hand", "what"),
    [
        ("UPDATE cpm_programevent SET revision = 99", "CPM: Completed, revision 99; DERMS: Completed, revision 4"),
        ("UPDATE lec_sim_lecstage SET status_revision = 1", "LEC: Completed, revision 1"),
        ("UPDATE lec_sim_lecstage SET state = 'Canceled'", "LEC: Canceled, revision 4"),
        ("DELETE FROM lec_sim_lecstage", "LEC does not know it"),
        (f"{PAST_HISTORY} DELETE FROM cpm_programevent", "CPM does not know it"),
    ],
)
def test_i1_a_stage_that_another_system_knows_otherwise(by_hand: str, what: str, over: Stage) -> None:
    tell_by_hand(by_hand)

    assert any(one.startswith(what) for one in found("I1"))


def test_i1_leaves_out_what_is_on_its_way(over: Stage) -> None:
    tell_by_hand("UPDATE cpm_programevent SET revision = 99")

    assert violations_of("I1", rest=HOUR) == []


def test_i2_a_call_after_the_removal(over: Stage) -> None:
    tell_by_hand(
        "INSERT INTO lec_call (stage_id, head_end, nic_id, called_at, answer, power_w)"
        " SELECT id, 'HE1', 'N0000001', starts_at, 'takes part', 0 FROM lec_sim_lecstage"
    )

    assert len(found("I2")) == 2
    assert any("although its opt-out was confirmed" in what for what in found("I2"))


@pytest.mark.parametrize("answer", ["pending", "unconfirmed"])
def test_i2_a_confirmed_opt_out_that_the_head_end_has_not_read(over: Stage, answer: str) -> None:
    tell_by_hand(f"UPDATE lec_sim_removal SET answer = '{answer}' WHERE reason = 'opt-out'")

    (what,) = found("I2")
    assert what.startswith("its opt-out was confirmed at ")
    assert what.endswith(f", and to LEC it is {answer}")


def test_i2_a_call_after_the_release(over: Stage) -> None:
    tell_by_hand(
        "INSERT INTO lec_sim_removal (stage_uid, head_end, nic_id, reason, answer, at)"
        " SELECT stage_uid, 'HE1', 'N0000002', 'customer unavailable', 'released', started_at - interval '1 s'"
        " FROM lec_sim_lecstage"
    )

    assert len(found("I2")) == 1


def test_i3_a_device_reserved_twice(over: Stage, now: datetime) -> None:
    olive, ada = (User.objects.get(username=name) for name in ("olive", "ada"))
    first = scheduled(over.ends_at, now, operator=olive, approver=ada)
    other = scheduled(first.ends_at, now, operator=olive, approver=ada)
    assert found("I3") == []

    tell_by_hand("UPDATE derms_stage SET starts_at = %(start)s WHERE id = %(pk)s", start=first.starts_at, pk=other.pk)

    assert len(found("I3")) == 20
    tell_by_hand(
        "INSERT INTO derms_removal (stage_uid, head_end, nic_id, reason, requested_at, answer)"
        " VALUES (%(uid)s, 'HE1', 'N0000001', 'opt-out', %(now)s, 'removed')",
        uid=other.uid,
        now=now,
    )
    assert len(found("I3")) == 19


@pytest.mark.parametrize(
    ("by_hand", "what"),
    [
        ("DELETE FROM cpm_outcome WHERE code = 'D1CN'", "1 participations without an outcome"),
        ("DELETE FROM cpm_participation WHERE NOT reservation_flag", "1 outcomes without a participation"),
        ("DELETE FROM derms_outcome WHERE code = 'D1CN'", "1 reserved devices without an outcome in DERMS"),
        (
            f"{PAST_HISTORY} UPDATE cpm_programevent SET state = 'Canceled', started_at = NULL",
            "20 outcomes, although it was canceled before it started",
        ),
        (
            "UPDATE derms_stage SET ended_at = now() - interval '1 day';"
            " UPDATE cpm_programevent SET outcomes_loaded_at = NULL",
            "no outcomes in CPM past the deadline",
        ),
    ],
)
def test_i4_participations_and_outcomes_that_do_not_match(by_hand: str, what: str, over: Stage) -> None:
    tell_by_hand(by_hand)

    assert found("I4") == [what]


@pytest.mark.parametrize(
    ("by_hand", "what"),
    [
        ("DELETE FROM derms_transition WHERE stage_id IS NULL AND revision = 3", "revision 4 from Approved follows"),
        ("UPDATE derms_transition SET from_state = 'New' WHERE to_state = 'Completed'", "from New follows"),
        ("DELETE FROM derms_transition WHERE stage_id IS NULL AND to_state = 'Completed'", "is Completed, revision 6"),
        ("DELETE FROM derms_transition WHERE stage_id IS NOT NULL", "is Completed, revision 4; its history ends with"),
        ("UPDATE derms_event SET state = 'New'", "is New, revision 6; its history ends with Completed"),
        ("UPDATE cpm_transition SET from_state = 'Canceled' WHERE to_state = 'Completed'", "from Canceled follows"),
        ("DELETE FROM cpm_transition WHERE to_state = 'Completed'", "is Completed, revision 4; its history ends with"),
    ],
)
def test_i5_history_with_a_gap(by_hand: str, what: str, over: Stage) -> None:
    tell_by_hand(PAST_HISTORY + by_hand)

    assert any(what in one for one in found("I5"))


@pytest.mark.parametrize(
    ("by_hand", "what"),
    [
        (
            "INSERT INTO derms_transition (event_id, revision, from_state, to_state, at, by, why)"
            " SELECT id, 7, 'Completed', 'New', now(), 'x', '' FROM derms_event",
            "went from Completed to New",
        ),
        (
            "INSERT INTO cpm_transition (program_event_id, revision, from_state, to_state, at, by, why)"
            " SELECT id, 7, 'Completed', 'Canceled', now(), 'x', '' FROM cpm_programevent",
            "went from Completed to Canceled",
        ),
        (f"{PAST_HISTORY} UPDATE derms_stage SET state = 'In Progress'", "is In Progress, its event Completed"),
        (f"{PAST_HISTORY} UPDATE derms_event SET state = 'Scheduled'", "is Scheduled, and all its stages are over"),
    ],
)
def test_i6_what_was_over_and_is_not(by_hand: str, what: str, over: Stage) -> None:
    tell_by_hand(by_hand)

    assert found("I6") == [what]


def test_i7_a_stage_that_started_early(over: Stage) -> None:
    with without_constraint("lec_sim_lecstage", "lec_stage_starts_in_its_window"):
        tell_by_hand("UPDATE lec_sim_lecstage SET started_at = starts_at - interval '1 s'")
        seen = found("I7")
        tell_by_hand("UPDATE lec_sim_lecstage SET started_at = starts_at")

    assert len(seen) == 1
    assert seen[0].startswith("started at ")


@pytest.mark.parametrize(("table", "system"), [("derms_stage", "DERMS"), ("cpm_programevent", "CPM")])
def test_i7_a_start_that_another_system_knows_otherwise(over: Stage, table: str, system: str) -> None:
    tell_by_hand(f"UPDATE {table} SET started_at = starts_at - interval '1 s'")
    (seen,) = found("I7")
    assert f" in {system}, its window is " in seen


def test_i7_stages_that_start_late(over: Stage) -> None:
    tell_by_hand(
        "INSERT INTO lec_sim_lecstage (stage_uid, event_uid, event_number, stage_number, time_zone, starts_at, ends_at,"
        " control, control_value, state, status_revision, execution_revision, reason, reserved, called, started_at)"
        " SELECT gen_random_uuid(), event_uid, event_number, n, time_zone, starts_at, ends_at, control, control_value,"
        " state, 4, 0, '', 0, 0, starts_at + interval '3 s' FROM lec_sim_lecstage, generate_series(2, 150) n"
    )

    assert found("I7") == ["of 150 starts, one in a hundred was 3 s late"]


@pytest.mark.parametrize(
    ("by_hand", "what"),
    [
        ("DELETE FROM integration_delivery WHERE receiver = 'lec'", "has no receiver"),
        (
            "UPDATE integration_delivery SET delivered_at = NULL, dead_at = now() WHERE receiver = 'lec'",
            "is a dead letter without an alert",
        ),
        (
            "UPDATE integration_delivery SET delivered_at = NULL, created_at = now() - interval '3 min'"
            " WHERE queue = 'small'",
            "has not been delivered since",
        ),
        (
            "INSERT INTO integration_duework (name, object_id, queue, attempt, given_back, dead_at, error)"
            " VALUES ('end stage', 1, 'small', 0, 0, now(), '')",
            "is a dead letter without an alert",
        ),
        ("UPDATE cpm_removal SET answer = '', requested_at = now() - interval '1 day'", "was never answered"),
        ("UPDATE derms_removal SET answer = '', requested_at = now() - interval '1 day'", "was never answered"),
    ],
)
def test_i9_what_nobody_cares_for(by_hand: str, what: str, over: Stage) -> None:
    tell_by_hand(PAST_HISTORY + by_hand)

    assert found("I9")
    assert all(one.startswith(what) for one in found("I9"))


def test_i9_an_unavailability_that_derms_does_not_know(over: Stage, now: datetime) -> None:
    cpm.schedule_unavailability(
        device_ids=[device(1).pk], starts_at=now, ends_at=now + HOUR, reason="Away", by="cora", now=now
    )
    settle()
    assert found("I9") == []

    tell_by_hand("UPDATE derms_deviceunavailability SET canceled = true")

    assert found("I9") == ["DERMS has not applied it"]


def test_i9_a_dead_letter_with_an_alert_is_cared_for(over: Stage) -> None:
    pk = Delivery.objects.filter(receiver=System.LEC).latest("pk").pk
    tell_by_hand("UPDATE integration_delivery SET delivered_at = NULL, dead_at = now() WHERE id = %(pk)s", pk=pk)
    tell_by_hand(
        "INSERT INTO integration_alert (key, kind, priority, text, count, closed_by)"
        " VALUES (%(key)s, 'message', 1, 'dead', 1, '')",
        key=f"dead:delivery:{pk}",
    )

    assert found("I9") == []


def test_i10_an_event_that_its_author_approved(over: Stage) -> None:
    with without_constraint("derms_event", "event_approved_by_another_person"):
        tell_by_hand(PAST_HISTORY + "UPDATE derms_event SET approver_id = author_id")
        seen = found("I10")
        tell_by_hand("UPDATE derms_event SET approver_id = (SELECT id FROM config_user WHERE username = 'ada')")

    assert seen == [
        "approved by olive, who wrote, edited or submitted it",
        "its approver is olive, who approved nothing of it in history",
    ]


def test_i10_an_event_that_its_author_approved_says_the_history(over: Stage) -> None:
    tell_by_hand(PAST_HISTORY + "UPDATE derms_transition SET by = 'olive' WHERE to_state = 'Approved'")

    assert found("I10") == [
        "approved by olive, who wrote, edited or submitted it",
        "its approver is ada, who approved nothing of it in history",
    ]


def test_i10_an_event_that_an_earlier_editor_approved_says_the_history(over: Stage) -> None:
    edited = "from_state = 'New', to_state = 'New', by = 'ada'"
    tell_by_hand(PAST_HISTORY + f"UPDATE derms_transition SET {edited} WHERE stage_id IS NULL AND revision = 1")

    assert found("I10") == [
        "approved by ada, who wrote, edited or submitted it",
        "its author is olive, in history ada",
    ]


@pytest.mark.parametrize(
    ("column", "says"),
    [
        ("author_id", "its author is nora, in history olive"),
        ("submitter_id", "its submitter is nora, in history olive"),
        ("approver_id", "its approver is nora, who approved nothing of it in history"),
    ],
)
def test_i10_people_of_an_event_who_are_not_those_of_its_history(
    over: Stage, outsider: User, column: str, says: str
) -> None:
    tell_by_hand(PAST_HISTORY + f"UPDATE derms_event SET {column} = {outsider.pk}")

    assert found("I10") == [says]


@pytest.mark.parametrize(
    ("by_hand", "what"),
    [
        (
            "UPDATE lec_sim_lecstage SET called = 0; UPDATE derms_stage SET called = 0",
            "19 of 20 reserved devices were not called, and nothing says why",
        ),
        (
            "UPDATE lec_sim_removal SET answer = 'too late'",
            "1 of 20 reserved devices were not called, and nothing says why",
        ),
        ("UPDATE derms_stage SET called = 18", "LEC called 19 devices; DERMS: 18"),
    ],
)
def test_i11_reserved_devices_that_were_not_called(by_hand: str, what: str, over: Stage) -> None:
    tell_by_hand(PAST_HISTORY + by_hand)

    assert found("I11") == [what]


def test_every_invariant_is_asked(over: Stage) -> None:
    assert list(INVARIANTS) == [f"I{n}" for n in range(1, 18)]
    tell_by_hand("UPDATE integration_load SET applied = applied + 1 WHERE receiver = 'lec'")
    assert [type(one) for one in violations()] == [Violation]


@pytest.mark.parametrize(
    ("by_hand", "what"),
    [
        (f"{PAST_HISTORY} DELETE FROM cpm_enrollment", "has no enrollment"),
        (
            f"{PAST_HISTORY} UPDATE cpm_enrollment SET state = 'Waiting for device'",
            "its enrollment is Waiting for device, and it is open",
        ),
        (
            "UPDATE derms_enrollment SET ends_at = now()",
            "CPM has it as Registered, DERMS does not have it in the program",
        ),
        (
            "UPDATE cpm_subscribeddevice SET answer = 'Deregistered'; UPDATE cpm_subscription SET ends_at = now()",
            "DERMS has it in the program, CPM does not",
        ),
    ],
)
def test_i13_a_subscription_that_its_enrollment_or_derms_knows_otherwise(by_hand: str, what: str, over: Stage) -> None:
    tell_by_hand(by_hand)

    assert what in found("I13")

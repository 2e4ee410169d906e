"""History that somebody rewrites past every trigger is named, row by row; whoever writes it is never held up."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from derms.models import Event, Transition
from integration import sealing
from integration.history import HistoryBlock, Seal
from integration.scheduler import Scheduler
from tests.messages import bulk
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sealed(event_in: Callable[..., Event], now: datetime) -> Event:
    """An approved event, and a stage that CPM knows, in one block; a second block holds one row more."""
    event = event_in("Approved")
    bulk.known_stage(now)
    sealing.seal()
    bulk.known_stage(now)
    sealing.seal()
    assert sealing.tampered() == []
    return event


def past_triggers(*statements: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for one in statements:
            cursor.execute(one)


def named() -> list[tuple[str, int, str]]:
    return [(one.source, one.row_id, one.what) for one in sealing.tampered()]


def test_every_row_of_history_has_a_seal_in_a_block(sealed: Event) -> None:
    assert sealing.tables() == ["derms_transition", "cpm_participationchange", "cpm_transition"]
    assert Seal.objects.filter(block=1).count() == Transition.objects.count() + 1
    assert [block.rows for block in HistoryBlock.objects.order_by("pk")] == [Transition.objects.count() + 1, 1]


def test_a_changed_row_is_named(sealed: Event) -> None:
    row = sealed.transitions.get(to_state="Approved")
    past_triggers(f"UPDATE derms_transition SET by = 'olive' WHERE id = {row.pk}")
    assert named() == [("derms_transition", row.pk, "was changed, block 1")]


def test_a_removed_row_is_named(sealed: Event) -> None:
    row = sealed.transitions.get(to_state="Approved")
    past_triggers(f"DELETE FROM derms_transition WHERE id = {row.pk}")
    assert named() == [("derms_transition", row.pk, "was removed, block 1")]


def test_an_added_row_is_named_and_is_never_sealed(sealed: Event) -> None:
    past_triggers(
        "INSERT INTO derms_transition (event_id, revision, from_state, to_state, at, by, why)"
        f" VALUES ({sealed.pk}, 9, 'Approved', 'Scheduled', now(), 'system', '')"
    )
    sealing.seal()
    assert named() == [("derms_transition", Transition.objects.latest("pk").pk, "was added past its trigger")]


def test_a_row_is_named_already_before_it_is_sealed(event_in: Callable[..., Event]) -> None:
    row = event_in("New").transitions.get()
    past_triggers(f"UPDATE derms_transition SET why = 'because' WHERE id = {row.pk}")
    assert named() == [("derms_transition", row.pk, "was changed")]


def test_a_rewritten_seal_breaks_its_block(sealed: Event) -> None:
    row = sealed.transitions.get(to_state="Approved")
    past_triggers(
        f"UPDATE derms_transition SET by = 'olive' WHERE id = {row.pk}",
        "UPDATE integration_seal s SET digest = gridcall_row_digest(to_jsonb(t)) FROM derms_transition t"
        f" WHERE s.source = 'derms_transition' AND s.row_id = t.id AND t.id = {row.pk}",
    )
    wrong = "is not the digest of its rows and of the block before"
    assert named() == [("integration_historyblock", 1, wrong)]


def test_a_chain_that_was_made_anew_does_not_hold_the_head_that_was_kept(
    sealed: Event, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("verify_history", head=True)
    kept = capsys.readouterr().out.strip()
    call_command("verify_history", kept=kept)
    past_triggers(
        "DELETE FROM integration_historyblock",
        "UPDATE derms_transition SET by = 'olive' WHERE by = 'ada'",
        "UPDATE integration_seal s SET digest = gridcall_row_digest(to_jsonb(t)) FROM derms_transition t"
        " WHERE s.source = 'derms_transition' AND s.row_id = t.id",
        "UPDATE integration_seal SET block_id = NULL",
    )
    sealing.seal()

    call_command("verify_history")  # within itself the new chain adds up
    with pytest.raises(CommandError, match="1 places"):
        call_command("verify_history", kept=kept)
    assert f"The kept head {kept} is no block of this chain" in capsys.readouterr().out


def test_the_command_names_the_rows_and_fails(sealed: Event, capsys: pytest.CaptureFixture[str]) -> None:
    past_triggers("DELETE FROM cpm_transition WHERE id = (SELECT max(id) FROM cpm_transition)")
    with pytest.raises(CommandError, match="1 places where history is not as it was written"):
        call_command("verify_history")
    assert "was removed, block 2" in capsys.readouterr().out


def test_blocks_and_seals_are_final(sealed: Event) -> None:
    for change in (
        "UPDATE integration_historyblock SET rows = 0",
        "DELETE FROM integration_historyblock WHERE number = 2",
        "UPDATE integration_seal SET block_id = NULL",
        "DELETE FROM integration_seal",
        "TRUNCATE integration_seal",
    ):
        refused = pytest.raises(IntegrityError, match="is history: rows are only ever added")
        with refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)


def test_sealing_waits_for_nobody_and_leaves_the_rows_of_running_transactions(
    event_in: Callable[..., Event], now: datetime
) -> None:
    event_in("New")
    sealing.seal()
    with transaction.atomic():
        bulk.known_stage(now)
        assert run_together(sealing.seal) == [None]
        assert HistoryBlock.objects.count() == 1
    sealing.seal()
    assert HistoryBlock.objects.count() == 2
    assert not Seal.objects.filter(block=None).exists()


def test_the_scheduler_seals(event_in: Callable[..., Event]) -> None:
    event_in("New")
    scheduler = Scheduler()
    scheduler.turn()
    scheduler.workers.shutdown()
    scheduler.publisher.shutdown()
    assert HistoryBlock.objects.count() == 1

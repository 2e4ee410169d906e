"""History rewritten by bypassing every trigger is reported row by row, and writers of history never wait."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from derms.models import Event, Transition
from integration.project import metrics
from integration.seam import clock, sealing
from integration.seam.history import HistoryBlock, ObjectChange, Seal
from integration.seam.models import PeriodicTurn
from integration.seam.scheduler import Scheduler
from tests.messages import bulk
from tests.processes import eventually
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)


def seal_all() -> None:
    """Seal until nothing waits: transactions of other databases on the server hold rows back as well."""

    def nothing_waits() -> bool:
        sealing.seal_history(now=clock.now())
        return not Seal.objects.filter(block=None).exists()

    assert eventually(nothing_waits, 60)


def block_of(source: str, row: int) -> int:
    found = Seal.objects.get(source=source, row_id=row).block_id
    assert found
    return found


@pytest.fixture
def sealed(event_in: Callable[..., Event], now: datetime) -> Event:
    """An approved event and a stage that CPM knows, both sealed; a later block has one more row."""
    event = event_in("Approved")
    bulk.known_stage(now)
    seal_all()
    bulk.known_stage(now)
    seal_all()
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
    assert sealing.tables() == [
        "derms_transition", "cpm_enrollmenttransition", "cpm_transition", "cpm_participationchange",
        "cpm_settlementtransition", "importing_importrecord", "integration_objectchange", "integration_alertchange",
    ]  # fmt: skip
    blocks = list(HistoryBlock.objects.order_by("pk"))
    assert len(blocks) > 1
    assert [block.rows for block in blocks] == [block.seals.count() for block in blocks]
    assert sum(block.rows for block in blocks) == Transition.objects.count() + 2 + ObjectChange.objects.count()


def test_a_changed_row_is_named(sealed: Event) -> None:
    row = sealed.transitions.get(to_state="Approved")
    block = block_of("derms_transition", row.pk)
    past_triggers(f"UPDATE derms_transition SET by = 'olive' WHERE id = {row.pk}")
    assert named() == [("derms_transition", row.pk, f"was changed, block {block}")]


def test_a_removed_row_is_named(sealed: Event) -> None:
    row = sealed.transitions.get(to_state="Approved")
    block = block_of("derms_transition", row.pk)
    past_triggers(f"DELETE FROM derms_transition WHERE id = {row.pk}")
    assert named() == [("derms_transition", row.pk, f"was removed, block {block}")]


def test_an_added_row_is_named_and_is_never_sealed(sealed: Event) -> None:
    past_triggers(
        "INSERT INTO derms_transition (event_id, revision, from_state, to_state, at, by, why)"
        f" VALUES ({sealed.pk}, 9, 'Approved', 'Scheduled', now(), 'system', '')"
    )
    seal_all()
    assert named() == [("derms_transition", Transition.objects.latest("pk").pk, "was added past its trigger")]


def test_a_row_is_named_already_before_it_is_sealed(event_in: Callable[..., Event]) -> None:
    row = event_in("New").transitions.get()
    past_triggers(f"UPDATE derms_transition SET why = 'because' WHERE id = {row.pk}")
    assert named() == [("derms_transition", row.pk, "was changed")]


def test_a_rewritten_seal_breaks_its_block(sealed: Event) -> None:
    row = sealed.transitions.get(to_state="Approved")
    block = block_of("derms_transition", row.pk)
    past_triggers(
        f"UPDATE derms_transition SET by = 'olive' WHERE id = {row.pk}",
        "UPDATE integration_seal s SET digest = gridcall_row_digest(to_jsonb(t)) FROM derms_transition t"
        f" WHERE s.source = 'derms_transition' AND s.row_id = t.id AND t.id = {row.pk}",
    )
    wrong = "is not the digest of its rows and of the block before"
    assert named() == [("integration_historyblock", block, wrong)]


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
    seal_all()

    call_command("verify_history")  # by itself the new chain is consistent
    with pytest.raises(CommandError, match="1 places"):
        call_command("verify_history", kept=kept)
    assert f"The kept head {kept} is not a block of this chain" in capsys.readouterr().out


def test_the_command_names_the_rows_and_fails(sealed: Event, capsys: pytest.CaptureFixture[str]) -> None:
    past_triggers("DELETE FROM cpm_transition WHERE id = (SELECT max(id) FROM cpm_transition)")
    with pytest.raises(CommandError, match="1 places where history is not as it was written"):
        call_command("verify_history")
    assert f"was removed, block {HistoryBlock.objects.latest('pk').pk}" in capsys.readouterr().out


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
    seal_all()
    blocks = HistoryBlock.objects.count()
    with transaction.atomic():
        bulk.known_stage(now)
        assert run_together(lambda: sealing.seal_history(now=now)) == [None]
        assert HistoryBlock.objects.count() == blocks
    seal_all()
    assert HistoryBlock.objects.count() == blocks + 1


def test_the_scheduler_seals(event_in: Callable[..., Event]) -> None:
    event_in("New")

    def one_minute() -> bool:
        PeriodicTurn.objects.all().delete()
        scheduler = Scheduler()
        scheduler.turn()
        scheduler.workers.shutdown()
        scheduler.publisher.shutdown()
        return HistoryBlock.objects.exists()

    assert eventually(one_minute, 60)


def test_the_head_goes_out_with_log_metrics_and_mail(
    sealed: Event, caplog: pytest.LogCaptureFixture, settings: Any, mailoutbox: list[EmailMessage]
) -> None:
    settings.HISTORY_HEAD_TO = ["auditor@utility.example"]
    head = sealing.head()
    assert head is not None
    with caplog.at_level("INFO"):
        sealing.seal_history(now=clock.now())
    assert f"Head of history {head}" in [line.getMessage() for line in caplog.records]

    figures = {family.name: family.samples[0].value for family in metrics.DatabaseFigures().collect() if family.samples}
    assert figures["gridcall_history_head_block"] == head.number
    shown = f"{int(figures['gridcall_history_head_digest']):012x}"
    assert head.digest_hex.startswith(shown)
    assert sealing.holds(f"{head.number}:{shown}")
    assert not sealing.holds(f"{head.number}:{'0' * 12}")
    assert not sealing.holds(f"{head.number}:{shown[:11]}")

    sealing.mail_head(now=clock.now())
    (mail,) = mailoutbox
    assert mail.to == ["auditor@utility.example"]
    assert str(head) in mail.body


def test_without_an_address_no_head_is_mailed(sealed: Event, mailoutbox: list[EmailMessage]) -> None:
    sealing.mail_head(now=clock.now())
    assert mailoutbox == []

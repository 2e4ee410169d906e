"""Outcomes at DERMS: one per reserved device, with or without raw outcomes."""

import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from derms import operations
from derms.models import Candidate, Device, DeviceOutcome, Event, Stage
from derms.queries.due import stage_ids_to_close, stage_ids_to_count
from integration.seam import extracts, loads, outbox
from integration.seam.delivery import NotYet, deliver
from integration.seam.messages import RawOutcome
from integration.seam.models import Delivery, Extract, Message, RefusedRow
from integration.seam.systems import System
from tests import factories
from tests.threads import run_together

pytestmark = pytest.mark.django_db

RAW = """
SELECT head_end, nic_id, code, now(), now(), watts, '', watts
  FROM jsonb_to_recordset(%(rows)s::jsonb) raw (head_end text, nic_id text, code text, watts integer)
"""
Row = tuple[str, str, str | None, int]


@pytest.fixture
def ran(event_in: Callable[..., Event]) -> Stage:
    """A stage that ran with twenty devices and now waits for outcomes."""
    return event_in("Completed").stages.select_related("event").get()


@pytest.fixture
def parts_of_eight(settings: Any) -> None:
    settings.EXTRACT_PART_ROWS = 8


def _send(stage: Stage, rows: list[Row], raw: str = RAW) -> Message:
    """Send raw outcomes as LEC does."""
    named = [dict(zip(("head_end", "nic_id", "code", "watts"), row, strict=True)) for row in rows]
    with transaction.atomic():
        extract = extracts.write_extract(kind="raw_outcome", query=raw, params={"rows": json.dumps(named)})
        return outbox.send(RawOutcome(stage_uid=stage.uid, extract=extract.ref), sender=System.LEC)


def _load(message: Message, *only: int) -> list[Delivery]:
    for delivery in message.deliveries.order_by("part"):
        if not only or delivery.part in only:
            deliver(delivery.pk, delivery.attempt)
    return list(message.deliveries.order_by("part"))


def _rows(devices: int, code: str = "D1SP", watts: int = 700) -> list[Row]:
    return [("HE1", f"N{n:07}", code, watts) for n in range(1, devices + 1)]


def _codes(stage: Stage) -> dict[str, int]:
    rows = DeviceOutcome.objects.filter(stage_id=stage.pk).values_list("code", flat=True)
    return {code: list(rows).count(code) for code in set(rows)}


def _close(stage: Stage, now: datetime) -> Stage:
    operations.close_stage(stage.pk, now=now)
    return Stage.objects.get(pk=stage.pk)


def test_what_a_device_gave_of_its_power_is_kept_within_0_and_1500(ran: Stage, now: datetime) -> None:
    """The rows of these tests report as many per mille as W."""
    given = (0, 740, 1500, 1501)
    _load(_send(ran, [("HE1", f"N{n:07}", "D1SP", pm) for n, pm in enumerate(given, start=1)]))

    kept = DeviceOutcome.objects.filter(stage_id=ran.pk, code="D1SP")
    assert sorted(kept.values_list("response_pm", flat=True)) == [0, 740, 1500, 1500]
    silent = DeviceOutcome.objects.filter(stage_id=ran.pk, code="D1ND")
    assert list(silent.values_list("response_pm", flat=True)) == [0] * 16


@pytest.mark.usefixtures("parts_of_eight")
def test_a_stage_is_closed_when_every_raw_outcome_is_in(ran: Stage, now: datetime) -> None:
    message = _send(ran, _rows(15) + _rows(20, "D1IO", 100)[15:])
    _load(message, 1, 2)
    assert list(stage_ids_to_close(now)) == []
    _load(message)
    assert list(stage_ids_to_close(now)) == [ran.pk]

    for _ in range(2):
        closed = _close(ran, now)

    assert closed.outcomes == {"D1SP": 15, "D1IO": 5}
    assert closed.reduction_w == 15 * 700 + 5 * 100
    sent = Message.objects.get(kind="device_outcome")
    assert (sent.stage_uid, Extract.objects.get(kind="device_outcome").rows) == (ran.uid, 20)
    assert list(stage_ids_to_close(now)) == []
    assert list(stage_ids_to_count(now)) == [ran.pk]
    assert _counted() == {(0, 0, 0): 20}
    for _ in range(2):
        operations.count_calls(ran.pk, now=now)
    # Each is 1 kW of an hour's stage: 700 W and 100 W are rates of 0.7 and 0.1.
    assert _counted() == {(1, 1, 0.7): 15, (1, 1, 0.1): 5}
    assert list(stage_ids_to_count(now)) == []
    assert {one.receipt["status"] for one in message.deliveries.all() if one.receipt} == {"SUCCESS"}


def test_a_figure_that_the_executor_does_not_report_stays_unknown(ran: Stage) -> None:
    _load(_send(ran, _rows(20), raw=RAW.replace("'', watts", "'', NULL")))

    assert set(DeviceOutcome.objects.values_list("reduction_w", "response_pm")) == {(700, None)}


def test_a_reserved_device_of_which_nothing_was_heard_is_non_responsive_at_the_time_out(
    ran: Stage, now: datetime
) -> None:
    assert ran.ended_at is not None
    assert list(stage_ids_to_close(ran.ended_at + timedelta(seconds=59))) == []
    assert list(stage_ids_to_close(ran.ended_at + timedelta(seconds=60))) == [ran.pk]

    closed = _close(ran, now)

    assert closed.outcomes == {"D1ND": 20}
    errors = DeviceOutcome.objects.filter(stage_id=ran.pk).values_list("error", "reduction_w").distinct()
    assert list(errors) == [("no outcome received", 0)]


def test_a_stage_whose_end_was_never_said_is_closed_at_the_time_out_too(
    event_in: Callable[..., Event], now: datetime
) -> None:
    stage = event_in("In Progress").stages.get()

    assert list(stage_ids_to_close(stage.ends_at + timedelta(seconds=59))) == []
    assert list(stage_ids_to_close(stage.ends_at + timedelta(seconds=60))) == [stage.pk]
    assert _close(stage, now).outcomes == {"D1ND": 20}


@pytest.mark.usefixtures("parts_of_eight")
def test_parts_that_came_before_the_time_out_count(ran: Stage, now: datetime) -> None:
    message = _send(ran, _rows(20))
    _load(message, 1)

    assert _close(ran, now).outcomes == {"D1SP": 8, "D1ND": 12}

    late = _load(message)[1:]
    assert {one.receipt["status"] for one in late if one.receipt} == {"ERROR"}
    assert _codes(ran) == {"D1SP": 8, "D1ND": 12}


def test_devices_without_a_raw_outcome_are_completed(ran: Stage, now: datetime) -> None:
    _load(_send(ran, _rows(12)))

    assert _close(ran, now).outcomes == {"D1SP": 12, "D1ND": 8}


def test_a_raw_outcome_after_the_close_is_an_exception_and_changes_nothing(ran: Stage, now: datetime) -> None:
    _close(ran, now)
    before = list(DeviceOutcome.objects.order_by("device_id").values())

    (late,) = _load(_send(ran, _rows(2)))

    assert late.receipt == {
        "status": "ERROR",
        "applied": 0,
        "refused": 2,
        "note": "the stage is closed; its outcomes don't change",
    }
    reasons = RefusedRow.objects.order_by("nic_id").values_list("nic_id", "reason")
    reason = "refused: the stage was closed before this row came"
    assert list(reasons) == [("N0000001", reason), ("N0000002", reason)]
    assert list(DeviceOutcome.objects.order_by("device_id").values()) == before
    assert Message.objects.filter(kind="device_outcome").count() == 1


def test_rows_that_cannot_be_taken_in_are_refused_one_by_one(ran: Stage, now: datetime) -> None:
    bad: list[Row] = [("HE1", "N9999999", "D1SP", 1), ("HE9", "N0000001", "D1SP", 1), ("HE1", "N0000020", "D9XX", 1)]
    nothing: Row = ("HE1", "N0000019", None, 1)

    (loaded,) = _load(_send(ran, [*_rows(18), *bad, nothing]))

    assert loaded.receipt == {"status": "ERROR", "applied": 18, "refused": 4, "note": ""}
    reasons = dict(RefusedRow.objects.values_list("nic_id", "reason"))
    assert reasons == {
        "N9999999": "refused: this device is not known",
        "N0000001": "refused: this device is not known",
        "N0000020": "refused: there is no outcome “D9XX”",
        "N0000019": "refused: there is no outcome “”",
    }
    assert _close(ran, now).outcomes == {"D1SP": 18, "D1ND": 2}


def test_an_outcome_of_a_device_that_was_not_reserved_is_applied_as_an_exception(ran: Stage, now: datetime) -> None:
    zone, program = ran.event.zone, ran.program
    factories.device(zone, program, since=now, nic_id="X1")

    (loaded,) = _load(_send(ran, [*_rows(20), ("HE1", "X1", "D1SP", 500)]))

    assert loaded.receipt == {
        "status": "SUCCESS",
        "applied": 21,
        "refused": 0,
        "note": "1 outcomes of devices that were not reserved",
    }
    assert "not reserved" in RefusedRow.objects.get().reason
    assert _close(ran, now).outcomes == {"D1SP": 21}


def test_a_nic_id_used_again_finds_the_device_that_was_reserved(ran: Stage, now: datetime) -> None:
    reserved = Device.objects.get(nic_id="N0000001")
    Device.objects.filter(pk=reserved.pk).update(ended_at=now)
    again = factories.device(ran.event.zone, ran.program, since=now, nic_id="N0000001")

    _load(_send(ran, _rows(20)))

    devices = set(DeviceOutcome.objects.values_list("device_id", flat=True))
    assert reserved.pk in devices
    assert again.pk not in devices
    assert not RefusedRow.objects.exists()


def test_a_stage_that_never_started_is_never_closed(event_in: Callable[..., Event], now: datetime) -> None:
    stage = event_in("Canceled").stages.get()

    assert list(stage_ids_to_close(now + timedelta(days=9))) == []
    assert _close(stage, now).outcomes_sent_at is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("parts_of_eight")
def test_raw_outcomes_that_come_while_the_stage_is_closed_count_or_are_exceptions(
    event_in: Callable[..., Event], now: datetime
) -> None:
    for _ in range(8):
        stage = event_in("Completed").stages.select_related("event").get()
        message = _send(stage, _rows(20))
        loads = [partial(deliver, pk, 0) for pk in message.deliveries.values_list("pk", flat=True)]

        run_together(*loads, partial(operations.close_stage, stage.pk, now=now))
        for _ in range(3):
            _load(message)
        stage = _close(stage, now)

        codes = _codes(stage)
        assert codes == stage.outcomes
        assert sum(codes.values()) == 20
        parts = [one for one in _load(message) if one.receipt]
        assert len(parts) == 3
        assert sum(one.receipt["applied"] for one in parts) == codes.get("D1SP", 0)
        assert sum(one.receipt["refused"] for one in parts) == codes.get("D1ND", 0)


def test_calls_are_not_counted_before_every_outcome_is_in(ran: Stage, now: datetime) -> None:
    operations.count_calls(ran.pk, now=now)

    assert list(stage_ids_to_count(now)) == []
    assert _counted() == {(0, 0, 0): 20}


@pytest.mark.django_db(transaction=True)
def test_calls_are_counted_once_by_however_many_workers_while_the_stage_is_closed(
    event_in: Callable[..., Event], now: datetime
) -> None:
    stage = event_in("Completed").stages.get()
    _load(_send(stage, _rows(20)))
    assert list(stage_ids_to_close(now)) == list(stage_ids_to_count(now)) == [stage.pk]

    counts = [partial(operations.count_calls, stage.pk, now=now)] * 4
    assert run_together(*counts, partial(operations.close_stage, stage.pk, now=now)) == [None] * 5

    assert _counted() == {(1, 1, 0.7): 20}
    assert list(stage_ids_to_close(now)) == list(stage_ids_to_count(now)) == []


@pytest.mark.django_db(transaction=True)
def test_calls_are_counted_once_a_long_reader_has_left_and_nobody_waits_for_it_behind_the_count(
    event_in: Callable[..., Event], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = _close(event_in("Completed").stages.get(), now)
    monkeypatch.setattr(loads, "EXCHANGE_TRIES", 2)

    def read() -> None:
        for _ in range(40):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '10s'")
                assert Candidate.objects.count() == 20
            time.sleep(0.05)

    with connection.cursor() as cursor:
        cursor.execute("BEGIN; SELECT count(*) FROM derms_candidate")  # like a backup
        answers = run_together(partial(operations.count_calls, stage.pk, now=now), read)
        cursor.execute("ROLLBACK")

    assert [type(answer) for answer in answers] == [NotYet, type(None)]
    assert list(stage_ids_to_count(now)) == [stage.pk]
    operations.count_calls(stage.pk, now=now)
    # All were silent: it is the head end's fault, so no response is counted.
    assert _counted() == {(1, 0, 0): 20}


def _counted() -> dict[tuple[int, float, float], int]:
    """Candidates by what is counted of them: events, responses, and their sum, rounded."""
    rows = Candidate.objects.values_list("season_events", "rate_n", "rate_sum")
    return Counter((events, round(n, 1), round(total, 1)) for events, n, total in rows)

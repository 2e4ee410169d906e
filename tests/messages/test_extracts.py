"""Bulk files: written whole in parts, loaded part by part, removed when nothing names them."""

import gzip
import hashlib
import json
import os
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import DataError, transaction

from cpm.models import Participation
from cpm.models.program_events import ProgramEvent
from derms.models import ControlZone, Program
from integration.seam import extract_files, extracts, loads, sql
from integration.seam.delivery import deliver
from integration.seam.messages import COLUMNS
from integration.seam.models import Alert, Extract, Load, RefusedRow
from integration.seam.systems import System
from lec_sim.models import LecReservation
from tests import factories
from tests.lec_sim import stages as lec_stages
from tests.messages import bulk
from tests.threads import run_together


@pytest.fixture(autouse=True)
def small_parts(settings: Any) -> None:
    settings.EXTRACT_PART_ROWS = 2


@pytest.fixture
def devices(zone: ControlZone, program: Program, now: datetime) -> None:
    factories.fleet(zone, program, 5, since=now - timedelta(days=30))


def _age(path: Path, age: timedelta, now: datetime) -> None:
    moment = (now - age).timestamp()
    os.utime(path, (moment, moment))


@pytest.mark.django_db
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(("rows", "parts"), [(0, [0]), (1, [1]), (2, [2]), (3, [2, 1]), (4, [2, 2]), (5, [2, 2, 1])])
def test_an_extract_is_cut_into_parts_that_its_manifest_describes(
    rows: int, parts: list[int], compressed: bool, settings: Any, extract_folder: Path
) -> None:
    settings.EXTRACT_GZIP = compressed

    extract = bulk.written(rows)

    folder = extract_folder / str(extract.uid)
    body = (folder / "manifest.json").read_bytes()
    manifest = json.loads(body)
    assert (extract.parts, extract.rows) == (len(parts), rows)
    assert extract.manifest_sha256 == hashlib.sha256(body).hexdigest()
    assert (manifest["uid"], manifest["kind"], manifest["rows"]) == (str(extract.uid), "device_reservation", rows)
    assert [part["rows"] for part in manifest["parts"]] == parts
    read = []
    for described in manifest["parts"]:
        kept = (folder / described["file"]).read_bytes()
        assert (len(kept), hashlib.sha256(kept).hexdigest()) == (described["bytes"], described["sha256"])
        header, *lines = (gzip.decompress(kept) if compressed else kept).decode().splitlines()
        assert header == "head_end,nic_id,expected_w,nominal_w"
        read += lines
    assert read == [f"HE1,N{n:07},{800 + n},{900 + n}" for n in range(1, rows + 1)]
    assert sorted(path.name for path in extract_folder.iterdir()) == [str(extract.uid)]
    assert len(list(folder.iterdir())) == len(parts) + 1


@pytest.mark.django_db
@pytest.mark.parametrize("compressed", [False, True])
def test_a_query_that_fails_half_way_leaves_no_extract_and_no_open_file(
    compressed: bool, settings: Any, extract_folder: Path
) -> None:
    settings.EXTRACT_GZIP = compressed
    query = "SELECT 'HE1', 'N' || n, 1 / (4 - n) FROM generate_series(1, %(devices)s) n"

    with pytest.raises(DataError, match="division by zero"), transaction.atomic():
        bulk.written(9, query=query)

    assert not Extract.objects.exists()
    assert not list(extract_folder.glob("**/manifest.json"))
    assert not list(extract_folder.glob(".writing-*"))


@pytest.mark.django_db
@pytest.mark.parametrize("compressed", [False, True])
def test_every_row_arrives(compressed: bool, devices: None, settings: Any, now: datetime) -> None:
    settings.EXTRACT_GZIP = compressed
    stage_uid = bulk.known_stage(now)

    parts = bulk.load(bulk.send(stage_uid, bulk.written(5)))

    assert [(one.state, one.receipt["applied"]) for one in parts if one.receipt] == [
        ("Delivered", 2),
        ("Delivered", 2),
        ("Delivered", 1),
    ]
    assert bulk.loaded(stage_uid) == 5
    rows = Participation.objects.order_by("device_id").values_list("expected_w", "reservation_flag")
    assert list(rows) == [(800 + n, True) for n in range(1, 6)]


@pytest.mark.django_db
def test_nothing_can_be_read_before_the_last_part_is_in(devices: None, now: datetime) -> None:
    stage_uid = bulk.known_stage(now)
    message = bulk.send(stage_uid, bulk.written(5))
    last = message.deliveries.get(receiver=System.CPM, part=3)
    message.deliveries.filter(pk=last.pk).update(dead_at=now)

    bulk.load(message)
    assert bulk.loaded(stage_uid) == 0

    message.deliveries.filter(pk=last.pk).update(dead_at=None)
    bulk.load(message)
    assert bulk.loaded(stage_uid) == 5


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("each", [1, 2])
def test_parts_loaded_at_the_same_time_are_each_applied_once(
    each: int, zone: ControlZone, program: Program, now: datetime
) -> None:
    factories.fleet(zone, program, 40, since=now - timedelta(days=30))
    stage_uid = bulk.known_stage(now)
    message = bulk.send(stage_uid, bulk.written(40))
    parts = message.deliveries.filter(receiver=System.CPM).values_list("pk", flat=True)

    answers = run_together(*(partial(deliver, pk, 0) for pk in parts for _ in range(each)))

    assert answers == [None] * 20 * each
    assert {one.state for one in bulk.load(message)} == {"Delivered"}
    assert bulk.loaded(stage_uid) == 40
    load = Load.objects.get(receiver=System.CPM)
    assert (load.parts, load.parts_done, load.applied, load.refused) == (20, 20, 40, 0)
    # What the planner knows about the rows before anybody queries them.
    assert sql.rows("SELECT reltuples FROM pg_class WHERE relname = %(table)s", {"table": load.table}) == [(40,)]


@pytest.mark.django_db
def test_rows_of_devices_nobody_has_are_refused_with_a_reason_and_the_others_applied(
    devices: None, now: datetime
) -> None:
    stage_uid = bulk.known_stage(now)

    parts = bulk.load(bulk.send(stage_uid, bulk.written(8)))

    receipts = [(one.receipt["status"], one.receipt["applied"], one.receipt["refused"]) for one in parts if one.receipt]
    assert receipts == [("SUCCESS", 2, 0), ("SUCCESS", 2, 0), ("ERROR", 1, 1), ("ERROR", 0, 2)]
    refused = RefusedRow.objects.order_by("nic_id").values_list("delivery__part", "head_end", "nic_id", "reason")
    assert list(refused) == [
        (3, "HE1", "N0000006", "refused: no such device"),
        (4, "HE1", "N0000007", "refused: no such device"),
        (4, "HE1", "N0000008", "refused: no such device"),
    ]
    load = Load.objects.get()
    assert (load.applied, load.refused) == (5, 3)
    alert = Alert.objects.get(kind="rows refused")
    assert alert.text.startswith("3 rows of “")
    assert (alert.count, alert.stage_uid) == (2, stage_uid)
    assert bulk.loaded(stage_uid) == 5


@pytest.mark.django_db
def test_a_stage_canceled_before_its_start_loads_nothing_and_says_so(devices: None, now: datetime) -> None:
    stage_uid = bulk.known_stage(now, state="Canceled", reason="Storm")

    parts = bulk.load(bulk.send(stage_uid, bulk.written(5)))

    assert {one.state for one in parts} == {"Delivered"}
    assert [one.receipt for one in parts] == [
        {"status": "SUCCESS", "applied": 0, "refused": 0, "note": "the stage was canceled; nothing is loaded"}
    ] * 3
    assert bulk.loaded(stage_uid) == 0


@pytest.mark.django_db
def test_reservations_sent_a_second_time_change_nothing(devices: None, now: datetime) -> None:
    stage_uid = bulk.known_stage(now)
    bulk.load(bulk.send(stage_uid, bulk.written(4)))

    again = bulk.load(bulk.send(stage_uid, bulk.written(5)))

    assert {one.receipt["note"] for one in again if one.receipt} == {"the reservations are already loaded"}
    assert bulk.loaded(stage_uid) == 4


@pytest.mark.django_db
def test_what_nobody_names_is_swept_when_it_is_an_hour_old(extract_folder: Path, now: datetime) -> None:
    named = bulk.written(1)
    for name in ("old", "young"):
        (extract_folder / name).mkdir()
        (extract_folder / name / "part-00001.csv").write_text("head_end\n")
        (extract_folder / f".writing-{name}").write_text("half a row")
    for name in (str(named.uid), "old", ".writing-old"):
        _age(extract_folder / name, timedelta(minutes=61), now)
    for name in ("young", ".writing-young"):
        _age(extract_folder / name, timedelta(minutes=59), now)

    extract_files.remove_unnamed(now=now)

    assert sorted(path.name for path in extract_folder.iterdir()) == sorted([".writing-young", str(named.uid), "young"])


@pytest.mark.django_db(transaction=True)
def test_an_extract_of_a_transaction_that_failed_is_nobodys(extract_folder: Path, now: datetime) -> None:
    with transaction.atomic():
        extract = bulk.written(1)
        transaction.set_rollback(True)
    folder = extract_folder / str(extract.uid)
    assert folder.exists()

    _age(folder, timedelta(hours=2), now)
    assert extract_files.remove_unnamed(now=now) == 3

    assert not folder.exists()


@pytest.mark.django_db
def test_the_table_of_a_load_that_can_not_be_finished_is_dropped(devices: None, now: datetime) -> None:
    stage_uid = bulk.known_stage(now)
    message = bulk.send(stage_uid, bulk.written(5))
    parts = message.deliveries.filter(receiver=System.CPM)
    parts.filter(part=2).update(dead_at=now)
    bulk.load(message)
    table = Load.objects.get().table
    assert sql.rows(f"SELECT count(*) FROM {table}") == [(3,)]

    assert loads.drop_abandoned_tables(now=now) == 0
    parts.filter(part=2).update(discarded_at=now)
    assert loads.drop_abandoned_tables(now=now) == 1

    assert sql.rows(f"SELECT to_regclass('{table}')") == [(None,)]
    assert loads.drop_abandoned_tables(now=now) == 0


@pytest.mark.django_db
def test_the_table_of_a_finished_load_stays(devices: None, now: datetime) -> None:
    stage_uid = bulk.known_stage(now)
    bulk.load(bulk.send(stage_uid, bulk.written(5)))
    Load.objects.update(finished_at=None)

    loads.drop_abandoned_tables(now=now)

    assert bulk.loaded(stage_uid) == 5


def test_a_program_event_has_columns_for_what_an_extract_says() -> None:
    assert list(COLUMNS["device_reservation"]) == ["head_end", "nic_id", "expected_w", "nominal_w"]
    assert ProgramEvent._meta.get_field("reservations_loaded_at").null


@pytest.mark.django_db(transaction=True)
def test_while_processes_are_upgraded_files_have_the_columns_of_the_version_before(
    settings: Any, extract_folder: Path, now: datetime
) -> None:
    settings.PROTOCOL_VERSION = 1
    stage_uid = lec_stages.known(now + timedelta(hours=2), now).stage_uid

    message = bulk.send(stage_uid, extract := bulk.written(2))

    part = bulk.part_file(extract_folder, extract, 1)
    assert part.read_text().splitlines() == ["head_end,nic_id,expected_w", "HE1,N0000001,801", "HE1,N0000002,802"]
    assert message.version.major == 1
    (delivery,) = bulk.load(message, receiver=System.LEC)
    assert delivery.delivered_at, delivery.error
    assert list(LecReservation.objects.order_by("nic_id").values_list("expected_w", "nominal_w")) == [
        (801, None), (802, None)
    ]  # fmt: skip


@pytest.mark.django_db
def test_a_file_with_columns_of_no_version_is_refused(extract_folder: Path) -> None:
    extract = bulk.written(1)
    manifest = extract_folder / str(extract.uid) / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"nominal_w"', '"watts"'))
    ref = extract.ref.model_copy(update={"manifest_sha256": hashlib.sha256(manifest.read_bytes()).hexdigest()})

    with pytest.raises(extracts.ExtractDamaged, match="lists columns that are not those of device_reservation"):
        extracts.stage_part(ref, kind="device_reservation", part=1)

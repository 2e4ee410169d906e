"""The grid from files: one kind after the other, also from one file with all columns."""

from datetime import datetime, timedelta

import pytest

from derms.models import ControlZone, Feeder, HeadEnd, Program, Transformer
from integration.importing import operations, queries
from integration.importing.files import storage
from integration.importing.forgetting import forget_files
from integration.importing.kinds import kind_of
from integration.importing.models import ImportRecord, ImportRun
from integration.importing.operations import ImportNotAllowed
from integration.seam import clock, sealing, sql
from tests import factories

from . import bringing
from .bringing import applied, apply, checked, counts

pytestmark = pytest.mark.django_db(transaction=True)

GRID = """zone,zone_name,time_zone,limit_kw,substation,feeder,rating_kw,transformer,kva
NORTH,North zone,Europe/Berlin,90000,N-S1,N-F1,12500,N-T001,400
NORTH,North zone,Europe/Berlin,90000,N-S1,N-F1,12500,N-T002,250
NORTH,North zone,Europe/Berlin,90000,N-S1,N-F2,8000,007,
"""
KINDS = ("zones", "substations", "feeders", "transformers")


def test_one_file_with_the_whole_grid_is_brought_in_kind_by_kind() -> None:
    runs = [applied(kind, GRID) for kind in KINDS]

    assert [(run.state, run.added) for run in runs] == [
        ("Applied", 1), ("Applied", 1), ("Applied", 2), ("Applied", 3),
    ]  # fmt: skip
    zone = ControlZone.objects.get()
    assert (zone.code, zone.name, zone.time_zone, zone.limit_kw) == ("NORTH", "North zone", "Europe/Berlin", 90_000)
    assert zone.cooling_months == [5, 6, 7, 8, 9]
    assert dict(Feeder.objects.values_list("code", "rating_kw")) == {"N-F1": 12_500, "N-F2": 8_000}
    found = dict(Transformer.objects.values_list("code", "kva"))
    assert found == {"N-T001": 400, "N-T002": 250, "007": None}, "ids keep their leading zeros"


def test_the_same_file_again_changes_nothing() -> None:
    for kind in KINDS:
        applied(kind, GRID)
    ids = list(Transformer.objects.order_by("pk").values_list("pk", flat=True))

    again = [applied(kind, GRID) for kind in KINDS]

    assert [counts(run) for run in again] == [(0, 0, 3, 0)] * 4
    assert list(Transformer.objects.order_by("pk").values_list("pk", flat=True)) == ids


def test_the_dry_run_shows_old_and_new_and_changes_nothing() -> None:
    for kind in KINDS:
        applied(kind, GRID)

    run = checked("feeders", "Abgang;UW;Nennleistung_kW\nN-F1;N-S1;9000,4\nN-F3;N-S1;\n")

    assert counts(run) == (1, 1, 0, 0)

    (changed,) = queries.sample_of_changes(run, kind_of("feeders"), "changed")
    assert changed == {"line": 2, "key": "N-F1", "differs": [("Rating, kW", 12_500, 9_000)]}
    assert Feeder.objects.get(code="N-F1").rating_kw == 12_500


def test_a_row_that_names_what_is_not_there_is_refused_with_what_is_near() -> None:
    applied("zones", GRID)
    applied("substations", GRID)

    run = checked("feeders", "feeder,substation\nN-F1,N-S1\nN-F2,N-S7\n")

    (cell,) = run.refused_cells.all()
    assert (cell.line, cell.column, cell.value) == (3, "substation", "N-S7")
    assert cell.reason == "There is no substation “N-S7”. Near it: N-S1."
    assert counts(run) == (1, 0, 0, 1)


def test_refused_rows_hold_up_the_file_unless_only_the_good_ones_are_asked_for() -> None:
    applied("zones", GRID)
    applied("substations", GRID)
    run = checked("feeders", "feeder,substation\nN-F1,N-S1\nN-F2,N-S7\n")

    with pytest.raises(ImportNotAllowed, match="1 row would be refused"):
        apply(run)
    assert not Feeder.objects.exists()

    assert apply(run, only_good_rows=True).state == "Applied"
    assert list(Feeder.objects.values_list("code", flat=True)) == ["N-F1"]


def test_what_changed_since_the_dry_run_refuses_it_and_is_shown() -> None:
    for kind in KINDS:
        applied(kind, GRID)
    run = checked("feeders", "feeder,substation,rating_kw\nN-F1,N-S1,9000\nN-F2,N-S1,8000\n")
    Feeder.objects.filter(code="N-F1").update(rating_kw=11_000)

    run = apply(run)

    assert (run.state, Feeder.objects.get(code="N-F1").rating_kw) == ("Refused", 11_000)
    assert run.why == "1 rows changed after the dry run. Nothing was applied; send the file again."
    (conflict,) = run.conflicts
    assert (conflict["line"], conflict["old"]["rating_kw"], conflict["old_now"]["rating_kw"]) == (2, 12_500, 11_000)


def test_an_unchanged_row_that_changed_since_refuses_it_too() -> None:
    for kind in KINDS:
        applied(kind, GRID)
    run = checked("feeders", "feeder,substation,rating_kw\nN-F1,N-S1,9000\nN-F2,N-S1,8000\n")
    Feeder.objects.filter(code="N-F2").update(rating_kw=1)

    assert apply(run).state == "Refused"


def test_rows_of_one_thing_must_not_contradict_each_other() -> None:
    run = checked("zones", GRID + "NORTH,North zone,Europe/Berlin,1,N-S1,N-F2,8000,T9,\n")

    (cell,) = run.refused_cells.all()
    assert (cell.line, cell.reason) == (5, "Line 2 says something else about “NORTH”.")


def test_what_supplies_registered_devices_is_not_moved(zone: ControlZone, program: Program, now: datetime) -> None:

    factories.fleet(zone, program, 1, since=now - timedelta(days=1))
    applied("substations", f"substation,zone\nOTHER,{zone.code}\n")

    run = checked("feeders", f"feeder,substation\n{zone.code}-F1,OTHER\n")

    (cell,) = run.refused_cells.all()
    assert cell.reason.startswith(f"It belongs to “{zone.code}-S1” and supplies registered devices")


def test_each_run_is_one_sealed_row_of_history() -> None:
    applied("head_ends", "head_end,name\nHE1,Head End One\n")
    canceled = checked("head_ends", "head_end,name\nHE2,Head End Two\n")

    operations.cancel_run(uid=canceled.uid, by=bringing.BY, now=clock.now())

    found = list(ImportRecord.objects.order_by("pk").values_list("kind", "state", "by", "added"))
    assert found == [("head_ends", "Applied", "adam", 1), ("head_ends", "Canceled", "adam", 0)]
    assert all(len(one.file_sha256) == 64 for one in ImportRecord.objects.all())
    assert len(ImportRecord.objects.earliest("pk").changes_sha256) == 64
    assert sealing.tampered() == []
    assert list(HeadEnd.objects.values_list("code", flat=True)) == ["HE1"]


def test_only_the_person_who_sent_the_file_applies_it_within_a_day() -> None:

    run = checked("head_ends", "head_end,name\nHE1,Head End One\n")
    said = {"uid": run.uid, "only_good_rows": False, "ends_missing": False}
    with pytest.raises(ImportNotAllowed, match="adam sent this file"):
        operations.apply_file(**said, by="olive", now=clock.now())
    with pytest.raises(ImportNotAllowed, match="older than 24 hours"):
        operations.apply_file(**said, by="adam", now=clock.now() + timedelta(hours=25))
    assert ImportRun.objects.get().state == "Checked"


def test_files_and_refused_values_are_removed_after_a_week_and_the_run_stays() -> None:
    run = checked("head_ends", "head_end,name\nHE1,\n")
    assert storage().exists(run.stored_as)

    assert forget_files(now=clock.now() + timedelta(days=6)) == 0
    assert forget_files(now=clock.now() + timedelta(days=8)) == 1

    assert not storage().exists(run.stored_as)
    assert not run.refused_cells.exists()
    assert ImportRun.objects.get(pk=run.pk).refused == 1
    assert sql.value("SELECT to_regclass(%s)", [run.staged]) is None

"""System > Import: a file is sent, checked, applied or canceled on pages."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from derms.models import HeadEnd
from integration.console.models import User
from integration.importing import operations
from integration.importing.forgetting import forget_files
from integration.importing.models import ImportRun
from integration.seam import clock, sql
from integration.seam.models import Alert, DueWork
from integration.seam.settling import settle
from integration.seam.work_alerts import alert_of_dead
from tests.threads import run_together

from .bringing import applied, checked

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = "Kopfsystem;Name\nHE1;Müller\nHE2;\n"


@pytest.fixture
def admin(client: Client, administrator: User) -> Client:
    client.force_login(administrator)
    return client


def send(client: Client, data: bytes, kind: str = "head_ends") -> ImportRun:
    file = SimpleUploadedFile("own.csv", data)
    answer = client.post("/imports/new/", {"kind": kind, "file": file, "request_key": str(uuid.uuid4())})
    run = ImportRun.objects.latest("pk")
    assert (answer.status_code, answer["Location"]) == (302, f"/imports/{run.uid}/check/")
    return run


def check(client: Client, run: ImportRun, **fields: str) -> ImportRun:
    said = {"encoding": "cp1252", "separator": ";", "decimal": ".", "day_order": "dmy", "time_zone": "UTC", **fields}
    answer = client.post(f"/imports/{run.uid}/check/", {**said, "column_head_end": "Kopfsystem", "column_name": "Name"})
    assert answer.status_code == 302
    settle()
    return ImportRun.objects.get(pk=run.pk)


def test_a_file_is_sent_shown_and_applied_with_its_good_rows(admin: Client) -> None:
    run = send(admin, TEXT.encode("cp1252"))
    page = admin.get(f"/imports/{run.uid}/check/").content.decode()
    assert 'value="cp1252"' in page
    assert '<option value="Kopfsystem" selected>' in page

    run = check(admin, run)
    shown = admin.get(f"/imports/{run.uid}/").content.decode()
    assert (run.state, run.added, run.refused) == ("Checked", 1, 1)
    assert "The value is missing." in shown
    assert "Müller" in shown
    mend = admin.get(f"/imports/{run.uid}/refused/").content.decode("utf-8-sig").splitlines()
    assert mend == ["Kopfsystem;Name;Why it was refused", "HE2;;name: The value is missing."]

    assert admin.post(f"/imports/{run.uid}/apply/", {}).status_code == 409, "one row is refused"
    assert admin.post(f"/imports/{run.uid}/apply/", {"only_good_rows": "on"}).status_code == 302
    settle()

    assert dict(HeadEnd.objects.values_list("code", "name")) == {"HE1": "Müller"}
    assert "Applied" in admin.get("/imports/").content.decode()


def test_a_file_that_is_no_table_is_refused_on_the_form(admin: Client) -> None:
    file = SimpleUploadedFile("own.pdf", b"%PDF-1.7")
    answer = admin.post("/imports/new/", {"kind": "zones", "file": file})

    assert answer.status_code == 422
    assert "“own.pdf” is no table: it is a PDF." in answer.content.decode()
    assert not ImportRun.objects.exists()


def test_a_file_is_canceled(admin: Client) -> None:
    run = send(admin, TEXT.encode())

    assert admin.get(f"/imports/{run.uid}/cancel/").status_code == 200
    assert admin.post(f"/imports/{run.uid}/cancel/").status_code == 302

    assert ImportRun.objects.get().state == "Canceled"
    assert admin.post(f"/imports/{run.uid}/cancel/").status_code == 409


@pytest.mark.parametrize(("state", "name"), [("Checking", "check import"), ("Applying", "apply import")])
def test_work_that_failed_for_good_says_so_and_the_file_can_be_canceled(admin: Client, state: str, name: str) -> None:
    run = send(admin, TEXT.encode())
    ImportRun.objects.filter(pk=run.pk).update(state=state)
    work = DueWork.objects.create(
        name=name, object_id=run.pk, queue="bulk", due_at=clock.now(), error="ArrowInvalid: broken", attempt=3
    )
    page = admin.get(f"/imports/{run.uid}/").content.decode()
    assert "The last attempt failed; it is tried again: <code>ArrowInvalid: broken</code>" in " ".join(page.split())
    assert "every 3s" in page
    DueWork.objects.filter(pk=work.pk).update(dead_at=clock.now())
    alert_of_dead(work, most=12)

    page = admin.get(f"/imports/{run.uid}/").content.decode()
    assert "failed each time and is not tried again. Nothing was changed." in page
    assert "every 3s" not in page
    assert admin.post(f"/imports/{run.uid}/cancel/").status_code == 302
    assert ImportRun.objects.get().state == "Canceled"
    assert not DueWork.objects.exists()
    assert not Alert.objects.filter(closed_at=None).exists()


def test_a_file_that_is_being_applied_can_not_be_canceled(admin: Client) -> None:
    run = send(admin, TEXT.encode())
    ImportRun.objects.filter(pk=run.pk).update(state="Applying")
    assert admin.post(f"/imports/{run.uid}/cancel/").status_code == 409
    assert "/cancel/" not in admin.get(f"/imports/{run.uid}/").content.decode()


def test_the_second_tab_that_applies_a_file_reads_what_became_of_it(admin: Client) -> None:
    run = check(admin, send(admin, b"Kopfsystem;Name\nHE1;One\n"))
    for expected in (302, 409):
        answer = admin.post(f"/imports/{run.uid}/apply/", {})
        assert answer.status_code == expected
    assert "The file is Applying; only a checked file can be applied." in answer.content.decode()
    assert "Only a checked file can be applied." in admin.get(f"/imports/{run.uid}/apply/").content.decode()


def test_a_check_that_is_canceled_while_it_runs_leaves_nothing(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    run = send(admin, TEXT.encode())
    ImportRun.objects.filter(pk=run.pk).update(state="Checking")
    read = operations._read_and_compare

    def cancel_meanwhile(run: ImportRun, *args: Any) -> dict[str, int]:
        counted = read(run, *args)
        answers = run_together(lambda: admin.post(f"/imports/{run.uid}/cancel/").status_code)
        assert answers == [302]
        return counted

    monkeypatch.setattr(operations, "_read_and_compare", cancel_meanwhile)
    operations.check_run(run.pk, now=clock.now())
    run = ImportRun.objects.get()
    assert (run.state, run.refused_cells.count()) == ("Canceled", 0)
    assert not sql.value("SELECT to_regclass(%s)", [run.staged])


def test_a_file_that_is_no_longer_kept_says_so(admin: Client) -> None:
    run = check(admin, send(admin, TEXT.encode("cp1252")))
    forget_files(now=clock.now() + timedelta(days=8))
    for answer in (
        admin.get(f"/imports/{run.uid}/refused/"),
        admin.post(f"/imports/{run.uid}/check/", {"day_order": "dmy", "time_zone": "UTC", "encoding": "cp1252",
                                                  "separator": ";", "decimal": ".", "column_head_end": "Kopfsystem",
                                                  "column_name": "Name"}),
    ):  # fmt: skip
        assert answer.status_code == 409
        assert "files are removed after a week. Send it again." in answer.content.decode()


@pytest.mark.parametrize("name", ["own\x07\u202e.csv", "own\udcff.csv", "a" * 300 + ".csv", "\n"])
def test_a_file_may_have_any_name(name: str, administrator: User) -> None:
    run = checked("head_ends", "head_end,name\nHE1,One\n", name=name)
    assert run.state == "Checked"
    assert run.file_name.isprintable()
    assert len(run.file_name) <= 200


def test_another_administrator_sees_the_file_and_can_not_go_on_with_it(client: Client, administrator: User) -> None:
    run = checked("head_ends", "head_end,name\nHE1,One\n")  # sent by adam
    other = User.objects.create(username="another", is_superuser=True)
    client.force_login(other)

    assert client.get(f"/imports/{run.uid}/").status_code == 200
    answer = client.post(f"/imports/{run.uid}/apply/", {})
    assert (answer.status_code, "adam sent this file" in answer.content.decode()) == (409, True)


def test_the_preview_shows_values_as_people_read_them(admin: Client) -> None:
    """Once it said “True”, and rules and weekdays by the names and numbers that are stored."""
    kinds = {
        "program_types": "type,name,allow_to_opt_out,opt_out_cutoff_minutes\nT1,Type,yes,1500\n",
        "programs": "program,name,type,active,overridable,weekdays\nCOOL,Cool,T1,yes,longest,Mon Tue\n",
    }
    applied("program_types", kinds["program_types"])
    run = checked("programs", kinds["programs"])
    page = admin.get(f"/imports/{run.uid}/").content.decode()
    (row,) = admin.get(f"/imports/{run.uid}/").context["samples"]["added"]
    values = {label: new for label, _old, new in row["differs"]}
    assert values["Active"] == "yes"
    assert "longest event" in values.values()
    assert "Mon, Tue" in values.values()
    assert "True" not in page
    changed = checked("program_types", kinds["program_types"].replace("yes,1500", "no,60"))
    (row,) = admin.get(f"/imports/{changed.uid}/").context["samples"]["changed"]
    assert row["differs"] == [("Allow To Opt Out", "yes", "no"), ("Cut-off, minutes", "1,500", "60")]


def test_columns_that_a_file_lacks_and_may_lack_are_named_apart(admin: Client) -> None:
    """Once each of a program's thirty columns stood among those of the file, with a dash."""
    run = send(admin, b"program,name,type,active\nCOOL,Cool,T1,yes\n", kind="programs")
    form = admin.get(f"/imports/{run.uid}/check/").context["form"]
    found, lacking = ({field.name for field in fields} for fields in (form.found_fields, form.lacking_fields))
    assert {"column_program", "column_name", "column_type", "column_active", "save_as"} <= found
    assert "column_overridable" in lacking
    assert not found & lacking
    page = admin.get(f"/imports/{run.uid}/check/").content.decode()
    assert page.index('id="lacking"') < page.index("column_overridable")


def test_a_required_column_that_a_file_lacks_is_asked_for_first(admin: Client) -> None:
    run = send(admin, b"program,type\nCOOL,T1\n", kind="programs")
    form = admin.get(f"/imports/{run.uid}/check/").context["form"]
    assert "column_name" in {field.name for field in form.found_fields}

"""System > Import: a file is sent, checked, applied or canceled on pages."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from derms.models import HeadEnd
from integration.console.models import User
from integration.importing.models import ImportRun
from integration.seam.settling import settle

from .bringing import checked

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


def test_another_administrator_sees_the_file_and_can_not_go_on_with_it(client: Client, administrator: User) -> None:
    run = checked("head_ends", "head_end,name\nHE1,One\n")  # sent by adam
    other = User.objects.create(username="another", is_superuser=True)
    client.force_login(other)

    assert client.get(f"/imports/{run.uid}/").status_code == 200
    answer = client.post(f"/imports/{run.uid}/apply/", {})
    assert (answer.status_code, "adam sent this file" in answer.content.decode()) == (409, True)

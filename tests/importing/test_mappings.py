"""Mappings that are saved under a name and used again for the next file of their source."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from derms.models import HeadEnd
from integration.console.models import User
from integration.importing.models import ImportRun, SavedMapping
from integration.seam.models import ObjectChange

pytestmark = pytest.mark.django_db(transaction=True)

FIRST = "system;title;name\n0012;Müller;not this\n"
NEXT = "title;more;name;system\nMüller & Söhne;1;not this;0012\nNeu;2;not this;0013\n"
AS = ("--map", "head_end=system", "--map", "name=title")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "first.csv").write_text(FIRST)
    (tmp_path / "next.csv").write_text(NEXT)
    (tmp_path / "other.csv").write_text(NEXT.replace("title", "label"))
    return tmp_path


def test_a_mapping_is_saved_and_used_for_the_next_file_by_command(files: Path) -> None:
    call_command("import", "head_ends", str(files / "first.csv"), *AS, "--save-mapping", "our CIS", "--apply")
    call_command("import", "head_ends", str(files / "next.csv"), "--mapping", "our CIS", "--apply")

    assert dict(HeadEnd.objects.values_list("code", "name")) == {"0012": "Müller & Söhne", "0013": "Neu"}
    saved = SavedMapping.objects.get()
    assert saved.headings == {"head_end": "system", "name": "title"}
    assert saved.layout["separator"] == ";"
    assert ObjectChange.objects.filter(kind="saved mapping", name="our CIS").count() == 1


def test_a_mapping_that_no_longer_fits_says_which_column_is_missing(files: Path) -> None:
    call_command("import", "head_ends", str(files / "first.csv"), *AS, "--save-mapping", "our CIS")

    with pytest.raises(CommandError, match=r"no longer fits: it needs the column “title”, which “other.csv” lacks"):
        call_command("import", "head_ends", str(files / "other.csv"), "--mapping", "our CIS", "--apply")
    with pytest.raises(CommandError, match=r"There is no saved mapping “their CIS” for this kind. Saved: our CIS."):
        call_command("import", "head_ends", str(files / "first.csv"), "--mapping", "their CIS")
    assert not HeadEnd.objects.exists()


def test_a_mapping_is_saved_and_chosen_on_pages(client: Client, administrator: User) -> None:
    client.force_login(administrator)
    client.post("/imports/new/", {"kind": "head_ends", "file": SimpleUploadedFile("first.csv", FIRST.encode())})
    run = ImportRun.objects.get()
    layout = {"encoding": "utf-8", "separator": ";", "decimal": ".", "day_order": "mdy", "time_zone": "UTC"}
    said = {**layout, "column_head_end": "system", "column_name": "title", "save_as": "our CIS"}
    assert client.post(f"/imports/{run.uid}/check/", said).status_code == 302
    saved = SavedMapping.objects.get(name="our CIS", saved_by=administrator.username)

    file = SimpleUploadedFile("next.csv", NEXT.encode())
    answer = client.post("/imports/new/", {"kind": "head_ends", "file": file, "mapping": saved.pk})
    assert answer.status_code == 302
    page = client.get(answer["Location"]).content.decode()
    assert '<option value="system" selected>' in page
    assert '<option value="title" selected>' in page

    for sent, kind, sentence in (
        (NEXT.replace("title", "label"), "head_ends", "it needs the column “title”, which “x.csv” lacks"),
        (NEXT, "zones", "“our CIS” is a mapping for Head end systems."),
    ):
        file = SimpleUploadedFile("x.csv", sent.encode())
        answer = client.post("/imports/new/", {"kind": kind, "file": file, "mapping": saved.pk})
        assert answer.status_code == 422
        assert sentence in answer.content.decode()

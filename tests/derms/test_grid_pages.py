"""Making, changing and deleting zones, substations, feeders, transformers and head end systems on pages."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from derms import operations
from derms.models import ControlZone, DerGroup, Feeder, HeadEnd, Program, Strategy, Substation, Transformer
from derms.operations import PartHeld, PartReferred
from integration.console.models import User
from integration.pages.object_log import object_log
from integration.seam.history import ObjectChange
from tests import factories
from tests.importing.bringing import applied
from tests.pages.editing import Tab, save
from tests.threads import run_together

pytestmark = pytest.mark.django_db

PLACE = {"code": "SOUTH", "name": "South", "time_zone": "Europe/Berlin"}
ZONE = {**PLACE, "limit_kw": "9000", "cooling_months": ["6", "7"]}


@pytest.fixture
def client(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


def test_a_grid_is_made_part_by_part(client: Client) -> None:
    assert client.post("/grid/zones/new/", ZONE).status_code == 302
    zone = ControlZone.objects.get(code="SOUTH")
    assert (zone.time_zone, zone.limit_kw, zone.cooling_months) == ("Europe/Berlin", 9000, [6, 7])
    client.post("/grid/substations/new/", {"code": "S-S1", "zone": zone.pk})
    substation = Substation.objects.get(zone=zone)
    client.post("/grid/feeders/new/", {"code": "S-F1", "substation": substation.pk, "rating_kw": "6500"})
    client.post("/grid/transformers/new/", {"code": "007", "feeder": "S-F1", "kva": "400"})
    client.post("/grid/head-ends/new/", {"code": "cloud", "name": "A cloud"})

    transformer = Transformer.objects.select_related("feeder__substation__zone").get(code="007")
    assert (transformer.kva, transformer.feeder.rating_kw, transformer.feeder.substation.zone) == (400, 6500, zone)
    assert HeadEnd.objects.values_list("code", "name").get() == ("cloud", "A cloud")
    said = [(one.kind, one.what, one.by) for one in ObjectChange.objects.filter(kind__in=("feeder", "head end system"))]
    assert said == [("feeder", "created", "olive"), ("head end system", "created", "olive")]
    page = client.get("/grid/transformers/").content.decode()
    assert "007" in page
    assert "400" in page


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"code": "NORTH"}, "already exists"),
        ({"code": "1E+10"}, "spreadsheet"),
        ({"time_zone": "Europe/Nowhere"}, "Europe/Nowhere"),
        ({"limit_kw": "-1"}, "greater than or equal to 0"),
        ({"name": ""}, "required"),
    ],
)
def test_what_is_wrong_is_refused_with_a_sentence(client: Client, typed: dict[str, str], sentence: str) -> None:
    factories.zone()
    answer = client.post("/grid/zones/new/", {**ZONE, **typed})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert ControlZone.objects.count() == 1


def test_a_transformer_names_its_feeder_by_code(client: Client) -> None:
    factories.zone()
    answer = client.post("/grid/transformers/new/", {"code": "T9", "feeder": "NORTH-F7"})
    assert "There is no feeder “NORTH-F7”." in answer.content.decode()
    transformer = Transformer.objects.get()
    assert 'value="NORTH-F1"' in client.get(f"/grid/transformers/{transformer.pk}/").content.decode()


def test_an_edit_is_kept_with_old_and_new(client: Client) -> None:
    factories.zone()
    feeder = Feeder.objects.get()
    address = f"/grid/feeders/{feeder.pk}/"
    assert save(client, address, {"substation": feeder.substation_id, "rating_kw": "7000"}).status_code == 302

    feeder = Feeder.objects.get()
    assert (feeder.rating_kw, feeder.code, feeder.version, feeder.saved_by) == (7000, "NORTH-F1", 2, "olive")
    assert [one.sentence for one in object_log("feeder", object=feeder.pk)] == ["Rating (kW): — → 7000"]
    assert "Rating (kW): — → 7000" in client.get(address).content.decode()


def test_a_file_changes_what_somebody_has_open(client: Client) -> None:
    """Rows that a file adds have no author; what it changes is recorded, and the page says so before it overwrites."""
    heading = "feeder,substation,rating_kw\n"
    zone = factories.zone()
    applied("feeders", f"{heading}NORTH-F2,NORTH-S1,100\n")
    feeder = Feeder.objects.get(code="NORTH-F2")
    assert object_log("feeder", object=feeder.pk) == []
    tab = Tab(client, f"/grid/feeders/{feeder.pk}/")

    applied("feeders", f"{heading}NORTH-F2,NORTH-S1,250\n")

    assert tab.send({"rating_kw": "300"}) == 409
    assert "100 → 250" in tab.page
    assert [(one.sentence, one.by) for one in object_log("feeder", object=feeder.pk)] == [
        ("Rating (kW): 100 → 250", "adam")
    ]
    assert tab.send({"rating_kw": "300"}) == 302
    assert zone.substations.count() == 1


def test_registered_devices_hold_the_place_and_the_time_zone(
    client: Client, zone: ControlZone, program: Program, now: datetime
) -> None:
    factories.device(zone, program, since=now)
    other = factories.zone("OTHER")
    address = f"/grid/zones/{zone.pk}/"
    typed = {"name": zone.name, "time_zone": "Europe/Berlin", "limit_kw": "1", "cooling_months": ["6"]}
    answer = save(client, address, typed)
    assert answer.status_code == 409
    assert "has registered devices" in answer.content.decode()
    assert save(client, address, {**typed, "time_zone": zone.time_zone}).status_code == 302
    moves: list[tuple[Any, dict[str, Any]]] = [
        (Substation.objects.get(code="NORTH-S1"), {"zone": other}),
        (Feeder.objects.get(code="NORTH-F1"), {"substation": Substation.objects.get(zone=other)}),
        (Transformer.objects.get(code="NORTH-T1"), {"feeder": Feeder.objects.get(code="OTHER-F1")}),
    ]
    for part, fields in moves:
        with pytest.raises(PartHeld):
            operations.save_grid_part(part=type(part), pk=part.pk, fields=fields, by="olive", now=now)
    empty = Substation.objects.get(zone=other)
    operations.save_grid_part(part=Substation, pk=empty.pk, fields={"zone": zone}, by="olive", now=now)


def test_only_what_nothing_refers_to_is_deleted(client: Client, strategy: Strategy) -> None:
    zone = ControlZone.objects.get()
    feeder = Feeder.objects.create(code="F9", substation=zone.substations.get())
    transformer = Transformer.objects.create(code="T9", feeder=feeder)
    page = client.get(f"/grid/zones/{zone.pk}/delete/").content.decode()
    for what in ("substations", "strategies", "load forecast", "reduction factors"):
        assert what in page
    answer = client.post(f"/grid/zones/{zone.pk}/delete/", {"version": zone.version})
    assert answer.status_code == 409
    assert client.post(f"/grid/transformers/{transformer.pk}/delete/", {"version": 1}).status_code == 302
    assert not Transformer.objects.filter(code="T9").exists()
    group = DerGroup.objects.create(name="Old town", feeder_ids=[feeder.pk])
    with pytest.raises(PartReferred, match="DER groups"):
        operations.delete_grid_part(part=Feeder, pk=feeder.pk)
    group.delete()
    operations.delete_grid_part(part=Feeder, pk=feeder.pk)
    assert [one.what for one in ObjectChange.objects.filter(kind="feeder")][-1:] == ["removed"]


def test_an_old_page_deletes_nothing(client: Client) -> None:
    made = HeadEnd.objects.create(code="HE9", name="Nine", version=3)
    assert client.post(f"/grid/head-ends/{made.pk}/delete/", {"version": 2}).status_code == 409
    assert client.post(f"/grid/head-ends/{made.pk}/delete/").status_code == 409
    assert HeadEnd.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_feeder_is_deleted_or_gets_a_transformer_never_both(operator: User, now: datetime) -> None:
    factories.zone()
    for number in range(20):
        feeder = Feeder.objects.create(code=f"F{number}", substation=Substation.objects.get())

        def outcome(act: Callable[[], object]) -> bool:
            try:
                act()
            except Exception:  # noqa: BLE001  (either may lose, in its own way)
                return False
            return True

        def delete() -> object:
            return operations.delete_grid_part(part=Feeder, pk=feeder.pk)  # noqa: B023

        def add() -> object:
            fields = {"code": f"T{number}", "feeder": feeder, "kva": None}  # noqa: B023
            return operations.save_grid_part(part=Transformer, pk=None, fields=fields, by="olive", now=now)

        deleted, added = run_together(lambda: outcome(delete), lambda: outcome(add))
        assert deleted != added
        assert Feeder.objects.filter(pk=feeder.pk).exists() != deleted
        assert Transformer.objects.filter(code=f"T{number}").exists() == added
    connection.close()


def test_lists_are_searched_by_code_and_readers_get_no_links(client: Client, approver: User) -> None:
    factories.zone()
    factories.zone("EAST")
    shown = client.get("/grid/feeders/?q=east").content.decode()
    assert "EAST-F1" in shown
    assert "NORTH-F1" not in shown
    client.force_login(approver)
    page = client.get("/grid/feeders/").content.decode()
    assert "EAST-F1" in page
    assert "/new/" not in page
    assert client.get("/grid/cables/").status_code == 404


def test_time_zones_are_chosen_by_region(client: Client) -> None:
    page = client.get("/grid/zones/new/").content.decode()
    assert '<optgroup label="Europe">' in page
    assert page.index(">Europe/Amsterdam<") < page.index(">Europe/Berlin<") < page.index(">Europe/Zurich<")

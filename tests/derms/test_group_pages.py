"""DER groups: their criteria on a page, and the devices that meet them."""

from datetime import datetime, timedelta

import pytest
from django.test import Client

from derms import operations
from derms.models import ControlZone, DerGroup, Device, Program, Substation, Transformer
from derms.operations.grid import PartReferred
from derms.queries.groups import group_devices
from integration.console.models import User
from integration.seam import sql
from tests import factories
from tests.derms.test_stage_page import exported

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def devices(zone: ControlZone, program: Program, now: datetime) -> list[Device]:
    """Three devices of 1, 2 and 3 kW; the last one is behind another substation and answers better."""
    made = [factories.device(zone, program, since=now - DAY, rated_w=1000 * n) for n in (1, 2)]
    substation = Substation.objects.create(code="NORTH-S9", zone=zone)
    feeder = substation.feeders.create(code="NORTH-F9")
    place = {"feeder": feeder, "transformer": feeder.transformers.create(code="NORTH-T9")}
    made.append(factories.device(zone, program, since=now - DAY, rated_w=3000, **place))
    sql.execute("UPDATE derms_candidate SET rate_pm = 950 WHERE device_id = %s", [made[2].pk])
    return made


def ids(group: DerGroup, now: datetime) -> list[int]:
    return [row.device_id for row in group_devices(group, now, limit=10)]


def test_a_group_has_its_devices_their_number_and_power(devices: list[Device], now: datetime) -> None:
    everything = DerGroup(name="All")
    first, second = group_devices(everything, now, limit=2)
    assert (first.device_id, second.device_id) == (devices[0].pk, devices[1].pk)
    assert (first.devices, first.devices_w, first.rate_pm) == (3, 6000, 800)
    (third,) = group_devices(everything, now, after=second.device_id, limit=2)
    assert (third.substation, third.feeder, third.transformer) == ("NORTH-S9", "NORTH-F9", "NORTH-T9")
    assert (third.rate_pm, third.devices) == (950, 3)


@pytest.mark.parametrize("criterion", ["substation_ids", "transformer_ids", "least_rate_pct"])
def test_each_new_criterion_finds_the_one_device(devices: list[Device], now: datetime, criterion: str) -> None:
    values = {
        "substation_ids": [devices[2].feeder.substation_id],
        "transformer_ids": [devices[2].transformer_id],
        "least_rate_pct": 95,
    }
    assert ids(DerGroup(name="One", **{criterion: values[criterion]}), now) == [devices[2].pk]


def test_whoever_left_the_program_is_not_in_the_group(devices: list[Device], now: datetime) -> None:
    devices[0].enrollments.update(ends_at=now - DAY / 2)
    assert ids(DerGroup(name="All"), now) == [devices[1].pk, devices[2].pk]


def test_the_page_takes_transformers_by_code_and_names_those_that_are_not_there(
    devices: list[Device], client: Client, operator: User, now: datetime
) -> None:
    client.force_login(operator)
    typed = {"name": "By code", "transformer_ids": "NORTH-T9, NOWHERE"}
    refused = client.post("/der-groups/new/", typed)
    assert "There is no transformer “NOWHERE”." in refused.content.decode()
    assert "NORTH-T9, NOWHERE" in refused.content.decode()
    assert not DerGroup.objects.exists()

    place = {"substation_ids": [devices[2].feeder.substation_id], "least_rate_pct": "95"}
    assert client.post("/der-groups/new/", {**typed, **place, "transformer_ids": "NORTH-T9"}).status_code == 302
    group = DerGroup.objects.get()
    assert (group.transformer_ids, group.least_rate_pct) == ([devices[2].transformer_id], 95)
    assert "NORTH-T9" in client.get(f"/der-groups/{group.pk}/").content.decode()
    listed = client.get("/der-groups/").content.decode()
    assert "NORTH-S9; NORTH-T9; response rate at least 95 %" in " ".join(listed.split())

    page = client.get(f"/der-groups/{group.pk}/devices/")
    assert [row.device_id for row in page.context["page"].rows] == [devices[2].pk]
    assert "1 device, 3" in " ".join(page.content.decode().split())
    heading, row = exported(client, f"/der-groups/{group.pk}/devices/export/")
    assert heading.endswith("Rated (W),Response rate (%)")
    assert row.endswith("NORTH-S9,NORTH-F9,NORTH-T9,3000,95.0")


def test_a_group_without_devices_says_so(client: Client, operator: User) -> None:
    client.force_login(operator)
    group = DerGroup.objects.create(name="None", least_rate_pct=100)
    assert "No device is in the group" in client.get(f"/der-groups/{group.pk}/devices/").content.decode()


def test_criteria_that_were_submitted_before_there_were_more_still_choose(
    devices: list[Device], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("name", "version", "device_classes", "feeder_ids", "head_end_ids", "program_ids")
    former = property(lambda group: {name: getattr(group, name) for name in names})
    monkeypatch.setattr(DerGroup, "criteria", former)
    assert ids(DerGroup(name="Before"), now) == [device.pk for device in devices]


@pytest.mark.parametrize(
    ("part", "field"),
    [(Substation, "substation_ids"), (Transformer, "transformer_ids")],
    ids=["substation", "transformer"],
)
def test_a_part_of_the_grid_that_a_group_names_stays(zone: ControlZone, part: type, field: str) -> None:
    if part is Substation:
        found = Substation.objects.create(code="S8", zone=zone)
    else:
        found = zone.substations.get().feeders.get().transformers.create(code="T8")
    group = DerGroup.objects.create(name="Old town", **{field: [found.pk]})
    with pytest.raises(PartReferred, match="DER groups"):
        operations.delete_grid_part(part=part, pk=found.pk)
    group.delete()
    operations.delete_grid_part(part=part, pk=found.pk)
    assert not part.objects.filter(pk=found.pk).exists()  # type: ignore[attr-defined]

"""Feeders and head end systems: sent by DERMS after each change, copied by CPM, met by LEC."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from django.db import transaction

from cpm.models import Customer, Feeder, HeadEnd
from cpm.operations import follow_grid, follow_head_ends
from derms import models as derms
from derms.operations import delete_grid_part, save_grid_part, send_places
from integration.seam import clock
from integration.seam.messages import GridSync, HeadEndSync
from integration.seam.models import Message
from integration.seam.settling import settle
from lec_sim.models import HeadEndProfile
from tests.importing.bringing import applied, checked, counts
from tests.importing.samples import bring_in

pytestmark = pytest.mark.django_db(transaction=True)

GRID = ("zones", "substations", "feeders", "transformers", "head_ends")
LOCATION = "service_point,customer,address,time_zone,zone,feeder,transformer\n"


def places() -> set[str]:
    return {f"{one.zone}/{one.substation}/{one.code}" for one in Feeder.objects.all()}


def test_a_file_of_the_grid_is_copied_and_the_same_file_again_is_no_message() -> None:
    bring_in(*GRID)
    assert {one.split("/")[2] for one in places()} == set(derms.Feeder.objects.values_list("code", flat=True))
    codes = set(derms.HeadEnd.objects.values_list("code", flat=True))
    assert set(HeadEnd.objects.values_list("code", flat=True)) == codes
    assert set(HeadEndProfile.objects.values_list("head_end", flat=True)) == codes

    sent = Message.objects.count()
    bring_in(*GRID)
    assert Message.objects.count() == sent


def test_what_people_change_or_delete_on_pages_is_copied_too() -> None:
    now = clock.now()
    zone = derms.ControlZone.objects.create(code="Z", name="Z", time_zone="Europe/Berlin")
    by = {"by": "olive", "now": now}
    substation = save_grid_part(part=derms.Substation, pk=None, fields={"code": "S", "zone": zone}, **by)
    for code in ("F1", "F2"):
        fields = {"code": code, "substation": substation}
        feeder = save_grid_part(part=derms.Feeder, pk=None, fields=fields, **by)
    head_end = save_grid_part(part=derms.HeadEnd, pk=None, fields={"code": "H", "name": "First"}, **by)
    settle()
    assert places() == {"Z/S/F1", "Z/S/F2"}

    delete_grid_part(part=derms.Feeder, pk=feeder.pk)
    save_grid_part(part=derms.HeadEnd, pk=head_end.pk, fields={"name": "Second"}, **by)
    settle()
    assert places() == {"Z/S/F1"}
    assert HeadEnd.objects.get().name == "Second"


def test_the_latest_state_wins_in_any_order_and_applied_twice(now: datetime) -> None:
    def states(minute: int) -> tuple[GridSync, HeadEndSync]:
        at = now + timedelta(minutes=minute)
        feeders = [{"feeder": f"F{minute}", "substation": "S", "zone": "Z"}]
        head_ends = [{"head_end": "H", "name": f"Name {minute}"}, {"head_end": f"H{minute}", "name": "Other"}]
        return (
            GridSync.model_validate({"feeders": feeders, "at": at}),
            HeadEndSync.model_validate({"head_ends": head_ends, "at": at}),
        )

    for order in permutations([states(1), states(2), states(3)]):
        for grid, head_ends in [*order, *order]:
            with transaction.atomic():
                follow_grid(grid)
                follow_head_ends(head_ends)
        assert places() == {"Z/S/F3"}
        assert dict(HeadEnd.objects.values_list("code", "name")) == {"H": "Name 3", "H3": "Other"}
        Feeder.objects.all().delete()
        HeadEnd.objects.all().delete()


def test_a_location_whose_feeder_is_not_there_is_refused_with_those_near_it() -> None:
    bring_in(*GRID, "customers")
    known = Feeder.objects.order_by("code")[0]
    customer = customer_number()
    rows = (
        f"A,{customer},Street 1,Europe/Berlin,{known.zone},{known.code}X,T1",
        f"B,{customer},Street 2,Europe/Berlin,ELSEWHERE,{known.code},T1",
        f"C,{customer},Street 3,Europe/Berlin,{known.zone},{known.code},T1",
    )
    run = checked("device_locations", LOCATION + "\n".join(rows) + "\n")

    assert counts(run) == (1, 0, 0, 2)
    first, second = run.refused_cells.order_by("line")
    assert first.reason.startswith(f"There is no feeder “{known.code}X”. Near it: {known.code}")
    assert (second.column, second.reason) == ("zone", f"The feeder of this row is in control zone “{known.zone}”.")


def test_a_device_whose_head_end_is_not_there_is_refused_with_those_near_it() -> None:
    bring_in(*GRID, "customers", "device_locations")
    text = "head_end,nic_id,service_point,device_class,model,rated_w\nmuster-klma,77,DE00000001,thermostat,M,3500\n"

    (cell,) = checked("devices", text).refused_cells.all()

    assert (cell.column, cell.value) == ("head_end", "muster-klma")
    assert cell.reason.startswith("There is no head end system “muster-klma”. Near it: muster-klima")


def test_before_a_copy_has_arrived_nothing_is_refused_for_it_and_the_night_sends_one() -> None:
    bring_in(*GRID, "customers")
    Feeder.objects.all().delete()
    row = f"A,{customer_number()},Street 1,Europe/Berlin,NOWHERE,NOTHING,T1\n"
    assert counts(applied("device_locations", LOCATION + row)) == (1, 0, 0, 0)

    send_places(now=clock.now())
    settle()
    assert len(places()) == derms.Feeder.objects.count()


def customer_number() -> str:
    return Customer.objects.earliest("pk").number

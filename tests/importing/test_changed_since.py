"""Rows that changed between the dry run and Apply are shown, then and now; nothing is applied. A test per owner."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from cpm.models import Customer, Device, SubscribedDevice
from derms.models import Feeder, LoadForecast
from integration.console.models import User
from integration.importing import operations, queries
from integration.importing.kinds import kind_of
from integration.importing.models import ImportRun
from integration.seam import clock
from lec_sim.models import HeadEndProfile

from .bringing import applied, apply, checked
from .samples import bring_in

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
GRID = ("zones", "substations", "feeders", "transformers", "head_ends")


def since(run: ImportRun) -> list[dict[str, Any]]:
    """What Apply shows of a run that it refused; it applied nothing."""
    run = apply(run)
    assert (run.state, run.why.partition(".")[0].endswith("changed after the dry run")) == ("Refused", True)
    assert not run.records.filter(added__gt=0).exists()
    return list(queries.changed_since(run, kind_of(run.kind)))


def row(line: int, key: str, *differs: tuple[str, Any, Any], note: str = "") -> dict[str, Any]:
    return {"line": line, "key": key, "differs": list(differs), "note": note}


CUSTOMERS = "customer,name,phone\n1,Testa,030 1\n2,Probst neu,030 2\n3,Mustera,\n"
WRITES: dict[str, tuple[Callable[[], object], list[dict[str, Any]]]] = {
    "a row that the file changes": (
        lambda: Customer.objects.filter(number="2").update(name="Probst other"),
        [row(3, "2", ("Name", "Probst", "Probst other"))],
    ),
    "a row that the file leaves as it is": (
        lambda: Customer.objects.filter(number="1").update(phone="040 9"),
        [row(2, "1", ("Telephone", "030 1", "040 9"))],
    ),
    "a row that somebody brought to what the file says": (
        lambda: Customer.objects.filter(number="2").update(name="Probst neu"),
        [row(3, "2", ("Name", "Probst", "Probst neu"))],
    ),
    "a row that somebody else added": (
        lambda: Customer.objects.create(number="3", name="Soon", account="3"),
        [row(4, "3", ("Name", None, "Soon"), ("Account", None, "3"), note="new")],
    ),
    "a row that is gone": (
        lambda: Customer.objects.filter(number="1").delete(),
        [row(2, "1", ("Name", "Testa", None), ("Telephone", "030 1", None), note="gone")],
    ),
}


@pytest.mark.parametrize(("write", "shown"), WRITES.values(), ids=WRITES)
def test_customers_of_cpm(write: Callable[[], object], shown: list[dict[str, Any]]) -> None:
    applied("customers", "customer,name,phone\n1,Testa,030 1\n2,Probst,030 2\n")
    run = checked("customers", CUSTOMERS)
    write()
    there = list(Customer.objects.order_by("pk").values_list("number", "name", "phone"))

    found = since(run)

    # A row that is added or gone differs in all that it has.
    wanted = [(label, old, new) for label, old, new in shown[0]["differs"]]
    assert [one | {"differs": [d for d in one["differs"] if d in wanted]} for one in found] == shown
    assert list(Customer.objects.order_by("pk").values_list("number", "name", "phone")) == there


def test_enrollments_of_cpm() -> None:
    bring_in(*GRID, "program_types", "programs", "customers", "device_locations", "devices")
    nic_id, head_end = Device.objects.order_by("pk").values_list("nic_id", "head_end")[0]
    file = f"program,head_end,nic_id\nKUEHL,{head_end},{nic_id}\n"
    run = checked("enrollments", file)
    applied("enrollments", file)

    assert since(run) == [row(2, f"KUEHL/{head_end}/{nic_id}", note="new")]
    assert SubscribedDevice.objects.count() == 1


def test_the_grid_and_the_forecast_of_derms() -> None:
    bring_in(*GRID)
    feeder = Feeder.objects.order_by("code")[0]
    Feeder.objects.filter(pk=feeder.pk).update(rating_kw=12_500)
    heading = f"feeder,substation,rating_kw\n{feeder.code},{feeder.substation.code}"
    run = checked("feeders", f"{heading},9000\n")
    Feeder.objects.filter(pk=feeder.pk).update(rating_kw=11_000)
    assert since(run) == [row(2, feeder.code, ("Rating, kW", 12_500, 11_000))]

    hour = clock.now().replace(minute=0, second=0, microsecond=0) + 5 * HOUR
    applied("zones", "zone,name,time_zone\nNEW,New,Europe/Berlin\n")
    text = f"zone,hour,forecast_mw\nNEW,{hour.isoformat()},"
    applied("load_forecast", f"{text}1.5\n")
    run = checked("load_forecast", f"{text}1.75\n")
    LoadForecast.objects.filter(hour=hour).update(forecast_kw=1_600)
    (found,) = since(run)
    assert [(old, new) for _label, old, new in found["differs"]] == [(1.5, 1.6)]
    assert LoadForecast.objects.get(hour=hour).forecast_kw == 1_600


def test_facts_of_head_ends_of_live_energy_connect() -> None:
    bring_in("head_ends")
    run = checked("head_end_facts", "head_end,protocol,capacity\nmuster-klima,OpenADR 2.0b,5000\n")
    HeadEndProfile.objects.filter(head_end="muster-klima").update(capacity=700)

    assert since(run) == [row(2, "muster-klima", ("Capacity, devices", None, 700))]
    assert HeadEndProfile.objects.get(head_end="muster-klima").protocol == ""


def test_the_page_and_the_command_show_it(
    client: Client, administrator: User, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    applied("customers", "customer,name\n1,Testa\n2,Probst\n")
    run = checked("customers", "customer,name\n1,Testa neu\n2,Probst\n")
    Customer.objects.filter(number="1").update(name="Testa other")
    Customer.objects.filter(number="2").delete()
    since(run)
    client.force_login(administrator)
    page = " ".join(client.get(f"/imports/{run.uid}/").content.decode().split())
    assert "Changed since the dry run: then → now" in page
    assert "Name: Testa → Testa other" in page
    assert "It is no longer there." in page

    file = tmp_path / "customers.csv"
    file.write_text("customer,name\n1,Testa newest\n")
    apply_file = operations.apply_file

    def changed_meanwhile(**said: Any) -> ImportRun:
        Customer.objects.filter(number="1").update(name="Testa again")
        return apply_file(**said)

    monkeypatch.setattr(operations, "apply_file", changed_meanwhile)
    with pytest.raises(CommandError, match="1 rows changed after the dry run"):
        call_command("import", "customers", str(file), apply=True)
    assert "line 2, 1: Name Testa other -> Testa again" in capsys.readouterr().out


def test_of_many_rows_that_changed_the_first_are_shown() -> None:
    rows = "".join(f"{n},Testa {n}\n" for n in range(30))
    applied("customers", "customer,name\n" + rows)
    run = checked("customers", "customer,name\n" + rows.replace("Testa", "Probst"))
    Customer.objects.update(name="Other")

    assert len(since(run)) == 20
    run.refresh_from_db()
    assert run.why == "More than 20 rows changed after the dry run. Nothing was applied; send the file again."

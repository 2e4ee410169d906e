"""What files say of consent, of ids in the CIS, and of a device's make and serial number."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from cpm.models import Customer, Device
from integration.console.models import User
from integration.importing.models import ImportRun
from integration.seam import clock

from .bringing import applied, checked, counts
from .samples import bring_in

pytestmark = pytest.mark.django_db
SAID = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HEADING = "Kundennummer;Name;Partnernummer;Einwilligung;Einwilligung am;Einwilligung durch\n"
ADA = "0007;Ada Test;000815;nein;01.03.2026 13:00;Brief\n"


def consent() -> tuple[bool, datetime | None, str]:
    found = Customer.objects.get(number="0007")
    return found.consents, found.consent_at, found.consent_source


def reasons(run: ImportRun) -> list[tuple[int, str]]:
    return [(cell.line, cell.reason) for cell in run.refused_cells.order_by("line")]


def test_a_file_says_who_consents_since_when_and_by_what(client: Client, csr: User) -> None:
    applied("customers", HEADING + ADA, time_zone="Europe/Berlin")

    assert consent() == (False, SAID, "Brief")
    assert Customer.objects.get().cis_id == "000815"
    client.force_login(csr)
    page = " ".join(client.get("/customers/0007/").content.decode().split())
    assert "Id in the CIS 000815" in page
    assert "Consents to hear of events: no" in page
    assert "· Brief" in page
    assert counts(checked("customers", HEADING + ADA, time_zone="Europe/Berlin")) == (0, 0, 1, 0)


def test_a_file_without_the_time_of_a_consent_says_it_when_it_is_applied() -> None:
    applied("customers", HEADING + ADA, time_zone="Europe/Berlin")
    before = clock.now()
    again = "customer,name,consents\n0007,Ada Test,{}\n".format

    applied("customers", again("no"))
    assert consent() == (False, SAID, "Brief"), "nothing changed"
    applied("customers", again("yes"))

    says, at, source = consent()
    assert (says, source) == (True, "file")
    assert at is not None
    assert at >= before
    assert counts(applied("customers", again("yes"))) == (0, 0, 1, 0)
    assert consent() == (True, at, "file")


def test_a_new_customer_of_a_file_without_consent_is_told_by_the_utility_s_rule() -> None:
    applied("customers", "customer,name\n0007,Ada Test\n")
    assert consent() == (True, None, "")


def test_an_id_in_the_cis_belongs_to_one_customer() -> None:
    applied("customers", HEADING + ADA, time_zone="Europe/Berlin")
    run = checked("customers", "customer,name,cis_id\n8,A,000815\n9,B,X\n10,C,X\n11,D,\n12,E,\n")
    assert reasons(run) == [
        (2, "Another customer has this id in the CIS."),
        (3, "Another row of the file has this id in the CIS."),
        (4, "Another row of the file has this id in the CIS."),
    ]
    assert run.added == 2, "two without an id"


def test_make_and_serial_number_come_with_the_device(client: Client, csr: User) -> None:
    bring_in("zones", "substations", "feeders", "transformers", "head_ends", "customers", "device_locations")
    heading = "head_end,nic_id,service_point,device_class,Fabrikat,model,Seriennummer,rated_w\n"
    row = "muster-klima,0099,DE00000001,thermostat,Muster,Stat 2,0012E5,3500\n"

    applied("devices", heading + row)

    device = Device.objects.select_related("location__customer").get(nic_id="0099")
    assert (device.make, device.serial_number) == ("Muster", "0012E5")
    client.force_login(csr)
    page = " ".join(client.get(f"/customers/{device.location.customer.number}/").content.decode().split())
    assert "Muster Stat 2, serial number 0012E5" in page
    run = applied("devices", heading + row.replace("0012E5", "0013"))
    assert counts(run) == (0, 1, 0, 0)
    assert Device.objects.get(nic_id="0099").serial_number == "0013"

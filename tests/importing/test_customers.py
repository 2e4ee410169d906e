"""Customers, their locations, devices and enrollments from files."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from cpm.models import Customer, Device, HeadEnd, Program, SubscribedDevice, Subscription
from derms.models import Device as DermsDevice
from derms.models import Feeder
from integration.seam import filling
from integration.seam.models import Message
from integration.seam.settling import settle

from .bringing import applied, apply, checked, counts
from .samples import bring_in

pytestmark = pytest.mark.django_db(transaction=True)

TYPES = ("zones", "substations", "feeders", "transformers", "head_ends", "program_types", "programs")


@pytest.fixture(autouse=True, params=[1, filling.MANY_ROWS], ids=["filled at once", "row by row"])
def many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "MANY_ROWS", request.param)


@pytest.fixture
def utility(with_samples: Callable[..., None]) -> None:
    with_samples(*TYPES, "customers", "device_locations", "devices", "enrollments")


def test_a_nightly_file_changes_one_customer_and_adds_one(utility: None) -> None:
    before = Customer.objects.get(number="00000001")

    run = applied("customers", "customer,name,email\n00000001,Testa Neu,neu@example.com\n00000041,Probe Neu,\n")

    assert counts(run) == (1, 1, 0, 0)
    after = Customer.objects.get(number="00000001")
    assert (after.pk, after.name, after.email) == (before.pk, "Testa Neu", "neu@example.com")
    assert (after.account, after.phone) == (before.account, before.phone), "columns that the file lacks stay"
    assert Customer.objects.get(number="00000041").account == "00000041"


def test_names_keep_apostrophes_accents_and_the_direction_they_are_written_in() -> None:
    names = {
        "007": "Testa O'Muster",
        "0008": "Zoë Probst-Łęcka",
        "9": "מרים דוגמה",
        "10": "أحمد مثال",
        "11": "Ida, Ada",
    }
    rows = "".join(f"{number};{name}\n" for number, name in names.items())

    applied("customers", f"Kundennummer;Name\n{rows}".encode())

    assert dict(Customer.objects.values_list("number", "name")) == names


def test_a_german_spreadsheet_has_decimal_commas() -> None:
    bring_in("zones", "substations")
    text = "Abgang;Umspannwerk;Nennleistung (kW)\n0012;MUS-UW1;6500,4\n0013;MUS-UW2;4800,0\n1E+10;MUS-UW1;1,0\n"

    run = applied("feeders", text.encode("cp1252"), only_good_rows=True)

    assert dict(Feeder.objects.values_list("code", "rating_kw")) == {"0012": 6500, "0013": 4800}
    assert (run.state, run.refused_cells.get().reason[:32]) == ("Applied", "A spreadsheet shortened this id ")


def test_an_account_belongs_to_one_customer(utility: None) -> None:
    run = checked("customers", "customer,name,account\n00000050,A,VK000001\n00000051,B,X\n00000052,C,X\n")

    assert [(cell.line, cell.reason) for cell in run.refused_cells.order_by("line")] == [
        (2, "Another customer has this account."),
        (3, "Another row of the file has this account."),
        (4, "Another row of the file has this account."),
    ]


def test_devices_that_are_enrolled_keep_the_facts_that_derms_knows(utility: None) -> None:
    row = "muster-klima,0000001,DE00000001,thermostat,{model},{watts},no,2026-03-01"
    heading = "head_end,nic_id,service_point,device_class,model,rated_w,critical_care,installed_at\n"

    assert counts(checked("devices", heading + row.format(model="Muster Stat 3", watts=3500))) == (0, 1, 0, 0)
    run = checked("devices", heading + row.format(model="Muster Stat 2", watts=4000))

    (cell,) = run.refused_cells.all()
    assert cell.reason.startswith("DERMS knows the device otherwise (DE00000001, thermostat, 3500 W)")


def test_a_nic_id_in_other_letters_is_refused_by_the_name_of_the_device(utility: None) -> None:
    DermsDevice.objects.filter(nic_id="0000001").update(nic_id="AB01")
    Device.objects.filter(nic_id="0000001").update(nic_id="AB01")
    heading = "head_end,nic_id,service_point,device_class,model,rated_w,critical_care,installed_at\n"
    row = "muster-klima,{},DE00000001,thermostat,Muster Stat 2,3500,no,2026-03-01\n"

    run = checked("devices", heading + "".join(map(row.format, ("ab01", " new1 ", "NEW1"))))

    assert [(cell.value, cell.reason) for cell in run.refused_cells.order_by("line")] == [
        ("ab01", "It is device muster-klima/AB01, written in other letters. Correct the NIC id."),
        ("new1", "It is device muster-klima/NEW1, written in other letters. Correct the NIC id."),
    ]
    assert run.added == 1


def test_a_location_with_an_enrollment_stays_with_its_customer_and_place(utility: None) -> None:
    heading = "service_point,customer,address,time_zone,zone,feeder,transformer\n"
    there = "MUSTER,{feeder},{transformer}\n"
    place = DermsDevice.objects.get(nic_id="0000001")
    same = there.format(feeder=place.feeder.code, transformer=place.transformer.code)

    run = checked("device_locations", f"{heading}DE00000001,00000002,Musterweg 1,Europe/Berlin,{same}")
    assert run.refused_cells.get().reason.startswith("“00000001” is enrolled here.")
    other = there.format(feeder="MUS-A1", transformer="MUS-A1-T004")
    run = checked("device_locations", f"{heading}DE00000001,00000001,Musterweg 1,Europe/Berlin,{other}")
    assert run.refused_cells.get().reason.startswith("Devices here are registered with another place in the grid.")


def test_rows_that_come_too_early_are_refused_by_name(utility: None) -> None:
    run = checked("enrollments", "program,head_end,nic_id\nKUHL,muster-klima,0000001\nKUEHL,muster-klima,9999999\n")

    assert [(cell.line, cell.column, cell.reason) for cell in run.refused_cells.order_by("line")] == [
        (2, "program", "There is no program “KUHL”. Near it: KUEHL, LADEZEIT, NOTFALL."),
        (3, "nic_id", "There is no installed device muster-klima/9999999."),
    ]


def test_an_enrollment_reaches_derms_and_its_answer_comes_back(utility: None) -> None:
    bring = "head_end,nic_id,service_point,device_class,model,rated_w\nmuster-klima,0000061,DE00000001,ac,Probe,2000\n"
    applied("devices", bring)
    messages = Message.objects.count()

    applied(
        "enrollments", "program,head_end,nic_id,starts_at\nKUEHL,muster-klima,0000061,01.06.2026\n", time_zone="UTC"
    )
    assert Message.objects.count() == messages + 1, "one file for the program, with the new device alone"
    settle()

    subscribed = SubscribedDevice.objects.get(device__nic_id="0000061")
    assert (subscribed.answer, subscribed.subscription.program.code) == ("Registered", "KUEHL")
    assert DermsDevice.objects.get(nic_id="0000061").rated_w == 2000


def test_another_device_at_an_enrolled_place_joins_its_subscription(utility: None) -> None:
    device = Device.objects.get(nic_id="0000001")
    place = device.location.service_point
    subscribed, registered = Subscription.objects.count(), DermsDevice.objects.count()
    applied(
        "devices",
        "head_end,nic_id,service_point,device_class,model,rated_w\n"
        f"{device.head_end},0000099,{place},thermostat,Muster Stat 2,3500\n",
    )
    program = device.subscribed.get().subscription.program.code

    run = applied("enrollments", f"program,head_end,nic_id\n{program},{device.head_end},0000099\n")
    settle()

    assert counts(run) == (1, 0, 0, 0)
    assert Subscription.objects.count() == subscribed
    both = SubscribedDevice.objects.filter(subscription__location=device.location)
    assert [one.answer for one in both] == ["Registered", "Registered"]
    assert DermsDevice.objects.count() == registered + 1


def test_what_derms_refuses_is_shown_and_sent_again_by_the_next_file(utility: None) -> None:
    HeadEnd.objects.all().delete()  # CPM's copy is on its way
    applied("devices", "head_end,nic_id,service_point,device_class,model,rated_w\nno-such,1,DE00000001,ac,Probe,2000\n")
    run = applied("enrollments", "program,head_end,nic_id\nKUEHL,no-such,1\n")
    settle()

    subscribed = SubscribedDevice.objects.get(device__head_end="no-such")
    assert (subscribed.answer, subscribed.error) == ("Error", "There is no head end system “no-such”.")
    applied("head_ends", "head_end,name\nno-such,Now there\n")
    assert counts(run := applied("enrollments", "program,head_end,nic_id\nKUEHL,no-such,1\n")) == (1, 0, 0, 0)
    settle()
    assert run.state == "Applied"
    assert SubscribedDevice.objects.get(device__head_end="no-such").answer == "Registered"


def test_what_a_whole_file_no_longer_holds_ends_only_if_asked(utility: None) -> None:
    kept = Subscription.objects.exclude(program__code="KUEHL")
    rows = SubscribedDevice.objects.filter(subscription__in=kept).select_related("device", "subscription__program")
    text = "program,head_end,nic_id\n" + "".join(
        f"{row.subscription.program.code},{row.device.head_end},{row.device.nic_id}\n" for row in rows
    )
    gone = Subscription.objects.filter(program__code="KUEHL").count()

    run = checked("enrollments", text)
    assert (run.missing, gone > 20, len(run.missing_shown)) == (gone, True, 20)
    assert run.missing_shown[0] == "KUEHL, 00000001, DE00000001"
    apply(run)
    assert not Subscription.objects.filter(ends_at__isnull=False).exists()

    apply(checked("enrollments", text), ends_missing=True)
    settle()
    assert Subscription.objects.filter(ends_at__isnull=False).count() == gone
    assert not DermsDevice.objects.filter(enrollments__program__code="KUEHL", ended_at=None).exists()


def test_a_program_with_rules_is_changed_and_derms_learns_of_it(utility: None) -> None:
    run = applied(
        "programs",
        "program,name,type,weekdays,hours_from,hours_until,season_start,season_end,events_per_week\n"
        "KUEHL,Cool summer,KOMFORT,Mo Di Mi,14:00,20:00,06-01,9-30,3\n",
    )
    settle()

    assert counts(run) == (0, 1, 0, 0)
    rules = Program.objects.get(code="KUEHL").rules
    assert (rules.weekdays, rules.season_end, rules.events_per_week) == ((0, 1, 2), "09-30", 3)
    assert (str(rules.hours_from), rules.longest_minutes) == ("14:00:00", 240)
    assert DermsDevice._meta.apps.get_model("derms", "Program").objects.get(code="KUEHL").rules == rules


def test_times_without_an_offset_are_local_and_dates_with_slashes_are_asked_about(utility: None) -> None:
    heading = "head_end;nic_id;service_point;device_class;model;rated_w;installed_at\n"
    row = "muster-klima;{nic};DE00000001;Wallbox;Probe;11000,0;{at}\n"
    applied("devices", heading + row.format(nic="0070", at="13/04/2026 08:00"), time_zone="Europe/Berlin")

    assert Device.objects.get(nic_id="0070").installed_at == datetime(2026, 4, 13, 6, tzinfo=UTC)
    run = checked("devices", heading + row.format(nic="0071", at="2026-03-29 02:30"), time_zone="Europe/Berlin")
    assert run.refused_cells.get().reason.startswith("The clocks of Europe/Berlin skip this time.")
    with pytest.raises(Exception, match=r"such as 04/05/2026 can be read in two ways"):
        checked("devices", heading + row.format(nic="0072", at="04/05/2026"))

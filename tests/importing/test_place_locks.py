"""A file and a CSR who change the same home: one comes after the other, and sees what the other did."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from cpm import models as own
from cpm import operations as cpm
from cpm.models.customers import Device, DeviceLocation, SubscribedDevice, Subscription
from derms import models as known
from integration.importing import locking, operations
from integration.importing.choices import RunState
from integration.importing.models import ImportRun
from integration.seam import clock, sql
from integration.seam.settling import settle
from tests.faults.dose import doses

from .bringing import BY, applied, checked
from .samples import bring_in

pytestmark = pytest.mark.django_db(transaction=True)

TO_ENROLLED = (
    "zones", "substations", "feeders", "transformers", "head_ends", "program_types", "programs", "customers",
    "device_locations", "devices", "enrollments",
)  # fmt: skip
HEADING = "program,head_end,nic_id\n"
ROUNDS = doses(4, 50)
# In a transaction, PostgreSQL shows what others do as it was at the first look, unless it is told to look again.
_WAITING = """
SELECT count(*) FROM pg_stat_clear_snapshot(), pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
def device(with_samples: Callable[..., None]) -> Device:
    """A device in KUEHL and not in NOTFALL; the whole sample utility is there."""
    with_samples(*TO_ENROLLED)
    return free_devices()[0]


def free_devices() -> list[Device]:
    inside = SubscribedDevice.objects.filter(subscription__program__code="NOTFALL", subscription__ends_at=None)
    cooled = SubscribedDevice.objects.filter(subscription__program__code="KUEHL", subscription__ends_at=None)
    found = Device.objects.filter(pk__in=cooled.values("device"), ended_at=None).exclude(pk__in=inside.values("device"))
    return list(found.select_related("location").order_by("pk"))


def enrolling(*devices: Device) -> ImportRun:
    """A checked file that enrolls devices in NOTFALL, which Apply has been asked for."""
    run = checked("enrollments", HEADING + "".join(f"NOTFALL,{one.head_end},{one.nic_id}\n" for one in devices))
    return operations.apply_file(uid=run.uid, only_good_rows=False, ends_missing=False, by=BY, now=clock.now())


def move_out(place: DeviceLocation) -> None:
    cpm.move_out(location_id=place.pk, customer_id=place.customer_id, by="cora", now=clock.now())


def replace(one: Device) -> None:
    cpm.replace_device(device_id=one.pk, nic_id=f"{one.nic_id}R", model="New", rated_w=900, by="cora", now=clock.now())


def enroll(one: Device) -> None:
    cpm.enroll(
        customer_id=one.location.customer_id,
        location_id=one.location_id,
        program_id=own.Program.objects.get(code="NOTFALL").pk,
        device_ids=[one.pk],
        supply="",
        by="cora",
        now=clock.now(),
    )


def unenroll(one: Device) -> None:
    left = own.Enrollment.objects.get(location=one.location, program__code="KUEHL", subscription__ends_at=None)
    cpm.unenroll(enrollment_id=left.pk, because="opted out", note="", by="cora", now=clock.now())


def applied_behind(act: Callable[[], object], run: ImportRun) -> ImportRun:
    """Apply a run while somebody is in the middle of what they do; it waits until they are done."""

    def apply_run() -> None:
        try:
            operations.apply_run(run.pk, now=clock.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            act()
            future = pool.submit(apply_run)
            until = time.monotonic() + 30
            while not sql.value(_WAITING):
                assert not future.done(), "it did not wait"
                assert time.monotonic() < until, "nobody waits for a lock"
                time.sleep(0.02)
            assert not ImportRun.objects.exclude(state=RunState.APPLYING).filter(pk=run.pk).exists()
        future.result(timeout=60)
    return ImportRun.objects.get(pk=run.pk)


def test_a_file_of_customers_waits_for_who_edits_one_and_shows_it() -> None:
    """Two addresses that a CSR saved while a file was applied were once overwritten in silence."""
    bring_in(*TO_ENROLLED)
    one = own.Customer.objects.order_by("pk")[0]
    heading = "customer,name,account,email,phone\n"
    run = checked("customers", f"{heading}{one.number},{one.name},{one.account},{one.email},555-0100\n")
    run = operations.apply_file(uid=run.uid, only_good_rows=False, ends_missing=False, by=BY, now=clock.now())
    saved = own.Customer.objects.filter(pk=one.pk)
    done = applied_behind(lambda: saved.update(email="new@example.com"), run)
    assert done.state == RunState.REFUSED
    assert saved.get().email == "new@example.com"
    assert (done.conflicts[0]["old"]["email"], done.conflicts[0]["old_now"]["email"]) == (one.email, "new@example.com")


@pytest.mark.parametrize("many_rows", [10_000, 0], ids=["row locks", "a table lock"])
@pytest.mark.parametrize("act", ["move out", "replace", "enroll"])
def test_a_file_waits_for_a_csr_and_is_refused_by_what_changed(
    device: Device, act: str, many_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "MANY_ROWS", many_rows)
    acts = {
        "move out": lambda: move_out(device.location),
        "replace": lambda: replace(device),
        "enroll": lambda: enroll(device),
    }

    run = applied_behind(acts[act], enrolling(device))

    assert (run.state, len(run.conflicts)) == (RunState.REFUSED, 1)
    assert run.why.startswith("1 rows changed after the dry run.")
    assert Subscription.objects.filter(program__code="NOTFALL", location=device.location).count() == (act == "enroll")
    settle()
    assert_both_know_the_same()


def test_a_file_goes_on_after_a_csr_who_changed_nothing_of_its_rows(device: Device) -> None:
    run = applied_behind(lambda: unenroll(device), enrolling(device))

    settle()
    assert run.state == RunState.APPLIED
    assert at_derms(device.nic_id) == {"NOTFALL"}
    assert_both_know_the_same()


def test_a_place_or_a_device_that_a_file_changes_is_locked_too(device: Device) -> None:
    """The place gets another customer, and the device moves, while a CSR enrolls it there."""
    newcomer = own.Customer.objects.exclude(pk=device.location.customer_id).order_by("pk")[0]
    at = device.location
    unenroll(device)
    settle()
    row = f'{at.service_point},{newcomer.number},"{at.address}",{at.time_zone},{at.zone},{at.feeder},{at.transformer}\n'
    run = checked("device_locations", f"service_point,customer,address,time_zone,zone,feeder,transformer\n{row}")
    operations.apply_file(uid=run.uid, only_good_rows=False, ends_missing=False, by=BY, now=clock.now())
    assert applied_behind(lambda: enroll(device), run).state == RunState.REFUSED

    other = DeviceLocation.objects.exclude(pk=at.pk).order_by("pk")[0]
    free = "muster-klima,9000001"
    heading = "head_end,nic_id,service_point,device_class,model,rated_w\n"
    applied("devices", f"{heading}{free},{at.service_point},ac,Probe,2000\n")
    run = checked("devices", f"{heading}{free},{other.service_point},ac,Probe,2000\n")
    operations.apply_file(uid=run.uid, only_good_rows=False, ends_missing=False, by=BY, now=clock.now())
    moved = Device.objects.get(nic_id="9000001")
    assert applied_behind(lambda: replace(moved), run).state == RunState.REFUSED
    assert Device.objects.get(nic_id="9000001R", ended_at=None).location_id == at.pk


def test_who_is_unenrolled_while_a_whole_file_ends_them_is_ended_once(device: Device) -> None:
    rows = SubscribedDevice.objects.exclude(subscription__location=device.location).select_related(
        "device", "subscription__program"
    )
    text = HEADING + "".join(f"{r.subscription.program.code},{r.device.head_end},{r.device.nic_id}\n" for r in rows)
    run = checked("enrollments", text)
    assert run.missing == 1
    operations.apply_file(uid=run.uid, only_good_rows=False, ends_missing=True, by=BY, now=clock.now())

    run = applied_behind(lambda: unenroll(device), run)

    settle()
    assert run.state == RunState.APPLIED
    ended = own.Enrollment.objects.get(location=device.location, program__code="KUEHL")
    assert (ended.state, ended.left_because) == ("Deregistered", "opted out")


def at_derms(nic_id: str) -> set[str]:
    found = known.Enrollment.objects.filter(device__nic_id=nic_id, ends_at=None)
    return set(found.values_list("program__code", flat=True))


def assert_both_know_the_same() -> None:
    open_ones = SubscribedDevice.objects.filter(subscription__ends_at=None, device__ended_at=None)
    assert not open_ones.exclude(answer="Registered").exists()
    ours = set(open_ones.values_list("subscription__program__code", "device__nic_id"))
    theirs = known.Enrollment.objects.filter(ends_at=None).values_list("program__code", "device__nic_id")
    assert ours == set(theirs)
    assert not Subscription.objects.filter(ends_at=None).exclude(subscribed_devices__device__ended_at=None).exists()

"""Participation in events of another system: brought in, shown as such, never counted."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from cpm.models import Participation, PriorParticipation, ProgramEvent
from cpm.models.customers import Customer, Device, Subscription
from cpm.operations import referring_to
from derms.models import Device as DermsDevice
from integration.console.models import User
from integration.seam import clock
from integration.seam.models import Message
from tests.pages.html import html_of

from .bringing import applied, checked, counts
from .samples import SAMPLES

pytestmark = pytest.mark.django_db(transaction=True)

TO_ENROLLED = (
    "zones", "substations", "feeders", "transformers", "head_ends", "program_types", "programs", "customers",
    "device_locations", "devices", "enrollments",
)  # fmt: skip
HEADING = "legacy_id,program,nic_id,reservation_start,reservation_end\n"
JULY = "2026-07-14T14:00Z,2026-07-14T16:00Z"


@pytest.fixture(autouse=True)
def enrolled(with_samples: Callable[..., None]) -> None:
    with_samples(*TO_ENROLLED)


def sample() -> str:
    return (SAMPLES / "participations.csv").read_text()


def customer_of(nic_id: str) -> Customer:
    return Device.objects.get(nic_id=nic_id).location.customer


def reasons(text: str) -> list[tuple[str, str]]:
    cells = checked("participations", text).refused_cells.order_by("line")
    return [(cell.column, cell.reason) for cell in cells]


def test_the_legacy_columns_are_known_and_a_repeated_file_changes_nothing() -> None:
    assert counts(applied("participations", sample())) == (3, 0, 0, 0)
    assert counts(applied("participations", sample())) == (0, 0, 3, 0)

    row = PriorParticipation.objects.get(legacy_id="P-000018")
    assert (row.customer, row.program.code, str(row.device)) == (
        customer_of("0000002"), "KUEHL", "muster-klima/0000002",
    )  # fmt: skip
    assert (row.reserved_from, row.ended_at) == (
        datetime(2026, 7, 14, 14, tzinfo=UTC), datetime(2026, 7, 14, 14, 41, tzinfo=UTC),
    )  # fmt: skip
    assert (row.legacy_subscription, row.outcome, row.status) == ("S-0002", "D1IO", "Closed")
    left = PriorParticipation.objects.get(legacy_id="P-000023")
    assert (left.opted_out_ahead, left.started_at, left.outcome) == (True, None, "")


def test_a_changed_row_is_changed_and_keeps_its_customer() -> None:
    applied("participations", sample())

    run = applied("participations", sample().replace("D1IO;Closed", "D1ER;Closed"))

    assert counts(run) == (0, 1, 2, 0)
    row = PriorParticipation.objects.get(legacy_id="P-000018")
    assert (row.outcome, row.customer) == ("D1ER", customer_of("0000002"))


def test_nothing_of_it_counts_as_an_event_of_gridcall() -> None:
    messages = Message.objects.count()
    applied("participations", sample())

    assert Message.objects.count() == messages, "DERMS hears nothing, so no limit of a device is used"
    assert not Participation.objects.exists()
    assert not ProgramEvent.objects.exists()
    assert DermsDevice.objects.filter(nic_id="0000001").count() == 1


def test_the_customer_s_page_marks_it_as_brought_in(csr: User) -> None:
    as_csr = Client()
    as_csr.force_login(csr)
    url = f"/customers/{customer_of('0000002').number}/"
    assert "Before Gridcall" not in html_of(as_csr.get(url))

    applied("participations", sample())

    page = html_of(as_csr.get(url))
    assert "Before Gridcall" in page
    assert "brought in from another system" in page
    assert "In-flight override" in page
    assert "P-000017" not in page, "another customer's"


def test_a_later_customer_at_the_place_does_not_get_the_earlier_one_s_history() -> None:
    """The device stayed and its customer moved: who was enrolled at that time took part."""
    first = Subscription.objects.get(subscribed_devices__device__nic_id="0000001")
    moved_at = datetime(2026, 9, 1, tzinfo=UTC)
    Subscription.objects.filter(pk=first.pk).update(ends_at=moved_at)
    second = Customer.objects.exclude(pk=first.customer_id).earliest("pk")
    later = Subscription.objects.create(
        customer=second, program=first.program, location=first.location, starts_at=moved_at
    )
    later.subscribed_devices.create(device=Device.objects.get(nic_id="0000001"))

    applied("participations", sample())
    autumn = "2026-09-14T14:00Z,2026-09-14T16:00Z"
    applied("participations", f"{HEADING}P-1,KUEHL,0000001,{autumn}\n")

    assert PriorParticipation.objects.get(legacy_id="P-000017").customer_id == first.customer_id
    assert PriorParticipation.objects.get(legacy_id="P-1").customer == second


def test_the_customer_may_be_named_if_no_enrollment_covers_the_time() -> None:
    early = "2019-07-14T14:00Z,2019-07-14T16:00Z"
    assert [column for column, _ in reasons(f"{HEADING}P-1,KUEHL,0000001,{early}\n")] == ["reserved_from"]

    number = customer_of("0000001").number
    named = f"{HEADING[:-1]},customer\nP-1,KUEHL,0000001,{early},{number}\n"
    assert counts(applied("participations", named)) == (1, 0, 0, 0)
    assert PriorParticipation.objects.get().customer.number == number
    assert counts(checked("participations", f"{HEADING}P-1,KUEHL,0000001,{early}\n")) == (0, 0, 1, 0)


def test_a_device_that_several_head_ends_know_needs_its_head_end() -> None:
    known = Device.objects.get(nic_id="0000001")
    Device.objects.create(
        location=known.location, head_end="beispiel-laden", nic_id="0000001", device_class="battery", model="B",
        rated_w=1, installed_at=known.installed_at,
    )  # fmt: skip
    row = f"P-1,KUEHL,0000001,{JULY}"

    (refused,) = reasons(f"{HEADING}{row}\n")
    assert refused == ("nic_id", "Devices of several head ends have this id. Name the head end in a column of its own.")
    assert counts(applied("participations", f"{HEADING[:-1]},head_end\n{row},muster-klima\n")) == (1, 0, 0, 0)


def test_rows_that_can_not_be_are_refused_by_name() -> None:
    ahead = (
        f"{clock.now() - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ},{clock.now() + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    )
    rows = (
        f"P-1,KUEHL,9999999,{JULY}",
        f"P-2,KUEHLEN,0000001,{JULY}",
        f"P-3,KUEHL,0000001,{ahead}",
        "P-4,KUEHL,0000001,2026-07-14T16:00Z,2026-07-14T14:00Z",
        f"P-5,KUEHL,0000001,{JULY}",
        f"P-5,KUEHL,0000001,{JULY}",
        f"1E+10,KUEHL,0000001,{JULY}",
    )

    found = dict(enumerate(reasons(HEADING + "\n".join(rows) + "\n")))

    assert found[0][0] == "nic_id"
    assert found[1][1].startswith("There is no program “KUEHLEN”. Near it: KUEHL")
    assert found[2] == ("reserved_until", "It is not over: only the past is brought in. Plan coming events here.")
    assert found[3] == ("reserved_until", "The reservation ends before it starts.")
    assert found[4] == ("legacy_id", "Line 6 has the same legacy_id.")
    assert found[5][1].startswith("A spreadsheet shortened this id")
    assert not PriorParticipation.objects.exists()


def test_a_device_with_such_a_past_is_not_deleted() -> None:
    applied("participations", sample())
    assert "participations of another system" in referring_to(Device.objects.get(nic_id="0000001"))

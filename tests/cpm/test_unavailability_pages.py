"""Customer Unavailability along the customer page's click path: what it shows before Save, and what DERMS did."""

import uuid
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from cpm.models import Participation, Removal
from cpm.models.customers import Customer, Device, Subscription
from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program
from cpm.models.unavailability import Unavailability
from cpm.operations import schedule_unavailability
from derms.models import DeviceUnavailability, Event
from derms.models import Removal as DermsRemoval
from integration.seam.models import Message
from integration.seam.settling import settle
from tests.pages.editing import save
from tests.pages.html import html_of

pytestmark = pytest.mark.usefixtures("without_emails")

EASTERN = ZoneInfo("America/New_York")
HOUR = timedelta(hours=1)
SUMMARY = "/customers/NC1/"


def wall(moment: datetime) -> str:
    return f"{moment.astimezone(EASTERN):%Y-%m-%dT%H:%M}"


def location_url(number: str = "NC1") -> str:
    subscription = Subscription.objects.get(customer__number=number)
    return f"/customers/{number}/subscriptions/{subscription.pk}/location/"


def typed(device: Device, starts_at: datetime, ends_at: datetime, **more: str) -> dict[str, Any]:
    given = {
        "devices": [str(device.pk)],
        "starts_at": wall(starts_at),
        "ends_at": wall(ends_at),
        "reason": "On holiday",
    }
    return given | more


@pytest.fixture
def over_it(reserved: ProgramEvent, device: Device) -> dict[str, Any]:
    """A period typed to overlap the reservation."""
    return typed(device, reserved.starts_at - HOUR, reserved.ends_at + HOUR)


@pytest.fixture
def scheduled(allowed: Program, device: Device, now: datetime) -> Unavailability:
    """A period tomorrow."""
    starts = now + timedelta(days=1)
    (period,) = schedule_unavailability(
        device_ids=[device.pk], starts_at=starts, ends_at=starts + 2 * HOUR, reason="Guests", by="cora", now=now
    )
    return period


def test_the_click_path_leads_from_the_summary_to_the_device_location(
    allowed: Program, customer: Customer, as_csr: Client
) -> None:
    assert as_csr.get("/customers/?q=NC1")["Location"] == SUMMARY
    page = as_csr.get(SUMMARY).content.decode()
    assert "Schedule Unavailability" in page
    assert f'href="{location_url()}"' in page
    page = as_csr.get(location_url()).content.decode()
    for words in ("Device Location", "Program Subscription", "N0000001", "America/New_York"):
        assert words in page


def test_without_the_flag_there_is_no_button_and_saving_is_refused(
    customer: Customer, device: Device, as_csr: Client, now: datetime
) -> None:
    assert "Schedule Unavailability" not in as_csr.get(SUMMARY).content.decode()
    for answer in (
        as_csr.get(location_url()),
        as_csr.post(location_url(), typed(device, now + HOUR, now + 2 * HOUR)),
    ):
        assert answer.status_code == 409
        assert "does not allow customer unavailability" in answer.content.decode()
    assert not Unavailability.objects.exists()


def test_a_period_without_reservations_is_saved_at_once_and_reaches_derms(
    allowed: Program, device: Device, as_csr: Client, now: datetime
) -> None:
    answer = as_csr.post(location_url(), typed(device, now + HOUR, now + 2 * HOUR))
    assert answer["Location"] == location_url()
    period = Unavailability.objects.get()
    assert (period.reason, period.saved_by, period.state) == ("On holiday", "cora", "Active")
    settle()
    known = DeviceUnavailability.objects.get()
    assert (known.starts_at, known.ends_at) == (period.starts_at, period.ends_at)


def test_what_would_be_released_is_shown_while_typing(
    over_it: dict[str, Any], reserved: ProgramEvent, as_csr: Client
) -> None:
    part = as_csr.get("/customers/NC1/unavailability/releases/", over_it).content.decode()
    assert "Saving releases 1 reservation" in part
    assert str(reserved) in part
    assert "not reserved again" in part


@pytest.mark.parametrize("query", [{}, {"devices": "x"}, {"starts_at": "nonsense"}, {"ends_at": ""}])
def test_while_half_is_typed_nothing_would_be_released(
    over_it: dict[str, Any], as_csr: Client, query: dict[str, str]
) -> None:
    answer = as_csr.get("/customers/NC1/unavailability/releases/", over_it | query if query else {})
    assert answer.status_code == 200
    for words in ("There are no reservations in this period", "Saving releases"):
        assert words not in answer.content.decode()


def test_another_customers_devices_show_nothing(over_it: dict[str, Any], as_csr: Client) -> None:
    part = as_csr.get("/customers/NC2/unavailability/releases/", over_it).content.decode()
    assert "Saving releases" not in part


def test_a_period_without_reservations_says_so_while_typing(
    allowed: Program, device: Device, as_csr: Client, now: datetime
) -> None:
    given = typed(device, now + HOUR, now + 2 * HOUR)
    part = as_csr.get("/customers/NC1/unavailability/releases/", given).content.decode()
    assert "There are no reservations in this period" in part


def test_without_javascript_the_first_save_shows_what_it_releases_and_the_second_saves(
    over_it: dict[str, Any], as_csr: Client
) -> None:
    shown = as_csr.post(location_url(), over_it)
    assert shown.status_code == 422
    assert "Nothing is saved yet" in shown.content.decode()
    assert not Unavailability.objects.exists()
    saved = as_csr.post(location_url(), over_it | {"seen": shown.context["seen"]})
    assert saved.status_code == 302
    assert Unavailability.objects.count() == 1


def test_after_save_the_page_shows_what_derms_released(
    over_it: dict[str, Any], reserved: ProgramEvent, device: Device, as_csr: Client
) -> None:
    over_it["seen"] = f"{reserved.pk}-{device.pk}"
    as_csr.post(location_url(), over_it)
    assert "DERMS has not answered yet" in as_csr.get(location_url()).content.decode()
    settle()
    part = html_of(as_csr.get(location_url(), headers={"HX-Request": "true"}))
    assert part.startswith('<section class="card" id="releases"')
    assert "released; it is not called" in part
    assert (DermsRemoval.objects.get().answer, Removal.objects.get().answer) == ("removed", "removed")
    facts = Participation.objects.get(program_event_id=reserved.pk, device_id=device.pk)
    assert (facts.reservation_flag, facts.preemptive_opt_out) == (False, False)
    assert ProgramEvent.objects.get().reserved == 19


def test_a_reservation_that_came_meanwhile_is_shown_before_anything_is_saved(
    over_it: dict[str, Any], as_csr: Client
) -> None:
    assert as_csr.post(location_url(), over_it | {"seen": ""}).status_code == 422
    assert as_csr.post(location_url(), over_it | {"seen": "1-1"}).status_code == 422
    assert not Unavailability.objects.exists()


def test_a_device_that_is_unavailable_is_not_chosen(
    transactional_db: None,
    allowed: Program,
    device: Device,
    as_csr: Client,
    event_in: Callable[..., Event],
    now: datetime,
) -> None:
    as_csr.post(location_url(), typed(device, now + HOUR, now + 9 * HOUR))
    settle()
    event_in("Scheduled")
    settle()
    assert not Participation.objects.filter(device_id=device.pk).exists()
    assert Participation.objects.count() == 19


@pytest.mark.parametrize(
    ("starts", "ends", "sentence"),
    [
        (-3 * HOUR, HOUR, "has passed. A period starts now"),
        (2 * HOUR, HOUR, "is not after"),
        (HOUR, timedelta(days=400), "More than a year"),
    ],
)
def test_a_period_that_makes_no_sense_comes_back_with_a_sentence(
    allowed: Program, device: Device, as_csr: Client, now: datetime, starts: timedelta, ends: timedelta, sentence: str
) -> None:
    answer = as_csr.post(location_url(), typed(device, now + starts, now + ends))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Unavailability.objects.exists()


def test_the_minute_that_runs_means_now(allowed: Program, device: Device, as_csr: Client, now: datetime) -> None:
    assert as_csr.post(location_url(), typed(device, now, now + HOUR)).status_code == 302
    assert Unavailability.objects.get().starts_at >= now


def test_a_device_must_be_chosen_and_be_one_of_this_place(
    allowed: Program, device: Device, as_csr: Client, now: datetime
) -> None:
    other = Device.objects.exclude(pk=device.pk).first()
    assert other
    for devices in ([], [str(other.pk)]):
        given = typed(device, now + HOUR, now + 2 * HOUR) | {"devices": devices}
        assert as_csr.post(location_url(), given).status_code == 422
    assert not Unavailability.objects.exists()


def test_a_time_the_clocks_skip_is_refused_and_one_they_repeat_offers_both(
    allowed: Program, device: Device, as_csr: Client
) -> None:
    skipped = {"devices": [str(device.pk)], "starts_at": "2027-03-14T02:30", "ends_at": "2027-03-14T09:00"}
    assert "does not exist" in as_csr.post(location_url(), skipped | {"reason": "x"}).content.decode()
    twice = {"devices": [str(device.pk)], "starts_at": "2027-11-07T01:30", "ends_at": "2027-11-07T09:00", "reason": "x"}
    page = as_csr.post(location_url(), twice).content.decode()
    assert "occurs twice" in page
    assert "starts_at_offset" in page
    assert as_csr.post(location_url(), twice | {"starts_at_offset": "-05:00"}).status_code == 302
    assert Unavailability.objects.get().starts_at.isoformat() == "2027-11-07T06:30:00+00:00"


def test_periods_of_one_device_do_not_overlap(scheduled: Unavailability, device: Device, as_csr: Client) -> None:
    answer = as_csr.post(location_url(), typed(device, scheduled.starts_at + HOUR, scheduled.ends_at + HOUR))
    assert answer.status_code == 422
    assert "Edit the other period instead" in answer.content.decode()
    assert Unavailability.objects.count() == 1


def test_a_period_is_edited_and_derms_follows(scheduled: Unavailability, as_csr: Client) -> None:
    url = f"/customers/NC1/unavailability/{scheduled.uid}/edit/"
    assert "not reserved again" in as_csr.get(url).content.decode()
    form = as_csr.get(url).context["form"]
    given = {
        "starts_at": f"{form['starts_at'].value():%Y-%m-%dT%H:%M}",
        "ends_at": wall(scheduled.ends_at + HOUR),
        "reason": "More guests",
    }
    assert save(as_csr, url, given)["Location"] == location_url()
    period = Unavailability.objects.get()
    assert (period.starts_at, period.reason, period.version) == (scheduled.starts_at, "More guests", 2)
    settle()
    assert DeviceUnavailability.objects.get().ends_at == period.ends_at
    page = as_csr.get(url).content.decode()
    assert "Reason: Guests → More guests" in page


def test_a_longer_period_shows_what_it_releases_first(
    reserved: ProgramEvent, device: Device, as_csr: Client, now: datetime
) -> None:
    (period,) = schedule_unavailability(
        device_ids=[device.pk], starts_at=now + HOUR / 2, ends_at=now + HOUR, reason="x", by="cora", now=now
    )
    url = f"/customers/NC1/unavailability/{period.uid}/edit/"
    given = {"starts_at": wall(period.starts_at), "ends_at": wall(reserved.ends_at), "reason": "x"}
    shown = save(as_csr, url, given)
    assert shown.status_code == 422
    assert "Saving releases 1 reservation" in shown.content.decode()
    assert save(as_csr, url, given | {"seen": shown.context["seen"]}).status_code == 302


def test_canceling_says_that_nothing_is_reserved_again_and_does_not(
    over_it: dict[str, Any], reserved: ProgramEvent, device: Device, as_csr: Client
) -> None:
    as_csr.post(location_url(), over_it | {"seen": f"{reserved.pk}-{device.pk}"})
    settle()
    period = Unavailability.objects.get()
    url = f"/customers/NC1/unavailability/{period.uid}/cancel/"
    assert "not reserved again" in as_csr.get(url).content.decode()
    assert save(as_csr, url, {}).status_code == 302
    settle()
    assert DeviceUnavailability.objects.get().canceled
    assert not Participation.objects.get(program_event_id=reserved.pk, device_id=device.pk).reservation_flag
    assert as_csr.post(url).status_code == 409


def test_saved_twice_it_is_one_period(allowed: Program, device: Device, as_csr: Client, now: datetime) -> None:
    given = typed(device, now + HOUR, now + 2 * HOUR, request_key=str(uuid.uuid4()))
    for _ in range(2):
        assert as_csr.post(location_url(), given).status_code == 302
    assert Unavailability.objects.count() == 1
    assert Message.objects.filter(kind="customer_unavailability").count() == 1


def test_a_period_belongs_to_its_customer(scheduled: Unavailability, as_csr: Client) -> None:
    for verb in ("edit", "cancel"):
        assert as_csr.get(f"/customers/NC2/unavailability/{scheduled.uid}/{verb}/").status_code == 404


def test_only_csrs_schedule_unavailability(
    scheduled: Unavailability, as_manager: Client, as_outsider: Client, client: Client
) -> None:
    urls = (location_url(), f"/customers/NC1/unavailability/{scheduled.uid}/cancel/")
    for url in urls:
        assert as_manager.post(url).status_code == 403
        assert as_outsider.post(url).status_code == 403
        assert client.post(url)["Location"].startswith("/account/login/")
    assert Unavailability.objects.get().state == "Active"


def test_the_month_strip_counts_unavailable_devices_and_reservations_per_local_day(
    make_program_event: Callable[..., ProgramEvent], allowed: Program, as_csr: Client, now: datetime
) -> None:
    noon = datetime.combine((now + timedelta(days=2)).astimezone(EASTERN).date(), time(12), EASTERN)
    make_program_event(starts_in=noon - now, reserved=(0,))
    make_program_event("DR-2026-0002", starts_in=noon - now, reserved=(1,))
    device = Device.objects.earliest("pk")
    starts = datetime.combine((now + timedelta(days=4)).astimezone(EASTERN).date(), datetime.min.time(), EASTERN)
    schedule_unavailability(
        device_ids=[device.pk], starts_at=starts, ends_at=starts + timedelta(days=2), reason="Away", by="cora", now=now
    )
    answer = as_csr.get(location_url())
    first = now.astimezone(EASTERN).date()
    used = {(day.date - first).days: (day.unavailable, day.reserved) for day in answer.context["month"] if any(day[1:])}
    assert (len(answer.context["month"]), used) == (31, {2: (0, 1), 4: (1, 0), 5: (1, 0)})
    assert "Of the coming 31 days 3 have an unavailability or a reservation." in answer.content.decode()

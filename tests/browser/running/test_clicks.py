"""How many clicks everyday flows take after sign-in; typing is not counted."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator
from playwright.sync_api import TimeoutError as NotThere

from cpm.models import Participation
from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent
from cpm.models.unavailability import Unavailability
from derms.models import Event
from integration.seam import clock
from tests.browser.conftest import Person
from tests.processes import eventually

from .conftest import Reserve
from .test_customer_use_cases import find


def test_the_flows_of_the_day_take_few_clicks(sign_in: Callable[..., Person], reserve: Reserve) -> None:
    program_event, (device, other) = reserve(2)
    csr = sign_in("cora.csr")
    _opt_out(csr, program_event, device)
    assert csr.clicks == 3
    _set_unavailable(csr, program_event, other)
    assert csr.clicks <= 3

    operator = sign_in("olive.operator")
    _see_that_cpm_has_all_rows(operator, program_event.event_number)
    _cancel_by_the_menu(operator, program_event.event_number)
    assert operator.clicks == 5

    number = _create_and_submit(operator)
    assert operator.clicks == 3
    approver = sign_in("ada.approver")
    _approve(approver, number)
    assert approver.clicks == 3
    _cancel_by_palette(operator, number)
    assert operator.clicks <= 3


def _start(person: Person) -> None:
    person.open("/")
    person.clicks = 0


def _create_and_submit(operator: Person) -> str:
    _start(operator)
    operator.click(operator.page.locator(".page-actions").get_by_role("link", name="New Event"))
    operator.click(operator.page.get_by_role("radio", name="Alder quick test"))
    operator.click(operator.page.get_by_role("button", name="Save and submit"))
    operator.reads("was submitted")
    event = Event.objects.latest("pk")
    assert (event.state, event.name, event.stages.count()) == ("Submitted", "Alder quick test", 2)
    return event.number


def _approve(approver: Person, number: str) -> None:
    _start(approver)
    approver.click(approver.page.locator("main").get_by_role("link", name=number, exact=True).first)
    approver.click(approver.page.locator("#state-tracking").get_by_role("link", name="Approve"))
    approver.click(approver.page.locator("main").get_by_role("button", name="Approve"))
    approver.reads("was approved")


def _see_that_cpm_has_all_rows(operator: Person, number: str) -> None:
    """Checking takes no click: the event's page shows what CPM has confirmed."""
    operator.open(f"/events/{number}/")
    reserved = sum(stage.reserved for stage in Event.objects.get(number=number).stages.all())
    row = operator.page.locator("#progress .funnel", has_text="CPM: devices reserved")
    row.get_by_text(re.compile(rf"{reserved:,}\s*/\s*{reserved:,}")).wait_for()


def _cancel_by_palette(operator: Person, number: str) -> None:
    _start(operator)
    # A page takes keys once its scripts have run.
    assert eventually(lambda: _opens_palette(operator))
    link = operator.page.locator("#palette-found").get_by_role("link", name=f"Cancel {number}")
    assert eventually(lambda: _finds(operator, f"cancel {number}", link), seconds=60)
    operator.click(link)
    _confirm_cancel(operator)


def _finds(operator: Person, words: str, link: Locator) -> bool:
    """Whether the palette shows the link for these words; a slow machine may lose the first of them."""
    operator.page.locator("#palette input").fill("")
    operator.page.locator("#palette input").press_sequentially(words)
    with suppress(NotThere):
        link.wait_for(timeout=10_000)
        return True
    return False


def _opens_palette(operator: Person) -> bool:
    operator.page.keyboard.press("Control+k")
    return operator.page.locator("#palette").is_visible()


def _cancel_by_the_menu(operator: Person, number: str) -> None:
    _start(operator)
    operator.click(operator.page.get_by_role("navigation", name="Tools Selection").get_by_role("link", name="DERMS Ev"))
    operator.click(operator.page.get_by_label(f"Select {number}"))
    operator.click(operator.page.locator("[data-pick-actions] summary"))
    operator.click(operator.page.get_by_role("button", name="Cancel…"))
    _confirm_cancel(operator)
    assert Event.objects.get(number=number).state == "Canceled"


def _confirm_cancel(operator: Person) -> None:
    operator.page.get_by_label("Reason").fill("Cooler than forecast")
    operator.click(operator.page.locator("main form .btn-danger"))
    notice = operator.page.locator(".messages .alert", has_text="anceled").first
    notice.get_by_role("button", name="Close").click()
    notice.wait_for(state="detached")


def _opt_out(csr: Person, program_event: ProgramEvent, device: Device) -> None:
    _start(csr)
    find(csr, device.nic_id)
    csr.click(csr.page.locator(f"#reservations a[href*='{_stage(program_event)}']").first)
    csr.choose(csr.page.get_by_label("Preemptive Opt-Out"), "Yes")
    csr.click(csr.page.get_by_role("button", name="Save"))
    csr.reads("Requested", within="#opt-out")
    assert Participation.objects.get(program_event_id=program_event.pk, device_id=device.pk).preemptive_opt_out


def _set_unavailable(csr: Person, program_event: ProgramEvent, device: Device) -> None:
    _start(csr)
    find(csr, device.nic_id)
    csr.click(csr.page.get_by_role("link", name=f"Schedule Unavailability {program_event.program}"))
    page, zone = csr.page, ZoneInfo(device.location.time_zone)
    box = page.get_by_label(re.compile(device.nic_id))
    if not box.is_checked():
        csr.click(box)
    page.get_by_label("From").fill(program_event.starts_at.astimezone(zone).strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("Until").fill((clock.now().astimezone(zone) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("Reason").fill("Away")
    csr.reads(program_event.event_number, within="#would-release")
    csr.click(page.get_by_role("button", name="Save"))
    csr.reads("is saved")
    assert Unavailability.objects.get(device=device).reason == "Away"


def _stage(program_event: ProgramEvent) -> str:
    return f"/{program_event.event_number}/{program_event.stage_number}/"

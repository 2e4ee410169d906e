"""Use cases "Event Cancellation", "Customer Unavailability" and "Customer Opt Out", following the pages' texts."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator

from cpm.models import Participation
from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program, ProgramType
from integration.seam import clock
from tests.browser.conftest import SHOTS, Person

from .conftest import Reserve


def test_customer_opt_out_from_a_program_event(sign_in: Callable[..., Person], reserve: Reserve) -> None:
    program_event, (device,) = reserve(1)
    csr = sign_in("cora.csr")
    csr.choose_tool("Customer Program Summary")
    find(csr, device.nic_id)
    csr.reads("Current Enrollment")
    csr.shoot("customer")
    csr.page.get_by_role("link", name=re.compile("^Opt Out")).first.click()
    csr.shoot("opt-out")
    csr.page.get_by_role("link", name=re.compile(f"^{device.nic_id} in {program_event}")).click()
    csr.page.get_by_label("Preemptive Opt-Out").select_option(label="Yes")
    csr.press("Save")
    csr.reads("Requested", within="#opt-out")
    csr.reads("Confirmed by DERMS and LEC", seconds=20, within="#opt-out .now")
    csr.shoot("participation-opted-out")
    found = Participation.objects.get(program_event_id=program_event.pk, device_id=device.pk)
    assert (found.preemptive_opt_out, found.reservation_flag) == (True, False)


@pytest.mark.full
def test_customer_unavailability_releases_what_is_reserved(sign_in: Callable[..., Person], reserve: Reserve) -> None:
    program_event, (device,) = reserve(1)
    csr = sign_in("cora.csr")
    csr.choose_tool("Customer Program Summary")
    find(csr, device.nic_id)
    csr.page.get_by_role("link", name=re.compile("^Schedule Unavailability")).first.click()
    page = csr.page
    page.get_by_label(re.compile(device.nic_id)).check()
    zone = ZoneInfo(device.location.time_zone)
    page.get_by_label("Until").fill((clock.now().astimezone(zone) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("Reason").fill("Away")
    page.get_by_label("From").fill((program_event.starts_at.astimezone(zone)).strftime("%Y-%m-%dT%H:%M"))
    csr.reads(program_event.event_number, within="#would-release")
    csr.shoot("unavailability")
    csr.press("Save")
    csr.reads("released; it is not called", seconds=20, within="#releases")
    csr.shoot("unavailability-released")
    assert not Participation.objects.get(program_event_id=program_event.pk, device_id=device.pk).reservation_flag


@pytest.fixture
def flags_come_back(demo: str) -> Iterator[None]:
    """What customers may do is for the next test as it was for this one."""
    programs, types = list(Program.objects.all()), list(ProgramType.objects.all())
    yield
    Program.objects.bulk_update(programs, ["allow_customer_unavailability"])
    ProgramType.objects.bulk_update(types, ["allow_to_opt_out"])


@pytest.mark.full
@pytest.mark.usefixtures("flags_come_back")
def test_flags_decide_whether_a_customer_may_opt_out_or_be_unavailable(
    sign_in: Callable[..., Person], reserve: Reserve
) -> None:
    program_event, (device,) = reserve(1)
    manager = sign_in("pia.manager")
    program = program_event.program
    for path, label in (
        (f"/programs/{program.code}/", "Allow Customer Unavailability"),
        (f"/program-types/{program.type.code}/", "Allow To Opt Out"),
    ):
        manager.open(path)
        manager.page.get_by_label(label, exact=True).uncheck()
        manager.press("Save")
    program = Program.objects.select_related("type").get(pk=program.pk)
    assert (program.allow_customer_unavailability, program.type.allow_to_opt_out) == (False, False)
    csr = sign_in("cora.csr")
    csr.choose_tool("Customer Program Summary")
    find(csr, device.nic_id)
    csr.reads(program.name)
    for words in ("Opt Out", "Schedule Unavailability"):
        assert csr.page.get_by_role("link", name=f"{words} {program.name}").count() == 0


@pytest.mark.full
def test_a_customer_opts_out_by_a_link_of_their_own_until_it_is_revoked(
    sign_in: Callable[..., Person], reserve: Reserve, browser: Browser, demo: str
) -> None:
    program_event, (device,) = reserve(1)
    csr = sign_in("cora.csr")
    csr.choose_tool("Customer Program Summary")
    find(csr, device.nic_id)
    csr.press("New link")
    address = csr.page.get_by_label("Send this link to the customer").input_value()
    path = "/my-devices/" + address.split("/my-devices/")[1]
    phone = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True).new_page()
    phone.goto(demo + path)
    phone.screenshot(path=SHOTS / "self-service.png", full_page=True)
    phone.get_by_role("link", name=f"{device.nic_id} {program_event}").click()
    phone.get_by_role("button", name="Opt out").click()
    phone.get_by_text("Opted out: the device is not called.").first.wait_for(timeout=20_000)
    found = Participation.objects.get(program_event_id=program_event.pk, device_id=device.pk)
    assert (found.preemptive_opt_out, found.reservation_flag) == (True, False)
    csr.press("Back to the customer")
    csr.page.get_by_role("link", name="Revoke").first.click()
    csr.press("Revoke the link")
    csr.reads("revoked by")
    answer = phone.goto(demo + path)
    assert answer is not None
    assert answer.status == 410
    phone.context.close()


def test_event_cancellation(sign_in: Callable[..., Person], reserve: Reserve) -> None:
    program_event, _ = reserve(1)
    operator = sign_in("olive.operator")
    operator.choose_tool("DERMS Events")
    operator.page.get_by_label("Number or name").fill(program_event.event_number)
    operator.press("Filter")
    operator.page.get_by_label(f"Select {program_event.event_number}").check()
    operator.page.locator("[data-pick-actions] summary").click()
    operator.shoot("events-actions", within="details[open]")
    operator.press("Edit")
    cancel = operator.page.locator("#state-tracking").get_by_role("link", name="Cancel…")
    gives_the_focus_back(operator, cancel)
    gives_the_focus_back(operator, operator.page.get_by_role("link", name="Find"))
    operator.page.keyboard.press("?")
    operator.page.keyboard.press("Escape")
    assert is_focused(operator.page.get_by_role("link", name="Find"))
    cancel.click()
    operator.page.get_by_label("Reason").fill("Cooler than forecast")
    operator.shoot("event-cancel")
    operator.press("Cancel event")
    operator.reads("Canceled", within="#state-tracking .bad")
    manager = sign_in("pia.manager")
    manager.open(f"/program-events/{program_event.event_number}/{program_event.stage_number}/")
    manager.reads("Cooler than forecast", seconds=20)
    manager.shoot("program-event-canceled")
    at_cpm = ProgramEvent.objects.filter(event_number=program_event.event_number)
    assert [one.state for one in at_cpm] == ["Canceled", "Canceled"]


def gives_the_focus_back(person: Person, opener: Locator) -> None:
    """A dialog that is opened and then closed with Escape returns the focus."""
    opener.click()
    person.page.locator("dialog[open]").wait_for()
    person.page.keyboard.press("Escape")
    assert person.page.locator("dialog[open]").count() == 0
    assert is_focused(opener)


def is_focused(element: Locator) -> bool:
    return bool(element.evaluate("element => element === document.activeElement"))


def find(csr: Person, words: str) -> None:
    """Search for a customer; the only match opens by itself."""
    csr.page.locator("main").get_by_role("textbox").first.fill(words)
    csr.page.keyboard.press("Enter")
    csr.reads("Current Enrollment")

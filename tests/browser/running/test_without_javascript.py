"""Every flow works with links and forms only, in a browser without JavaScript."""

import re
from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from cpm.models import Participation
from cpm.models.unavailability import Unavailability
from derms.models import Event
from integration.seam import clock
from tests.browser.conftest import Person

from .conftest import STRATEGY, Reserve
from .test_customer_use_cases import find
from .test_use_cases import local


@pytest.fixture
def plain(sign_in: Callable[..., Person]) -> Callable[[str], Person]:
    """Sign people in whose browsers run no JavaScript."""
    return lambda username: sign_in(username, java_script_enabled=False)


def test_plan_approve_and_cancel_an_event(plain: Callable[[str], Person]) -> None:
    operator = plain("olive.operator")
    operator.choose_tool("DERMS Events")
    operator.press("New Event")
    operator.page.get_by_role("radio", name=STRATEGY).check()
    operator.page.get_by_label("Name").fill("By forms alone")
    operator.page.get_by_label("Start").fill(local(clock.now() + timedelta(days=1)))
    operator.press("Show this strategy's stages")
    operator.press("Add Stage")
    operator.press("Remove stage 3")
    operator.press("Check now")
    operator.reads("devices eligible", within="#check")
    operator.press("Save")
    operator.page.locator("#state-tracking").get_by_role("link", name="Submit").click()
    operator.press("Submit")
    operator.reads("Submitted", within="#state-tracking .now")
    number = operator.page.url.rstrip("/").rsplit("/", 1)[-1]

    approver = plain("ada.approver")
    approver.open(f"/events/{number}/")
    approver.page.locator("#state-tracking").get_by_role("link", name="Approve").click()
    approver.press("Approve")
    approver.reads("was approved")

    operator.open("/events/")
    operator.page.get_by_label("Number or name").fill(number)
    operator.press("Filter")
    operator.page.get_by_label(f"Select {number}").check()
    operator.page.locator("[data-pick-actions] summary").click()
    operator.press("Cancel…")
    operator.page.get_by_label("Reason").fill("Cooler than forecast")
    operator.page.locator("main form .btn-danger").click()
    operator.open(f"/events/{number}/")
    operator.reads("Canceled", within="#state-tracking .bad")
    assert Event.objects.get(number=number).state == "Canceled"


def test_opt_a_device_out_and_set_it_unavailable(plain: Callable[[str], Person], reserve: Reserve) -> None:
    program_event, (device, other) = reserve(2)
    csr = plain("cora.csr")
    csr.choose_tool("Customer Program Summary")
    find(csr, device.nic_id)
    csr.page.get_by_role("link", name=f"Opt Out {program_event.program}").click()
    csr.page.get_by_role("link", name=re.compile(f"^{device.nic_id} in {program_event}")).click()
    csr.page.get_by_label("Preemptive Opt-Out").select_option(label="Yes")
    csr.press("Save")
    csr.reads("Requested", within="#opt-out")
    assert Participation.objects.get(program_event_id=program_event.pk, device_id=device.pk).preemptive_opt_out

    csr.choose_tool("Customer Program Summary")
    find(csr, other.nic_id)
    csr.page.get_by_role("link", name=f"Schedule Unavailability {program_event.program}").click()
    page, zone = csr.page, ZoneInfo(other.location.time_zone)
    page.get_by_label(re.compile(other.nic_id)).check()
    page.get_by_label("From").fill(program_event.starts_at.astimezone(zone).strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("Until").fill((clock.now().astimezone(zone) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("Reason").fill("Away")
    csr.press("Save")
    csr.reads(program_event.event_number, within="#would-release")
    csr.problems.clear()  # the console reports the 422 answer; it is the form that first shows what Save releases
    csr.press("Save")
    csr.reads("Away")
    assert Unavailability.objects.get(device=other).reason == "Away"

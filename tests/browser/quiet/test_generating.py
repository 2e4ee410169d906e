"""Generate Stages in the browser: three plans, changed, generated again, submitted and approved by another person."""

from collections.abc import Callable
from datetime import timedelta

from integration.seam import clock
from tests.browser.conftest import Person
from tests.browser.running.test_use_cases import local

STRATEGY = "Cedar emergency reserve"


def test_stages_are_generated_changed_generated_again_and_approved(sign_in: Callable[..., Person]) -> None:
    operator = sign_in("olive.operator")
    page = operator.page
    operator.open("/events/new/")
    page.get_by_role("radio", name=STRATEGY).check()
    page.get_by_label("Name").fill("Generated reserve")
    page.get_by_label("Start").fill(local(clock.now() + timedelta(hours=3)))
    page.locator(".generate > summary").click()
    page.get_by_label("Window (h)").fill("2")
    page.locator("#grid-generate").click()
    operator.reads("In the grid below", within=".variants")
    assert page.locator(".variant").count() == 3
    assert page.locator(".grid-row").count() == page.locator(".grid-row", has_text="generated").count() > 0
    operator.shoot("event-generated")

    page.locator("#grid-use-fewest").click()
    operator.reads("In the grid below", within=".variant:nth-child(2)")
    page.get_by_role("listitem", name="Stage 1").get_by_label("Target (kW)").fill("77")
    page.locator("#grid-generate").click()
    operator.reads("In the grid below", within=".variant:nth-child(1)")
    assert page.get_by_role("listitem", name="Stage 1").get_by_label("Target (kW)").input_value() != "77"

    page.get_by_role("button", name="Save and submit").click()
    operator.reads("Submitted", within="#state-tracking .now", seconds=30)
    number = page.url.rstrip("/").rsplit("/", 1)[-1]
    approver = sign_in("ada.approver")
    approver.open(f"/events/{number}/")
    approver.page.locator("#state-tracking").get_by_role("link", name="Approve").click()
    approver.press("Approve")
    approver.reads("was approved")

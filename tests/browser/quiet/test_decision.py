"""Deciding on an event with a phone: Approve and Deny are at hand without scrolling."""

from collections.abc import Callable

from playwright.sync_api import Locator

from derms.models import Event
from integration.console.models import User
from tests.browser.conftest import Person

PHONE = {"width": 390, "height": 844}


def is_in_view(what: Locator) -> bool:
    """Whether all of it is in the window, and nothing lies over its middle."""
    script = """element => {
        const box = element.getBoundingClientRect();
        const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth
            && (element === top || element.contains(top));
    }"""
    return bool(what.evaluate(script))


def test_approve_and_deny_are_in_view_on_a_phone_wherever_the_page_is_scrolled(sign_in: Callable[..., Person]) -> None:
    event = Event.objects.filter(state="Submitted").latest("pk")
    ada = sign_in("ada.approver", viewport=PHONE)
    ada.open(f"/events/{event.number}/")
    card = ada.page.locator("#decision")
    approve, deny = card.get_by_role("link", name="Approve"), card.get_by_role("link", name="Deny…")
    for y in (0, 400, 100_000):
        ada.page.evaluate(f"scrollTo(0, {y})")
        assert is_in_view(approve), y
        assert is_in_view(deny), y
    ada.shoot("decision-phone")
    ada.page.set_viewport_size({"width": 1440, "height": 900})
    ada.page.evaluate("scrollTo(0, 0)")
    assert is_in_view(approve)
    assert is_in_view(deny)
    ada.shoot("decision-wide")

    ada.page.set_viewport_size(PHONE)
    approve.click()
    ada.page.locator("main").get_by_role("button", name="Approve").click()
    ada.reads("was approved")
    assert card.count() == 0


def test_the_table_of_stages_is_whole_in_german(sign_in: Callable[..., Person]) -> None:
    User.objects.update(language="de")
    olive = sign_in("olive.operator")
    olive.page.set_viewport_size({"width": 1440, "height": 900})
    events = Event.objects.order_by("pk")
    different = {(event.state, event.stages.count()): event.number for event in events}.values()
    assert len(different) > 2
    for number in different:
        olive.open(f"/events/{number}/")
        table = olive.page.locator("#stages .table-responsive")
        hidden = table.evaluate_all("tables => tables.map((table) => table.scrollWidth - table.clientWidth)")
        assert max(hidden, default=0) <= 0, number
    olive.shoot("stages-german")

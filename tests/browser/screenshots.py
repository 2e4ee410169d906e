"""Takes the documentation's screenshots (`make screenshots`): the demo utility, as seen by the people who use it.

The file's name keeps it out of the tests. The same seed produces the same utility; times depend on the day.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from derms.models import Event
from integration.commands.journey import wait_until
from tests.pages.examples import example_of

from .conftest import Person

pytestmark = pytest.mark.django_db(transaction=True)

FOLDER = Path(os.environ["SCREENSHOT_DIR"])
DESKTOP, PHONE = 1440, 390
TALLEST = 1000  # what is below is more of the same
WHOLE_EVENT = 1500
QUICK_LOOK = "Quick look: two short stages"
EVENT = "events/<id:number>/"
PROGRAM_EVENT = "program-events/<id:event_number>/<int:stage_number>/"
CUSTOMER = "customers/<id:number>/"


class Picture(NamedTuple):
    """A page as one person sees it; `address` is from the permission table, with objects of the demo filled in."""

    name: str
    who: str
    address: str
    theme: str = "light"
    width: int = DESKTOP


PICTURES = [
    Picture("overview", "olive.operator", ""),
    Picture("overview-phone", "olive.operator", "", "dark", PHONE),
    Picture("overview-approver-dark", "ada.approver", "", "dark"),
    Picture("events", "olive.operator", "events/?view=all"),
    Picture("events-phone", "olive.operator", "events/?view=all", width=PHONE),
    Picture("event-new", "olive.operator", "events/new/"),
    Picture("event-completed", "pia.manager", EVENT),
    Picture("event-report", "olive.operator", EVENT + "report/"),
    Picture("stage", "olive.operator", EVENT + "stages/<int:stage_number>/"),
    Picture("strategies", "olive.operator", "strategies/"),
    Picture("der-groups-dark", "olive.operator", "der-groups/", "dark"),
    Picture("devices", "olive.operator", "devices/"),
    Picture("device", "olive.operator", "devices/<id:head_end>/<id:nic_id>/"),
    Picture("alerts", "olive.operator", "alerts/"),
    Picture("live-energy-connect-dark", "olive.operator", "live-energy-connect/", "dark"),
    Picture("messages", "adam.admin", "messages/"),
    Picture("message-dark", "adam.admin", "messages/<uuid:uid>/", "dark"),
    Picture("audit-trail", "adam.admin", "audit-trail/"),
    Picture("users", "adam.admin", "settings/users/"),
    Picture("program-events", "pia.manager", "program-events/"),
    Picture("program-event", "pia.manager", PROGRAM_EVENT),
    Picture("participation-dark", "pia.manager", "program-events/participation/", "dark"),
    Picture("participation-phone", "pia.manager", "program-events/participation/", width=PHONE),
    Picture("programs", "pia.manager", "programs/"),
    Picture("program", "pia.manager", "programs/<id:code>/"),
    Picture("customer", "cora.csr", CUSTOMER),
    Picture("customer-phone-dark", "cora.csr", CUSTOMER, "dark", PHONE),
    Picture("device-location", "cora.csr", CUSTOMER + "subscriptions/<int:pk>/location/"),
    Picture("your-settings", "cora.csr", "profile/"),
]


def test_pictures_of_the_pages(sign_in: Callable[..., Person]) -> None:
    people = {who: sign_in(who) for who in {picture.who for picture in PICTURES}}
    for picture in PICTURES:
        people[picture.who].open(example_of(picture.address))
        take(people[picture.who], picture.name, theme=picture.theme, width=picture.width)
    olive = people["olive.operator"]
    palette_and_actions(olive)
    running_event(olive)
    sign_in_page(olive)


def palette_and_actions(olive: Person) -> None:
    olive.open("/events/?view=all")
    for row in olive.page.locator("[data-pick-row]").all()[:3]:
        row.check()
    olive.page.locator("[data-pick-actions] summary").click()
    take(olive, "events-actions")
    olive.open("/events/?view=all")
    olive.page.keyboard.press("Control+k")
    olive.page.keyboard.type("peak")
    olive.page.locator("[data-palette-row]").first.wait_for()
    take(olive, "command-palette-dark", theme="dark")
    olive.page.keyboard.press("Escape")
    olive.page.keyboard.press("?")
    take(olive, "shortcuts")


def running_event(olive: Person) -> None:
    """The demo's own event, in its second stage."""
    event = Event.objects.get(name=QUICK_LOOK)
    address = f"/events/{event.number}/"
    reported = event.stages.filter(number=2, state="In Progress", delivered__isnull=False)
    wait_until(reported.exists, seconds=360, what="The second stage's first report")
    for name, theme, width in (
        ("event", "light", DESKTOP),
        ("event-dark", "dark", DESKTOP),
        ("event-phone", "light", PHONE),
    ):
        olive.open(address)
        take(olive, name, theme=theme, width=width, tallest=WHOLE_EVENT)
    olive.page.set_viewport_size({"width": DESKTOP, "height": 900})
    olive.open(address)
    olive.page.locator("#state-tracking").get_by_role("link", name="Cancel…").click()
    olive.page.locator("dialog[open]").wait_for()
    take(olive, "event-cancel")


def sign_in_page(olive: Person) -> None:
    olive.page.context.clear_cookies()
    olive.open("/account/login/")
    take(olive, "sign-in-dark", theme="dark")


def take(person: Person, name: str, *, theme: str = "light", width: int = DESKTOP, tallest: int = TALLEST) -> None:
    """Save the top of the page as it is to a file, in a theme."""
    page = person.page
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 844 if width == PHONE else 900})
    page.wait_for_timeout(400)  # until charts are drawn and fragments are loaded
    tall = page.evaluate("document.querySelector('dialog[open]') ? 0 : document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": max(600, min(tall or 900, tallest))})
    page.wait_for_timeout(100)
    FOLDER.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=FOLDER / f"{name}.png")

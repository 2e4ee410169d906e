"""Every page with the demo's data, in both themes and from wide to narrow, has no fault.

The pages are those of the permission table; a new one fails here until tests/pages/examples.py has an example of it.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from tests.pages.examples import PEOPLE, example_of, pages
from tests.security.test_permissions import MAY

from .conftest import Person

WIDTHS = (1920, 1440, 1280, 1265, 1024, 768, 600, 390, 320)


View = tuple[int, str]


class Dose(NamedTuple):
    """How much of a page is checked: themes and widths, and how many rows of a table, since most rows are alike.

    If pages take turns, each is seen in one of the views with the demo's data, and empty in the next one.
    """

    views: list[View]
    rows: int
    in_turn: bool = False

    def views_of(self, turn: int) -> list[View]:
        return [self.views[turn % len(self.views)]] if self.in_turn else self.views


# Each theme and each width once.
ECONOMICAL = Dose([(390, "dark"), (1280, "light")], rows=12, in_turn=True)
WHOLE = Dose([(width, theme) for width in (390, 1280) for theme in ("dark", "light")], rows=1000)
DOSES = [
    pytest.param(ECONOMICAL, id="narrow and dark, wide and light, in turn"),
    pytest.param(WHOLE, id="every size and theme", marks=pytest.mark.full),
]


@pytest.fixture
def demo(quiet_demo: str) -> str:
    return quiet_demo


def faults(person: Person, path: str, views: list[View], rows: int) -> Iterator[str]:
    """Return what is wrong with one page: its answer, sideways scroll, accessibility in each view, and the console."""
    person.problems.clear()
    page = person.page
    answer = page.goto(person.address + path)
    if answer is None or answer.status != 200:
        yield f"{path} answers {answer and answer.status}"
        return
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if person.scrolls_sideways():
            yield f"{path} scrolls sideways at {width} px"
    page.evaluate("n => document.querySelectorAll(`tbody > tr:nth-child(n+${n})`).forEach(r => r.remove())", rows)
    for width, theme in views:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        # A toast about an alert of that moment covers what lies below it until it is closed.
        person.page.evaluate("document.querySelector('[data-toasts]')?.replaceChildren()")
        yield from (f"{path} at {width} px, {theme}: {violation}" for violation in person.violations())
    yield from (f"{path}: {problem}" for problem in person.problems)
    person.problems.clear()


def look_at(addresses: dict[str, int], sign_in: Callable[..., Person], dose: Dose) -> list[str]:
    """Every fault of these pages, each with its turn, seen by the first role that may open it."""
    people: dict[str, Person] = {}
    found: list[str] = []
    for address, turn in addresses.items():
        username = PEOPLE[MAY[address][0]]
        if username not in people:
            people[username] = sign_in(username)
        found += faults(people[username], example_of(address), dose.views_of(turn), dose.rows)
    return found


@pytest.mark.parametrize("dose", DOSES)
def test_every_page_with_the_demos_data(demo: str, sign_in: Callable[..., Person], dose: Dose) -> None:
    found = look_at({address: turn for turn, address in enumerate(pages())}, sign_in, dose)
    assert not found, "\n".join(found)

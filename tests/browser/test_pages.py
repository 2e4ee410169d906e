"""Every page, with the demo's data and empty, in both themes and from wide to narrow, has no fault.

The pages are those of the permission table; a new one fails here until tests/pages/examples.py has an example of it.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser

from tests.pages.examples import PEOPLE, example_of, pages
from tests.security.test_permissions import MAY

from .conftest import Person

pytestmark = pytest.mark.django_db(transaction=True)

WIDTHS = (1920, 1440, 1280, 1024, 768, 600, 390, 320)


class Dose(NamedTuple):
    """How much of a page is checked: themes and widths, and how many rows of a table, since most rows are alike."""

    views: list[tuple[int, str]]
    rows: int


# Each theme and each width once.
ECONOMICAL = Dose([(390, "dark"), (1280, "light")], rows=12)
WHOLE = Dose([(width, theme) for width in (390, 1280) for theme in ("dark", "light")], rows=1000)
DOSES = [
    pytest.param(ECONOMICAL, id="narrow and dark, wide and light"),
    pytest.param(WHOLE, id="every size and theme", marks=pytest.mark.full),
]


def faults(person: Person, path: str, dose: Dose) -> Iterator[str]:
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
    page.evaluate("n => document.querySelectorAll(`tbody > tr:nth-child(n+${n})`).forEach(r => r.remove())", dose.rows)
    for width, theme in dose.views:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        yield from (f"{path} at {width} px, {theme}: {violation}" for violation in person.violations())
    yield from (f"{path}: {problem}" for problem in person.problems)
    person.problems.clear()


def look_at(addresses: list[str], sign_in: Callable[..., Person], dose: Dose) -> list[str]:
    """Every fault of these pages, each seen by the first role that may open it."""
    people: dict[str, Person] = {}
    found: list[str] = []
    for address in addresses:
        username = PEOPLE[MAY[address][0]]
        if username not in people:
            people[username] = sign_in(username)
        found += faults(people[username], example_of(address), dose)
    return found


@pytest.mark.parametrize("dose", DOSES)
def test_every_page_with_the_demos_data(demo: str, sign_in: Callable[..., Person], dose: Dose) -> None:
    found = look_at(pages(), sign_in, dose)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("dose", DOSES)
def test_every_page_that_can_be_empty(empty: str, browser: Browser, dose: Dose) -> None:
    addresses = [address for address in pages() if "<" not in address]
    people: list[Person] = []

    def sign_in(username: str) -> Person:
        people.append(Person(empty, browser, username))
        return people[-1]

    found = look_at(addresses, sign_in, dose)
    for person in people:
        person.page.context.close()
    assert not found, "\n".join(found)

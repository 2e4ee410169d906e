"""Every page, with the demo's data and empty, in both themes and from wide to narrow: nothing to complain of.

The pages are those of the permission table; one that is new fails here until tests/pages.py has an example of it.
"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.pages import PEOPLE, example_of, pages
from tests.test_permissions import MAY

from .conftest import Person

pytestmark = pytest.mark.django_db(transaction=True)

WIDTHS = (1920, 1440, 1280, 1024, 768, 600, 390, 320)
ECONOMICAL = [(1280, "light"), (390, "dark")]
WHOLE = [(width, theme) for width in (1280, 390) for theme in ("light", "dark")]


def faults(person: Person, path: str, views: list[tuple[int, str]]) -> Iterator[str]:
    """What is wrong with one page: its answer, accessibility in each view, sideways scroll, and the console."""
    person.problems.clear()
    answer = person.page.goto(person.address + path)
    if answer is None or answer.status != 200:
        yield f"{path} answers {answer and answer.status}"
        return
    for width, theme in views:
        person.page.set_viewport_size({"width": width, "height": 900})
        person.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        person.page.wait_for_timeout(100)
        yield from (f"{path} at {width} px, {theme}: {violation}" for violation in person.violations())
    for width in WIDTHS:
        person.page.set_viewport_size({"width": width, "height": 900})
        if person.scrolls_sideways():
            yield f"{path} scrolls sideways at {width} px"
    yield from (f"{path}: {problem}" for problem in person.problems)
    person.problems.clear()


def look_at(addresses: list[str], sign_in: Callable[..., Person], views: list[tuple[int, str]]) -> list[str]:
    """Every fault of these pages, each seen by the first role that may open it."""
    people: dict[str, Person] = {}
    found: list[str] = []
    for address in addresses:
        username = PEOPLE[MAY[address][0]]
        if username not in people:
            people[username] = sign_in(username)
        found += faults(people[username], example_of(address), views)
    return found


VIEWS = [
    pytest.param(ECONOMICAL, id="wide and light, narrow and dark"),
    pytest.param(WHOLE, id="every size and theme", marks=pytest.mark.full),
]


@pytest.mark.parametrize("views", VIEWS)
def test_every_page_with_the_demos_data(
    demo: str, sign_in: Callable[..., Person], views: list[tuple[int, str]]
) -> None:
    found = look_at(pages(), sign_in, views)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("views", VIEWS)
def test_every_page_that_can_be_empty(empty: str, browser: Browser, views: list[tuple[int, str]]) -> None:
    addresses = [address for address in pages() if "<" not in address]
    people: list[Person] = []

    def sign_in(username: str) -> Person:
        people.append(Person(empty, browser, username))
        return people[-1]

    found = look_at(addresses, sign_in, views)
    for person in people:
        person.page.context.close()
    assert not found, "\n".join(found)

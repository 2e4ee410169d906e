"""Every page that can be empty, in both themes and from wide to narrow, has no fault."""

import pytest
from playwright.sync_api import Browser

from tests.pages.examples import pages

from .conftest import Person
from .test_pages import DOSES, Dose, look_at

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("dose", DOSES)
def test_every_page_that_can_be_empty(empty: str, browser: Browser, dose: Dose) -> None:
    addresses = {address: turn + 1 for turn, address in enumerate(pages()) if "<" not in address}
    people: list[Person] = []

    def sign_in(username: str) -> Person:
        people.append(Person(empty, browser, username))
        return people[-1]

    found = look_at(addresses, sign_in, dose)
    for person in people:
        person.page.context.close()
    assert not found, "\n".join(found)

"""Every page, with the demo's data and empty, in both themes and from wide to narrow: nothing to complain of.

The pages are those of the permission table; one that is new fails here until it has an example below.
"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from cpm.models import Customer, Device, Participation, ProgramEvent, Subscription, Unavailability
from cpm.operations import schedule_unavailability
from derms.models import DerGroup, Event, Strategy
from integration import clock
from integration.config.models import User
from integration.models import Message
from tests.test_permissions import MAY

from .conftest import Person

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = {
    "O": "olive.operator",
    "A": "ada.approver",
    "B": "bela.balance",
    "C": "cora.csr",
    "P": "pia.manager",
    "D": "adam.admin",
    "*": "olive.operator",
}
# Addresses that are no page of their own: files, streams, posts, fragments, and steps that need something gone wrong.
NO_PAGE = (
    "export/", "live/", "saved-views/", "check/", "releases/", "retry/", "discard/", "archive/", "links/add/",
    "actions/", "stages/<int:stage_number>/clone/", "schedule-again/", "schedule-with-shortfall/", "shift/",
    "withdraw/", "opt-out/", "as-balance-authority/", "revoke/", "strategies/<uuid:uid>/activate/",
    "my-devices/",  # a page for phones behind a link of its own: test_customer_use_cases.py
)  # fmt: skip
WIDTHS = (1920, 1440, 1280, 1024, 768, 600, 390, 320)
ECONOMICAL = [(1280, "light"), (390, "dark")]
WHOLE = [(width, theme) for width in (1280, 390) for theme in ("light", "dark")]


def pages() -> Iterator[str]:
    yield from (address for address in MAY if not any(part in address for part in NO_PAGE))


def example_of(address: str) -> str:
    """The address with things of the demo in its places."""
    places = EXAMPLES_CUSTOMER if address.startswith("customers/") else EXAMPLES
    for place, make in places.items():
        if place in address:
            address = address.replace(place, make())
    return "/" + address


def _event() -> Event:
    return Event.objects.filter(state="Completed").latest("pk")


def _program_event() -> ProgramEvent:
    return ProgramEvent.objects.get(event_number=_event().number, stage_number=1)


def _subscription() -> Subscription:
    return Subscription.objects.filter(program__allow_customer_unavailability=True, ends_at=None).earliest("pk")


def _period() -> str:
    """A period of unavailability of the example customer's first device."""
    device = _subscription().location.devices.earliest("pk")
    if not device.unavailabilities.exists():
        now = clock.now()
        ends_at = now.replace(year=now.year + 1)
        schedule_unavailability(
            device_ids=[device.pk], starts_at=now, ends_at=ends_at, reason="Away", by="cora.csr", now=now
        )
    return str(Unavailability.objects.get(device=device).uid)


def _participating() -> tuple[str, str]:
    row = Participation.objects.filter(program_event_id=_program_event().pk).order_by("device_id")[0]
    device = Device.objects.get(pk=row.device_id)
    return device.head_end, device.nic_id


EXAMPLES: dict[str, Callable[[], str]] = {
    "events/<str:number>/": lambda: f"events/{_event().number}/",
    "<str:event_number>": lambda: _program_event().event_number,
    "<int:stage_number>": lambda: "1",
    "<str:head_end>": lambda: _participating()[0],
    "<str:nic_id>": lambda: _participating()[1],
    "settings/users/<str:username>": lambda: f"settings/users/{User.objects.earliest('pk').username}",
    "<str:category>": lambda: "Economic",
    "strategies/<uuid:uid>": lambda: f"strategies/{Strategy.objects.filter(state='Active').earliest('pk').uid}",
    "messages/<uuid:uid>": lambda: f"messages/{Message.objects.filter(kind='device_reservation').latest('pk').uid}",
    "der-groups/<int:pk>": lambda: f"der-groups/{DerGroup.objects.earliest('pk').pk}",
    "programs/<str:code>": lambda: f"programs/{_program_event().program.code}",
    "program-types/<str:code>": lambda: f"program-types/{_program_event().program.type.code}",
}
EXAMPLES_CUSTOMER: dict[str, Callable[[], str]] = {
    "<str:number>": lambda: Customer.objects.get(locations=_subscription().location).number,
    "<int:pk>": lambda: str(_subscription().pk),
    "<uuid:uid>": _period,
}


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
    found = look_at(list(pages()), sign_in, views)
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

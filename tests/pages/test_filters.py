"""A filter's value that does not exist is refused in words by every list and every file, instead of returning all."""

import functools
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from derms.models import Event
from integration.console.models import User
from integration.console.roles import ROLES
from integration.seam.settling import settle
from tests import factories
from tests.security.forms_on_pages import Forms
from tests.security.test_permissions import MAY

pytestmark = pytest.mark.django_db

WRONG = "NOSUCH"
# Each list with filters, and its file.
LISTS = {
    "events/": "events/export/",
    "calls/never-answer/": "calls/never-answer/export/",
    "devices/": "devices/export/",
    "events/EVENT/stages/1/": "events/EVENT/stages/1/devices/export/",
    "live-energy-connect/stages/STAGE/not-answered/": "live-energy-connect/stages/STAGE/not-answered/export/",
    "program-events/": "program-events/export/",
    "program-events/participation/": "program-events/participation/export/",
    "messages/": "messages/export/",
    "alerts/": "alerts/export/",
    "audit-trail/": "audit-trail/export/",
}
UNFILTERED = {
    "der-groups/<int:pk>/devices/export/",
    "program-events/<id:event_number>/<int:stage_number>/measured/export/",
    "programs/<id:code>/season/export/",
    "programs/<id:code>/season/groups/export/",
    "reserve/export/",
    "settlement/<int:pk>/export/",
    "settlement/<int:pk>/intervals/export/",
    "settlement/<int:pk>/kw-drops/export/",
}
# Filters that search a text: nothing is found, which no list mistakes for everything.
SEARCHES = {"q", "by", "device", "customer"} | {"feeder of participation", "head_end of participation"}


@pytest.fixture
def event(event_in: Callable[..., Event]) -> Event:
    made = event_in("Scheduled")
    settle()
    return made


@pytest.fixture
def everybody(client: Client) -> Client:
    """Somebody with every role."""
    person: User = factories.person("eve", *ROLES)
    client.force_login(person)
    return client


def test_every_file_of_a_list_is_walked() -> None:
    files = {address for address in MAY if address.endswith("export/")} - UNFILTERED
    named = {"EVENT/stages/1": "<id:number>/stages/<int:stage_number>", "STAGE": "<uuid:stage_uid>"}
    assert files == {
        functools.reduce(lambda file, one: file.replace(*one), named.items(), file) for file in LISTS.values()
    }


@pytest.mark.parametrize("address", LISTS)
def test_a_value_that_does_not_exist_is_refused_by_the_list_its_parts_and_its_file(
    address: str, event: Event, everybody: Client
) -> None:
    uid = str(event.stages.get().uid)
    page, file = (f"/{one.replace('EVENT', event.number).replace('STAGE', uid)}" for one in (address, LISTS[address]))
    filters = _filters(everybody, page)
    assert filters
    for name in filters:
        answers = [
            everybody.get(page, {name: WRONG}),
            everybody.get(page, {name: WRONG}, headers={"HX-Request": "true"}),
            everybody.get(file, {name: WRONG}),
        ]
        if name in SEARCHES or f"{name} of {address.split('/')[1]}" in SEARCHES:
            assert [one.status_code for one in answers] == [200, 200, 200], name
            page_of_list = answers[0].context["page"]
            assert list(getattr(page_of_list, "rows", page_of_list)) == [], name
            continue
        for one in answers:
            assert one.status_code == 422, (name, page)
            assert WRONG in one.content.decode(), (name, page)


def test_the_sentence_names_the_value_and_those_that_exist(event: Event, everybody: Client) -> None:
    text = unescape(everybody.get("/devices/export/?zone=NOSUCH").content.decode())
    assert "Control zone: There is no “NOSUCH”. There are: NORTH." in text
    text = unescape(everybody.get("/devices/?feeder=NOSUCH").content.decode())
    assert "Feeder: There is no “NOSUCH”. There are: NORTH-F1." in text


def test_a_long_list_of_values_is_named_in_part(event: Event, everybody: Client) -> None:
    text = unescape(everybody.get("/messages/export/?kind=NOSUCH").content.decode())
    assert "There is no “NOSUCH”. There are " in text
    assert "stage_status, " in text
    for n in range(30):
        factories.zone(f"Z{n:02}")
    text = unescape(everybody.get("/devices/?zone=NOSUCH").content.decode())
    assert "and 11 more" in text


def test_several_events_of_which_one_does_not_exist_are_refused(event: Event, everybody: Client) -> None:
    answer = everybody.get(f"/events/export/?number={event.number}&number=NOSUCH")
    assert answer.status_code == 422
    assert "There is no event “NOSUCH”." in unescape(answer.content.decode())
    assert everybody.get(f"/events/actions/submit/?number={event.number}&number=NOSUCH").status_code == 422


def _filters(client: Client, page: str) -> set[str]:
    """The fields of the page's filter."""
    answer = client.get(page)
    assert answer.status_code == 200, page
    searches = [form for form in Forms(answer.content.decode(), page).found if form.method == "get"]
    named = max(searches, key=lambda form: len(form.fields))
    return set(named.fields) - {""}

"""The figures of events in lists, in files, on their page and in their report."""

import csv
import io
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.test import Client

from derms import operations
from derms.models import Event
from integration.console.models import User
from tests.pages.html import html_of

pytestmark = pytest.mark.django_db


def text_of(answer: HttpResponse) -> str:
    """The words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


def contents(answer: Any) -> str:
    """What a CSV file of an export holds."""

    async def read() -> bytes:
        return b"".join([bytes(part) async for part in answer])

    return async_to_sync(read)().decode("utf-8-sig")


def test_the_list_shows_what_submit_expects_until_devices_are_reserved(
    event_in: Callable[..., Event], client: Client, operator: User, now: datetime
) -> None:
    """Once Reserved was empty until Schedule, though Submit had counted."""
    waits, runs = event_in("Submitted"), event_in("Scheduled")
    client.force_login(operator)
    assert "16 kW expected" in text_of(client.get("/events/?view=waiting"))
    assert "expected" not in text_of(client.get("/events/?q=" + runs.number))
    file = contents(client.get("/events/export/?view=all&format=csv"))
    rows = {row["Event"]: row for row in csv.DictReader(io.StringIO(file))}
    shown = {number: (row["Reserved (W)"], row["Expected by Submit (W)"]) for number, row in rows.items()}
    assert shown == {waits.number: ("", "16000"), runs.number: ("16000", "")}


def test_an_edited_plan_expects_nothing_until_it_is_submitted_again(
    event_in: Callable[..., Event], client: Client, operator: User, now: datetime
) -> None:
    event = event_in("Denied")
    client.force_login(operator)
    assert "expected" in text_of(client.get("/events/?view=all"))
    operations.edit_event(event_id=event.pk, fields={"name": "Later"}, by=operator, now=now)
    assert "expected" not in text_of(client.get("/events/?view=all"))


@pytest.mark.parametrize("state", ["Submitted", "Scheduled", "Completed"])
def test_the_report_names_an_events_figures_as_its_page_does(
    event_in: Callable[..., Event], client: Client, operator: User, state: str
) -> None:
    event = event_in(state)
    client.force_login(operator)
    figures = r"<dt>(Expected|Target|Reserved|Called|Outcomes|Reduction)</dt>(.*?)</div>"
    page, report = (
        re.findall(figures, re.sub(r"<time data.*?</time>", "", html_of(client.get(f"/events/{event.number}/{end}"))))
        for end in ("", "report/")
    )
    assert page == report
    assert page


def test_a_file_names_a_state_as_the_page_does(event_in: Callable[..., Event], client: Client, operator: User) -> None:
    """Once the page said “Awaiting approval” and the file “Submitted”."""
    event_in("Submitted")
    client.force_login(operator)
    (row,) = csv.DictReader(io.StringIO(contents(client.get("/events/export/?view=all&format=csv"))))
    assert row["State"] == "Awaiting approval"


@pytest.mark.parametrize(
    ("state", "offered"), [("New", True), ("Denied", True), ("Submitted", False), ("Scheduled", False)]
)
def test_edit_is_only_offered_where_it_is_possible(
    event_in: Callable[..., Event], client: Client, operator: User, state: str, offered: bool
) -> None:
    event = event_in(state)
    client.force_login(operator)
    assert (
        f'href="/events/{event.number}/edit/"' in client.get(f"/events/{event.number}/").content.decode()
    ) is offered

"""Program Events and Program Event: CPM's record of each stage."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from cpm.models.program_events import ProgramEvent
from derms.models import Event
from integration.console.models import User
from integration.seam.settling import settle
from tests import walk
from tests.pages.html import html_of

Make = Callable[..., ProgramEvent]
LIST = "/program-events/"
PAGE = "/program-events/DR-2026-0001/1/"


def shown(client: Client, query: str = "") -> list[str]:
    return [row.event_number for row in client.get(f"{LIST}?{query}").context["page"].rows]


@pytest.fixture
def three(make_program_event: Make) -> None:
    make_program_event("DR-2026-0001", state="Completed", outcomes={0: "D1SP", 1: "D1ER"}, event_name="Birch peak")
    make_program_event("DR-2026-0002", starts_in=timedelta(hours=9), category="Emergency")
    make_program_event("DR-2026-0003", starts_in=timedelta(hours=5), state="Canceled")


def test_the_latest_start_stands_first(three: None, as_manager: Client) -> None:
    assert shown(as_manager) == ["DR-2026-0002", "DR-2026-0003", "DR-2026-0001"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=0002", ["DR-2026-0002"]),
        ("q=birch", ["DR-2026-0001"]),
        ("category=Emergency", ["DR-2026-0002"]),
        ("state=Canceled", ["DR-2026-0003"]),
        ("program=COOL&state=Scheduled", ["DR-2026-0002"]),
        ("q=nothing", []),
    ],
)
def test_filters_narrow_the_list(three: None, as_manager: Client, query: str, found: list[str]) -> None:
    assert shown(as_manager, query) == found


def test_a_row_shows_counters_and_outcomes(three: None, as_manager: Client) -> None:
    page = as_manager.get(f"{LIST}?q=0001").content.decode()
    assert "Successful participation 1, Error 1" in page


def test_pages_follow_one_another(
    make_program_event: Make, as_manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 6):  # two of them start at the same time
        make_program_event(f"DR-2026-000{number}", starts_in=timedelta(hours=number // 2))
    monkeypatch.setitem(keyset_defaults(), "size", 2)
    whole, url = [], LIST
    while url:
        page = as_manager.get(url).context["page"]
        whole += [row.event_number[-1] for row in page.rows]
        url = LIST + page.next_url if page.next_url else ""
    assert whole == ["5", "4", "3", "2", "1"]


def keyset_defaults() -> dict[str, Any]:
    from integration.pages.keyset import keyset_page

    return keyset_page.__kwdefaults__


@pytest.mark.parametrize("after", ["x", "2026-01-01T00:00:00+00:00", "noon~1", "2026-01-01T00:00:00+00:00~x"])
def test_an_address_that_names_no_place_in_the_list_is_refused(three: None, as_manager: Client, after: str) -> None:
    assert as_manager.get(LIST, {"after": after}).status_code == 400


def test_the_list_asks_as_much_of_the_database_for_one_row_as_for_many(
    make_program_event: Make, as_manager: Client, django_assert_num_queries: Any
) -> None:
    make_program_event("DR-2026-0001")
    with django_assert_num_queries(10) as few:
        as_manager.get(LIST)
    make_program_event("DR-2026-0002")
    make_program_event("DR-2026-0003")
    with django_assert_num_queries(len(few)):
        as_manager.get(LIST)


def test_the_page_shows_state_counters_and_outcomes(three: None, as_manager: Client) -> None:
    page = as_manager.get(PAGE).content.decode()
    for words in ("Birch peak", "Completed", "Device Test", "Successful participation", "Event Participation"):
        assert words in page
    assert f"/events/?uid={ProgramEvent.objects.get(event_number='DR-2026-0001').event_uid}" in page


def test_the_page_says_until_when_customers_may_opt_out(make_program_event: Make, as_manager: Client) -> None:
    event = make_program_event()
    assert "no opt-out" in as_manager.get(PAGE).content.decode()
    kind = event.program.type
    kind.allow_to_opt_out, kind.opt_out_cutoff_minutes = True, 90
    kind.save()
    page = as_manager.get(PAGE)
    assert page.context["program_event"].opt_out_ends_at == event.starts_at - timedelta(minutes=90)
    assert "opt-out until" in page.content.decode()


def test_the_page_asks_for_itself_until_nothing_more_can_come(make_program_event: Make, as_manager: Client) -> None:
    make_program_event()
    make_program_event("DR-2026-0002", state="Completed")
    make_program_event("DR-2026-0003", state="Completed", outcomes={0: "D1SP"})
    page = as_manager.get(PAGE)
    assert f'hx-get="{PAGE}" data-nudge="DR-2026-0001" hx-trigger="nudge, every 30s"' in html_of(page)
    assert "HX-Request" in page["Vary"]
    fragment = html_of(as_manager.get(PAGE, headers={"HX-Request": "true"}))
    assert fragment.startswith('<div class="stack" id="program-event" hx-get=')
    assert "<html" not in fragment
    assert 'data-nudge="DR-' in as_manager.get("/program-events/DR-2026-0002/1/").content.decode()
    assert 'data-nudge="DR-' not in as_manager.get("/program-events/DR-2026-0003/1/").content.decode()


def test_a_program_event_called_off_waits_for_no_outcomes(make_program_event: Make, as_manager: Client) -> None:
    make_program_event(state="Canceled", reason="Missed")
    page = as_manager.get(PAGE).content.decode()
    assert "no device was called" in page
    assert 'data-nudge="DR-' not in page


@pytest.mark.django_db(transaction=True)
def test_the_page_follows_an_event_through_the_three_systems(
    event_in: Callable[..., Event], as_manager: Client
) -> None:
    event = event_in("Scheduled")
    settle()
    url = f"/program-events/{event.number}/1/"
    found = as_manager.get(url).context["program_event"]
    assert (found.state, found.participations, found.reserved, found.closed) == ("Scheduled", 20, 20, 0)
    walk.run(event.stages.get())
    settle()
    answer = as_manager.get(url)
    found = answer.context["program_event"]
    assert (found.state, found.closed) == ("Completed", 20)
    assert [moment.sentence for moment in answer.context["happened"] if moment.sentence == "Completed"]
    closed = as_manager.get(f"/program-events/participation/?program_event={event.number}-1&status=Closed")
    assert len(closed.context["page"].rows) == 20


def test_the_file_holds_every_program_event_of_the_filter(three: None, program_manager: User) -> None:
    async def read() -> str:
        client = AsyncClient()
        await client.aforce_login(program_manager)
        answer: Any = await client.get(f"{LIST}export/?program=COOL&state=Completed")
        return "".join([part.decode() async for part in answer.streaming_content]).removeprefix("\ufeff")

    header, row = list(csv.reader(io.StringIO(async_to_sync(read)())))
    cells = dict(zip(header, row, strict=True))
    assert cells["Program event"] == "DR-2026-0001"
    assert (cells["Participations"], cells["D1SP"], cells["D1ER"], cells["D1CN"]) == ("5", "1", "1", "0")
    assert cells["Reduction (W, reported)"] == "800"


def test_nothing_found_and_nothing_there_read_differently(three: None, as_manager: Client) -> None:
    assert "No matching program events" in as_manager.get(f"{LIST}?q=zzz").content.decode()


def test_an_empty_list_says_what_comes_next(as_manager: Client) -> None:
    assert "No program events yet" in as_manager.get(LIST).content.decode()


def test_unknown_numbers_are_not_found(three: None, as_manager: Client) -> None:
    assert as_manager.get("/program-events/DR-2026-0009/1/").status_code == 404
    assert as_manager.get("/program-events/DR-2026-0001/2/").status_code == 404


def test_strangers_and_csrs_get_nothing(three: None, client: Client, as_outsider: Client, as_csr: Client) -> None:
    for url in (LIST, PAGE, f"{LIST}export/"):
        assert as_outsider.get(url).status_code == 403
        assert as_csr.get(url).status_code == 403
        assert client.get(url)["Location"].startswith("/account/login/")

"""Few files are made at once, outside the permits of pages, only while somebody reads: a real process, real sockets."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from functools import partial
from http.client import HTTPConnection, HTTPResponse

import pytest

from integration.bench.management.commands.bench_open_pages import signed_in
from integration.console.models import User
from integration.pages.downloads import AT_ONCE, Downloads, TooManyDownloads, take_place
from integration.seam import sql
from tests import factories
from tests.greedy_clients import ExportFlood
from tests.processes import eventually
from tests.speeds import by_turns, seconds_of
from tests.threads import run_together

EXPORT, PAGE = "/devices/export/", "/events/"
DEVICES = 20_000  # an export takes some seconds
FLOOD = 12
PATIENCE_S = 60
AT_WORK = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gridcall-web' AND datname = current_database()"
)
TURNS, ASKS = 25, 8
PAGES_AT_ONCE = 8  # of one address


@pytest.fixture
def devices(transactional_db: None, now: datetime) -> None:
    zone, program = factories.zone("WEST"), factories.program("WARM")
    factories.fleet(zone, program, DEVICES, since=now - timedelta(days=1))


@contextmanager
def asked(port: int, cookie: str, path: str = EXPORT) -> Iterator[HTTPResponse]:
    """A request whose answer has begun and is not read."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as client:
        client.request("GET", path, headers={"Cookie": cookie})
        yield client.getresponse()


def begins(port: int, cookie: str, path: str = EXPORT) -> bool:
    """Whether an export may begin now; it is left at once."""
    with asked(port, cookie, path) as answer:
        return answer.status == 200


def test_of_twelve_exports_one_is_made_and_the_others_are_told_why(devices: None, port: int, operator: User) -> None:
    cookie = signed_in(operator)
    with ExitStack() as flood:
        answers = [flood.enter_context(asked(port, cookie)) for _ in range(FLOOD)]
        assert sorted(answer.status for answer in answers) == [200, *[429] * (FLOOD - 1)]
        refused = next(answer for answer in answers if answer.status == 429)
        assert refused.getheader("Retry-After") == "30"
        assert "You already export 1 list, the most at once." in refused.read().decode()


def test_twelve_exports_hold_no_permit_that_pages_of_others_need(
    devices: None, port: int, operator: User, second_operator: User
) -> None:
    cookie = signed_in(operator)
    with ExitStack() as flood:
        answers = [flood.enter_context(asked(port, cookie)) for _ in range(FLOOD)]
        assert sorted(answer.status for answer in answers) == [200, *[429] * (FLOOD - 1)]
        others = [signed_in(second_operator) for _ in range(PAGES_AT_ONCE)]
        pages = run_together(*(partial(seconds_of, port, PAGE, other) for other in others))
        assert all(isinstance(seconds, float) for seconds in pages), pages
        assert begins(port, others[0]), "the other place is for somebody else"
        assert not begins(port, cookie)


@pytest.mark.full
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_pages_of_others_are_as_fast_next_to_twelve_exports_of_one_person(
    kind: str, devices: None, port: int, operator: User, approver: User
) -> None:
    other, path = signed_in(approver), f"{EXPORT}?format={kind}"
    found = by_turns(
        [PAGE],
        lambda page: seconds_of(port, page, other),
        lambda: ExportFlood(port, path, signed_in(operator), FLOOD),
        turns=TURNS,
        asks=ASKS,
    )[PAGE]
    print(found)  # noqa: T201  (the figure that the test is about)
    assert found.is_under_twice(), str(found)


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_an_export_ends_when_its_client_leaves(kind: str, devices: None, port: int, operator: User) -> None:
    cookie, path = signed_in(operator), f"{EXPORT}?format={kind}"
    assert begins(port, cookie, path)
    assert eventually(lambda: begins(port, cookie, path), 30), "its place is free"
    assert eventually(lambda: sql.value(AT_WORK) == 0, 30), "nothing of it is left in the database"


def test_a_whole_file_comes_out(devices: None, port: int, operator: User) -> None:
    with asked(port, signed_in(operator)) as answer:
        assert answer.read().count(b"\n") == DEVICES + 1


def test_a_process_makes_few_files_for_everybody_together_and_frees_each_place() -> None:
    downloads = Downloads()
    with ExitStack() as visits:
        for person in range(AT_ONCE):
            visits.enter_context(downloads.visit())
            take_place(str(person))
        with downloads.visit(), pytest.raises(TooManyDownloads, match="Other people export 2 lists now"):
            take_place(str(AT_ONCE))
    with downloads.visit():
        take_place("0")

"""Few files are made at once, outside the permits of pages, only while somebody reads: a real process, real sockets."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPResponse
from statistics import quantiles
from time import perf_counter

import pytest

from integration.bench.management.commands.bench_open_pages import signed_in
from integration.console.models import User
from integration.pages.downloads import AT_ONCE, Downloads, TooManyDownloads, take_place
from integration.seam import sql
from tests import factories
from tests.processes import eventually

EXPORT, PAGE = "/devices/export/", "/events/"
DEVICES = 20_000  # an export takes some seconds
FLOOD = 12
PATIENCE_S = 60
AT_WORK = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gridcall-web' AND datname = current_database()"
)
TRIES = 3


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


def seconds_of(port: int, cookie: str) -> float:
    began = perf_counter()
    with asked(port, cookie, PAGE) as answer:
        assert answer.status == 200
        answer.read()
    return perf_counter() - began


def p95(port: int, cookie: str, times: int = 40) -> float:
    return quantiles([seconds_of(port, cookie) for _ in range(times)], n=20)[-1]


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


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_pages_of_others_are_as_fast_beside_twelve_exports_of_one_person(
    kind: str, devices: None, port: int, operator: User, approver: User
) -> None:
    other, cookie = signed_in(approver), signed_in(operator)
    seconds_of(port, other)
    # What else the machine does may slow one comparison, never all of them.
    measured = (_quiet_and_beside(port, other, cookie, f"{EXPORT}?format={kind}") for _ in range(TRIES))
    assert any(beside < 2 * quiet for quiet, beside in measured)


def _quiet_and_beside(port: int, other: str, cookie: str, path: str) -> tuple[float, float]:
    quiet = p95(port, other)
    with ExitStack() as flood:
        for _ in range(FLOOD):
            flood.enter_context(asked(port, cookie, path))
        return quiet, p95(port, other)


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
            take_place(person)
        with downloads.visit(), pytest.raises(TooManyDownloads, match="Other people export 2 lists now"):
            take_place(AT_ONCE)
    with downloads.visit():
        take_place(0)

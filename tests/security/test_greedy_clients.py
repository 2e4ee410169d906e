"""Twenty clients that send or read slowly cost nobody else time: a real web process and real sockets."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from threading import Thread
from typing import Any

import pytest
import uvicorn

from integration.project import readers
from tests.browser.conftest import free_port
from tests.greedy_clients import SlowReaders, half_sent_requests
from tests.processes import eventually
from tests.speeds import by_turns, seconds_of

PAGES = ("/livez", "/account/login/")
SLOW = 20
LARGE = "/static/vendor/tabler/tabler.min.css"
TURNS, ASKS = 30, 10
PATIENCE_S = 10.0  # without the limits a request waits here for a minute
Greedy = Callable[[int], AbstractContextManager[object]]


def half_sent(port: int) -> AbstractContextManager[object]:
    return half_sent_requests(port, SLOW)


def slowly_read(port: int) -> SlowReaders:
    return SlowReaders(port, [(LARGE, "")] * SLOW)


@pytest.mark.parametrize("greedy", [half_sent, slowly_read])
def test_slow_clients_stop_nobody(greedy: Greedy, port: int) -> None:
    with greedy(port):
        for path in PAGES:
            assert seconds_of(port, path) < PATIENCE_S


@pytest.mark.full
@pytest.mark.parametrize("greedy", [half_sent, slowly_read])
def test_pages_are_as_fast_next_to_slow_clients(greedy: Greedy, port: int) -> None:
    found = by_turns(PAGES, lambda path: seconds_of(port, path), lambda: greedy(port), turns=TURNS, asks=ASKS)
    said = "; ".join(f"{path}: {speeds}" for path, speeds in found.items())
    print(said)  # noqa: T201  (the figure that the test is about)
    assert all(speeds.is_under_twice() for speeds in found.values()), said


@pytest.mark.full
def test_connections_of_slow_readers_are_ended(port: int) -> None:
    with slowly_read(port) as slow:
        assert eventually(lambda: slow.given_up() == SLOW, 1.5 * readers.LONGEST_SEND_S), slow.given_up()


LONG = 5_000_000  # bytes; the kernel takes less


async def answer_long(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(LONG).encode())]})
    await send({"type": "http.response.body", "body": b"a" * LONG})


@pytest.fixture
def hasty_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server that waits for a reader for half a second only."""
    monkeypatch.setattr(readers, "LONGEST_SEND_S", 0.5)
    config = uvicorn.Config(
        answer_long, http=readers.TimedReaders, port=free_port(), lifespan="off", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    assert eventually(lambda: server.started)
    yield config.port
    server.should_exit = True
    thread.join()


def test_what_is_left_of_an_ended_response_does_not_keep_its_connection(hasty_port: int) -> None:
    with SlowReaders(hasty_port, [("/", "")] * SLOW) as slow:
        assert eventually(lambda: slow.given_up() == SLOW, PATIENCE_S), slow.given_up()


def test_who_reads_slower_than_others_but_goes_on_reads_all_of_it(hasty_port: int) -> None:
    with socket.create_connection(("127.0.0.1", hasty_port), timeout=PATIENCE_S) as reader:
        reader.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        began, size = time.monotonic(), 0
        while part := reader.recv(200_000):
            size += len(part)
            time.sleep(0.05)
    assert size > LONG
    assert time.monotonic() - began > 2 * readers.LONGEST_SEND_S

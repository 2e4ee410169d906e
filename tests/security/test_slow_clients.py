"""Who sends or reads slowly, or too much, costs nobody else anything: a real web process and real sockets."""

import asyncio
import http.client
import socket
import time
from contextlib import ExitStack, suppress
from statistics import quantiles
from typing import Any

import pytest

from integration.project import bodies, web

PAGES = ("/livez", "/account/login/")
SLOW = 20
PATIENCE_S = 10.0  # without the limits a request waits here for a minute
Message = dict[str, Any]


def half_sent(port: int) -> socket.socket:
    """A connection that announced a body and sent one byte of it."""
    sender = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    sender.sendall(b"POST /account/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\na")
    return sender


def answer_to(port: int, request: bytes) -> bytes:
    """What the server answers to these bytes until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as client:
        # The server may answer and close before it has read everything.
        with suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(request)
        parts: list[bytes] = []
        with suppress(ConnectionResetError):
            while part := client.recv(65536):
                parts.append(part)
        return b"".join(parts)


def seconds_of(port: int, path: str) -> float:
    began = time.perf_counter()
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    client.request("GET", path)
    response = client.getresponse()
    assert response.status == 200, path
    response.read()
    client.close()
    return time.perf_counter() - began


def p95(port: int, path: str, times: int) -> float:
    return quantiles([seconds_of(port, path) for _ in range(times)], n=20)[-1]


def test_half_sent_requests_stop_nobody(port: int) -> None:
    with ExitStack() as slow:
        for _ in range(SLOW):
            slow.enter_context(half_sent(port))
        for path in PAGES:
            assert seconds_of(port, path) < PATIENCE_S


@pytest.mark.full
def test_pages_are_as_fast_beside_slow_clients(port: int) -> None:
    quiet = {path: p95(port, path, 100) for path in PAGES}
    with ExitStack() as slow:
        for _ in range(SLOW):
            slow.enter_context(half_sent(port))
        beside = {path: p95(port, path, 100) for path in PAGES}
    assert all(beside[path] < 2 * quiet[path] for path in PAGES), (quiet, beside)


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(port: int) -> None:
    head = b"POST /account/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 300000000\r\n\r\n"
    answer = answer_to(port, head)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"larger than 2,500,000 bytes" in answer


def test_a_body_without_a_length_is_refused_once_it_is_too_large(port: int) -> None:
    chunk = b"%x\r\n%b\r\n" % (100_000, b"a" * 100_000)
    head = b"POST /account/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert answer_to(port, head + chunk * 30).startswith(b"HTTP/1.1 413")


class Client:
    """A client of the process's own application, whose parts arrive when the test says so."""

    def __init__(self, path: str = "/", *, cookie: str = "", host: str = "203.0.113.7", reads: bool = True) -> None:
        headers = [(b"cookie", f"sessionid={cookie}".encode())] if cookie else []
        self.scope = {"type": "http", "path": path, "headers": headers, "client": (host, 1)}
        self.parts: asyncio.Queue[Message] = asyncio.Queue()
        self.got: list[Message] = []
        self._reads = reads

    async def send(self, message: Message) -> None:
        if not self._reads:
            await asyncio.Event().wait()
        self.got.append(message)

    def asks(self, application: web.Web, body: bytes | None = b"") -> asyncio.Task[None]:
        """Ask; without a body the request never ends."""
        if body is not None:
            self.parts.put_nowait({"type": "http.request", "body": body, "more_body": False})
        return asyncio.create_task(application(self.scope, self.parts.get, self.send))


class Django:
    """An application that notes how many requests it is in, and answers when it may."""

    def __init__(self, *, length: bool = True) -> None:
        self.inside, self.may_answer, self._length = 0, asyncio.Event(), length

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        self.inside += 1
        await self.may_answer.wait()
        headers = [(b"Content-Length", b"2")] if self._length else []
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})
        self.inside -= 1


async def _soon() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_body_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "LONGEST_BODY_S", 0.05)

    async def course() -> None:
        client = Client()
        await client.asks(web.Web(Django()), body=None)
        assert client.got[0]["status"] == 408

    asyncio.run(course())


def test_all_bodies_together_are_limited_and_finished_ones_count_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "ALL_BODIES", 100)

    async def course() -> None:
        django = Django()
        application = web.Web(django)
        first, second, third = Client(), Client(), Client()
        held = first.asks(application, b"a" * 80)
        await _soon()
        await second.asks(application, b"a" * 80)
        assert second.got[0]["status"] == 503
        django.may_answer.set()
        await held
        await third.asks(application, b"a" * 80)
        assert third.got[0]["status"] == 200

    asyncio.run(course())


@pytest.mark.parametrize("length", [True, False], ids=["page", "file"])
def test_who_does_not_read_holds_no_permit(length: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "REQUESTS_AT_ONCE", 1)

    async def course() -> None:
        django = Django(length=length)
        django.may_answer.set()
        application = web.Web(django)
        asleep = Client(reads=False).asks(application)
        await _soon()
        awake = Client()
        await asyncio.wait_for(awake.asks(application), PATIENCE_S)
        assert awake.got[0]["status"] == 200
        assert not asleep.done()
        asleep.cancel()

    asyncio.run(course())


def test_who_does_not_read_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "LONGEST_SEND_S", 0.05)

    async def course() -> None:
        django = Django()
        django.may_answer.set()
        asleep = Client(reads=False)
        began = time.perf_counter()
        task = asleep.asks(web.Web(django))
        done, _waiting = await asyncio.wait([task], timeout=PATIENCE_S)
        assert done, "the server still waits for who does not read"
        await task
        assert time.perf_counter() - began >= 0.05
        assert asleep.got == []

    asyncio.run(course())


def test_one_session_and_one_address_have_a_share_and_others_the_rest() -> None:
    async def course() -> None:
        django = Django()
        application = web.Web(django)
        waiting = [Client(cookie="one").asks(application) for _ in range(20)]
        await _soon()
        assert django.inside == web.OF_A_SESSION
        waiting += [Client(cookie=f"invented {n}").asks(application) for n in range(20)]
        await _soon()
        assert django.inside == web.OF_AN_ADDRESS
        waiting += [Client(cookie="another", host="203.0.113.8").asks(application) for _ in range(20)]
        await _soon()
        assert django.inside == web.REQUESTS_AT_ONCE
        django.may_answer.set()
        await asyncio.gather(*waiting)
        assert django.inside == 0

    asyncio.run(course())

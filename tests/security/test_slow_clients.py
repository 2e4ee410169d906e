"""Who sends or reads slowly, or too much, costs nobody else anything: a real web process and real sockets."""

import asyncio
import http.client
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import uvicorn

from integration.project import bodies, heads, web
from tests.browser.conftest import free_port
from tests.processes import eventually

PATIENCE_S = 10.0  # without the limits a request waits here for a minute
AT_MOST = "at most 2,500,000 bytes are accepted. Nothing was changed: send a smaller file."
Message = dict[str, Any]


def refusal_of(port: int, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """The status and the text that a client gets which sends everything before it reads."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    client.request("POST", "/account/login/", body, headers or {})
    response = client.getresponse()
    text = response.read().decode()
    client.close()
    return response.status, text


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(port: int) -> None:
    answer = refusal_of(port, headers={"Content-Length": "300000000"})
    assert answer == (413, f"What was sent has 300,000,000 bytes; {AT_MOST}")


@pytest.mark.parametrize("is_chunked", [False, True], ids=["with a length", "without a length"])
def test_who_sends_all_of_a_large_file_before_reading_reads_why_it_is_refused(port: int, is_chunked: bool) -> None:
    pieces = iter([b"a" * 100_000] * 80) if is_chunked else b"a" * 8_000_000
    status, sentence = refusal_of(port, body=pieces)
    assert status == 413
    assert sentence.startswith("What was sent has " + ("more than 2,500,000" if is_chunked else "8,000,000") + " bytes")
    assert "send a smaller file" in sentence


def test_a_call_with_a_large_body_is_told_the_id_that_the_log_has(port: int) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    client.request("POST", "/api/v1/events", headers={"Content-Length": "3000000"})
    answer = client.getresponse()
    assert (answer.status, answer.headers["Content-Type"][:24]) == (413, "application/problem+json")
    assert len(answer.headers["X-Request-ID"]) == 36
    client.close()


def test_curl_reads_why_a_large_file_is_refused(port: int, tmp_path: Path) -> None:
    if not (curl := shutil.which("curl")):
        pytest.skip("needs curl")
    (large := tmp_path / "forecast.csv").write_bytes(b"a" * 8_000_000)
    address = f"http://127.0.0.1:{port}/forecasts/upload/"
    for more in ([], ["-H", "Expect:"]):
        command = [curl, "-sS", *more, "-F", f"file=@{large}", "-w", "%{http_code}", address]
        said = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S).stdout
        assert said.endswith(f"{AT_MOST}413"), (more, said)


def test_a_browser_gets_a_page_in_its_language(port: int) -> None:
    headers = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": "de", "Content-Length": "3000000"}
    status, page = refusal_of(port, headers=headers)
    assert status == 413
    assert "3.000.000 Bytes" in page
    assert '<html lang="de">' in page


def test_what_is_read_of_a_refused_body_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST_FORGOTTEN", 1_000)
    monkeypatch.setattr(bodies, "LONGEST_BODY_S", 0.05)
    read: list[int] = []

    async def course(pieces: int) -> None:
        async def receive() -> Message:
            if len(read) == pieces:
                await asyncio.Event().wait()
            read.append(100)
            return {"type": "http.request", "body": b"a" * 100, "more_body": True}

        await asyncio.wait_for(bodies.forget_rest(receive), PATIENCE_S)

    asyncio.run(course(pieces=100))
    assert sum(read) == 1_000
    read.clear()
    asyncio.run(course(pieces=3))
    assert sum(read) == 300


@pytest.fixture
def hasty_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server that waits for a head only for half a second."""
    monkeypatch.setattr(heads, "LONGEST_HEAD_S", 0.5)
    django = Django()
    django.may_answer.set()
    port = free_port()
    config = uvicorn.Config(web.Web(django), http=heads.TimedHeads, port=port, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    assert eventually(lambda: server.started)
    yield port
    server.should_exit = True
    thread.join()


HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.mark.parametrize("pieces", [[HEAD], [HEAD, *[b"X"] * 30], [HEAD + b"\r\n", HEAD, *[b"X"] * 30]])
def test_a_head_that_does_not_arrive_in_time_ends_its_connection(hasty_port: int, pieces: list[bytes]) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", hasty_port), timeout=PATIENCE_S) as client:
        with suppress(BrokenPipeError, ConnectionResetError):
            for piece in pieces:
                client.sendall(piece)
                time.sleep(0.1)
        said = b"".join(iter(lambda: client.recv(65536), b""))
    assert time.monotonic() - began < 5
    assert b"HTTP/1.1 408" in said
    assert b"headers took longer" in said


def test_a_connection_on_which_nothing_comes_is_closed_without_an_answer(hasty_port: int) -> None:
    with socket.create_connection(("127.0.0.1", hasty_port), timeout=PATIENCE_S) as client:
        assert client.recv(100) == b""


def test_the_limit_of_heads_holds_for_no_body_and_no_answer(hasty_port: int) -> None:
    with socket.create_connection(("127.0.0.1", hasty_port), timeout=PATIENCE_S) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n\r\n")
        time.sleep(1)
        client.sendall(b"a")
        assert client.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.full
def test_half_sent_heads_end_with_the_limit_of_bodies(port: int) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(HEAD)
        assert client.recv(100).startswith(b"HTTP/1.1 408")
    assert 25 < time.monotonic() - began < 35


class Client:
    """A client of the process's own application, whose parts arrive when the test says so."""

    def __init__(self, path: str = "/", *, cookie: str = "", host: str = "203.0.113.7", reads: bool = True) -> None:
        headers = [(b"cookie", f"sessionid={cookie}".encode())] if cookie else []
        self.scope = {"type": "http", "method": "GET", "path": path, "headers": headers, "client": (host, 1)}
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

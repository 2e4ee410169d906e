"""Clients that hold more than their share: half-sent requests, readers of a byte a second, floods of exports."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Self

PATIENCE_S = 60.0
BYTE_EVERY_S, FAILED_S = 1.0, 1.0
SMALL_BUFFER = 4096  # bytes; else the kernel reads ahead for a slow client
BLOCK = 1 << 16
CONNECTED = "01"  # in Linux's table of connections


def half_sent(port: int, *, patience_s: float = PATIENCE_S) -> socket.socket:
    """A connection that announced a body and sent one byte of it."""
    sender = socket.create_connection(("127.0.0.1", port), timeout=patience_s)
    sender.sendall(b"POST /account/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\na")
    return sender


@contextmanager
def half_sent_requests(port: int, count: int) -> Iterator[None]:
    with ExitStack() as senders:
        for _ in range(count):
            senders.enter_context(half_sent(port))
        yield


class SlowReaders:
    """Each asks for an address with a cookie, and reads a byte a second of the answer."""

    def __init__(self, port: int, wanted: Sequence[tuple[str, str]]) -> None:
        self.port = port
        self._readers = [_asking(port, path, cookie) for path, cookie in wanted]
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._ending.set()
        self._thread.join()
        for reader in self._readers:
            reader.close()

    def given_up(self) -> int:
        """How many connections the server no longer has; the kernel may still hold what it sent."""
        ours = {reader.getsockname()[1] for reader in self._readers}
        return len(ours - ours.intersection(_clients_of(self.port)))

    def _read(self) -> None:
        while not self._ending.wait(BYTE_EVERY_S):
            for reader in self._readers:
                with suppress(OSError):
                    reader.recv(1)


def _clients_of(port: int) -> set[int]:
    """The clients' ports of a server's connections that neither side has ended."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ends = [(row[1], row[2]) for row in rows if row[3] == CONNECTED]
    return {int(far.partition(":")[2], 16) for near, far in ends if int(near.partition(":")[2], 16) == port}


def _asking(port: int, path: str, cookie: str) -> socket.socket:
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    reader.connect(("127.0.0.1", port))
    reader.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode())
    reader.setblocking(False)
    return reader


class ExportFlood:
    """One person's clients: each reads exports as fast as it can; a refused one asks again when it was told to."""

    def __init__(self, port: int, path: str, cookie: str, clients: int) -> None:
        self.port, self.path, self.cookie = port, path, cookie
        self.answers: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._begun, self._ending = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._keep_asking, daemon=True) for _ in range(clients)]

    def __enter__(self) -> Self:
        """Begin, and return when a file is on its way."""
        for thread in self._threads:
            thread.start()
        assert self._begun.wait(PATIENCE_S), self.answers
        return self

    def __exit__(self, *problem: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def _keep_asking(self) -> None:
        while not self._ending.is_set():
            try:
                self._ask()
            except (OSError, HTTPException):
                self._note(0)
                self._ending.wait(FAILED_S)

    def _ask(self) -> None:
        client = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            client.request("GET", self.path, headers={"Cookie": self.cookie})
            response = client.getresponse()
            self._note(response.status)
            if response.status == 200:
                self._begun.set()
                while not self._ending.is_set() and response.read1(BLOCK):
                    pass
            else:
                self._ending.wait(float(response.getheader("Retry-After") or FAILED_S))
        finally:
            client.close()

    def _note(self, status: int) -> None:
        with self._lock:
            self.answers[status] += 1

"""Calls of other systems, made as fast as a server answers: a few connections, each waits for one answer at a time."""

import socket
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from statistics import median
from typing import NamedTuple

from .crew import BenchFailed

CONNECTIONS = 4
TURN_S, TURNS = 1.5, 5
READ = 65_536


class Calls(NamedTuple):
    """Calls to make in turn, and the status that each must be answered with."""

    addresses: Sequence[str]
    headers: Mapping[str, str]
    status: int


class Answered(NamedTuple):
    """An answer: its status, and its headers by lower-case names."""

    status: int
    headers: Mapping[str, str]


def rates(port: int, these: Calls, those: Calls) -> tuple[float, float]:
    """Answers per second of two kinds of calls: the medians of turns, which alternate so that load affects both."""
    pairs = [(_turn(port, these), _turn(port, those)) for _number in range(TURNS + 1)]
    first, second = zip(*pairs[1:], strict=True)  # the first turn warms up
    return median(first), median(second)


def seconds_each(port: int, these: Calls, those: Calls, *, times: int) -> tuple[float, float]:
    """Seconds of one call of each kind, alone on the server: the medians of so many, in turn."""
    with _Connection(port) as one:
        pairs = [
            (_timed(one, these, address), _timed(one, those, other))
            for address, other in zip(_first(these, times + 5), _first(those, times + 5), strict=True)
        ]
    first, second = zip(*pairs[5:], strict=True)
    return median(first), median(second)


def ask(port: int, calls: Calls) -> Answered:
    """The answer to the first of some calls."""
    with _Connection(port) as one:
        return one.ask(calls.addresses[0], calls)


def _first(calls: Calls, number: int) -> list[str]:
    return [address for address, _n in zip(cycle(calls.addresses), range(number), strict=False)]


def _timed(connection: "_Connection", calls: Calls, address: str) -> float:
    began = time.perf_counter()
    connection.ask(address, calls)
    return time.perf_counter() - began


def _turn(port: int, calls: Calls) -> float:
    """Answers per second over one turn."""
    until = time.perf_counter() + TURN_S

    def work(number: int) -> int:
        answered = 0
        with _Connection(port) as one:
            for address in cycle(calls.addresses[number:] or calls.addresses):
                one.ask(address, calls)
                answered += 1
                if time.perf_counter() > until:
                    break
        return answered

    began = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return sum(pool.map(work, range(CONNECTIONS))) / (time.perf_counter() - began)


class _Connection:
    """A connection that is kept open."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __enter__(self) -> "_Connection":
        self._socket = socket.create_connection(("127.0.0.1", self._port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self

    def __exit__(self, *_problem: object) -> None:
        self._socket.close()

    def ask(self, address: str, calls: Calls) -> Answered:
        """Raises BenchFailed if the status is another one."""
        lines = [f"GET {address} HTTP/1.1", f"Host: localhost:{self._port}"]
        lines += [f"{name}: {value}" for name, value in calls.headers.items()]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = self._answer()
        if answer.status != calls.status:
            raise BenchFailed(f"{address} was answered {answer.status}, not {calls.status}")
        return answer

    def _answer(self) -> Answered:
        read = b""
        while b"\r\n\r\n" not in read:
            read += self._more()
        head, _blank, body = read.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _colon, value in (line.partition(": ") for line in lines)}
        missing = int(headers.get("content-length", 0)) - len(body)
        while missing > 0:
            missing -= len(self._more())
        if headers.get("transfer-encoding") == "chunked":
            while not body.endswith(b"0\r\n\r\n"):
                body += self._more()
        return Answered(int(first.split()[1]), headers)

    def _more(self) -> bytes:
        found = self._socket.recv(READ)
        if not found:
            raise BenchFailed("the server closed a connection")
        return found

"""Many pages kept open at once: whether each learns of every change, how soon, and what their fragments cost.

Every page here does what static/js/live.js does: it holds one stream, and up to a second after a nudge about what it
shows or about anything, or 30 s after its last fetch, it fetches its fragment again, sending the ETag of the last one.
"""

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import quantiles
from typing import NamedTuple
from urllib.parse import urlsplit

from integration.seam import sql
from integration.seam.nudges import ANYTHING, tell_pages

POLL_S = 30.0
OPENING_S = 10.0  # the pages open over this time, since nobody opens hundreds at once
SETTLING_S = 3.0  # after the last change, for its nudge and fragments to arrive
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@dataclass
class Seen:
    """What all pages saw: seconds from each change to its nudge, seconds per fragment, and responses by status."""

    changed_at: dict[str, float] = field(default_factory=dict)
    nudges: list[float] = field(default_factory=list)
    fragments: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    changes: int = 0
    connections: int = 0


class Figures(NamedTuple):
    """One run's figures: nudges due and delivered, seconds as p50 and p99, and the most database connections."""

    nudges_due: int
    nudges_delivered: int
    nudge_p50: float
    nudge_p99: float
    fragments_per_second: float
    fragment_p50: float
    fragment_p99: float
    failed: int
    connections: int


class Page(NamedTuple):
    """The path of a live page, and the event it shows; "events" if it shows them all."""

    path: str
    shows: str


def hold(address: str, cookie: str, pages: list[Page], numbers: list[str], *, seconds: float, every: float) -> Figures:
    """Keep the pages open and change each event every `every` seconds. Raises ConnectionError if a page is refused."""
    return asyncio.run(_hold(address, cookie, pages, numbers, seconds, every))


async def _hold(
    address: str, cookie: str, pages: list[Page], numbers: list[str], seconds: float, every: float
) -> Figures:
    seen = Seen()
    opened = [asyncio.create_task(_keep_open(address, cookie, page, seen)) for page in pages]
    await asyncio.sleep(OPENING_S + SETTLING_S)
    seen.nudges.clear()
    seen.fragments.clear()
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        for number in numbers:
            await asyncio.to_thread(_change, number, seen)
            await asyncio.sleep(every / len(numbers))
    took = time.monotonic() - began
    await asyncio.sleep(SETTLING_S)
    broken = [task.exception() for task in opened if task.done()]
    for task in opened:
        task.cancel()
    await asyncio.gather(*opened, return_exceptions=True)
    if broken:
        raise ConnectionError(f"{len(broken)} of {len(pages)} pages lost their stream: {broken[0]!r}")
    return _figures(seen, len(pages), took)


def _figures(seen: Seen, pages: int, took: float) -> Figures:
    nudge, fragment = (quantiles(times, n=100, method="inclusive") for times in (seen.nudges, seen.fragments))
    return Figures(
        nudges_due=seen.changes * pages,
        nudges_delivered=len(seen.nudges),
        nudge_p50=nudge[49],
        nudge_p99=nudge[98],
        fragments_per_second=len(seen.fragments) / took,
        fragment_p50=fragment[49],
        fragment_p99=fragment[98],
        failed=sum(n for status, n in seen.statuses.items() if status not in (200, 304)),
        connections=seen.connections,
    )


def _change(number: str, seen: Seen) -> None:
    """Nudge the web processes about a change, as every operation does at its commit; count the database connections."""
    seen.changed_at[number] = time.monotonic()
    seen.changes += 1
    tell_pages(number)
    seen.connections = max(seen.connections, sql.value(CONNECTIONS))


async def _keep_open(address: str, cookie: str, page: Page, seen: Seen) -> None:
    await asyncio.sleep(random.uniform(0, OPENING_S))  # noqa: S311 (opening times are no secret)
    nudged = asyncio.Event()
    async with asyncio.TaskGroup() as both:
        both.create_task(_listen(address, cookie, page, nudged, seen))
        both.create_task(_fetch_again(address, cookie, page, nudged, seen))


async def _listen(address: str, cookie: str, page: Page, nudged: asyncio.Event, seen: Seen) -> None:
    reader, writer = await _ask(address, "/live/", cookie)
    status, _ = await _head(reader)
    if status != 200:
        raise ConnectionError(f"/live/ answers {status}")
    try:
        while line := await reader.readline():
            if not line.startswith(b"data: "):
                continue
            number = line[6:].decode().strip()
            if number == ANYTHING:
                nudged.set()
            if number not in seen.changed_at:
                continue
            seen.nudges.append(time.monotonic() - seen.changed_at[number])
            if page.shows in ("events", number):
                nudged.set()
    finally:
        writer.close()
    raise ConnectionError("the stream ended")


async def _fetch_again(address: str, cookie: str, page: Page, nudged: asyncio.Event, seen: Seen) -> None:
    etag = ""
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(nudged.wait(), POLL_S)
            await asyncio.sleep(random.random())  # noqa: S311 (only spreads the pages)
        nudged.clear()
        began = time.monotonic()
        status, etag = await _fragment(address, cookie, page.path, etag)
        seen.fragments.append(time.monotonic() - began)
        seen.statuses[status] = seen.statuses.get(status, 0) + 1


async def _fragment(address: str, cookie: str, path: str, etag: str) -> tuple[int, str]:
    reader, writer = await _ask(address, path, cookie, {"HX-Request": "true", "If-None-Match": etag})
    try:
        status, headers = await _head(reader)
        await reader.read()
    finally:
        writer.close()
    return status, headers.get("etag", etag)


async def _ask(
    address: str, path: str, cookie: str, headers: dict[str, str] | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    server = urlsplit(address)
    reader, writer = await asyncio.open_connection(server.hostname, server.port)
    lines = [f"GET {path} HTTP/1.1", f"Host: {server.netloc}", f"Cookie: {cookie}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items() if value]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    return reader, writer


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """The status and headers of a response, names in lower case."""
    status = int((await reader.readline()).split()[1])
    headers = {}
    while line := (await reader.readline()).decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return status, headers

"""Nudges: who may open a stream, what it sends, and that it costs nothing; unchanged fragments are not sent again."""

import asyncio
import select
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from derms import operations
from derms.models import Event
from integration.console.models import User
from integration.pages import hub as live
from integration.pages.streams import HOLDER, Holder
from integration.project import web
from integration.seam.models import Delivery
from integration.seam.nudges import ANYTHING, CHANNEL, tell_pages
from integration.seam.scheduler import batches, claim_due, find_due, perform
from integration.seam.systems import System
from tests import walk

pytestmark = pytest.mark.django_db(transaction=True)
SCOPE = {"type": "http", "method": "GET", "path": web.PATH, "headers": []}
LISTENERS = """FROM pg_stat_activity WHERE query = 'LISTEN "event_changed"' AND datname = current_database()"""


def run(course: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return asyncio.run(asyncio.wait_for(course(), 20))


async def heard(stream: AsyncIterator[str], *, seconds: float) -> list[str]:
    """What a stream sends within so many seconds, without heartbeats."""
    said: list[str] = []
    try:
        async with asyncio.timeout(seconds):
            async for text in stream:
                said += [text[6:].strip()] if text.startswith("data: ") else []
    except TimeoutError:
        pass
    return said


async def listening(hub: live.Hub) -> AsyncIterator[str]:
    """A stream that misses nothing from now on."""
    stream = live.lines(hub)
    assert [await anext(stream), await anext(stream)] == ["retry: 2000\n\n", "data: *\n\n"]
    return stream


def _listens() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) {LISTENERS}")
            return bool(cursor.fetchone()[0])
    finally:
        connection.close()


def test_a_change_reaches_every_stream() -> None:
    async def course() -> None:
        hub = live.Hub()
        streams = [await listening(hub), await listening(hub)]
        await asyncio.to_thread(tell_pages, "DR-2026-0001")
        assert [await anext(stream) for stream in streams] == ["data: DR-2026-0001\n\n"] * 2

    run(course)


def test_an_event_nudges_at_most_every_two_seconds_and_never_too_rarely() -> None:
    def tell() -> None:
        for _ in range(20):
            tell_pages("DR-2026-0001")
        tell_pages("DR-2026-0002")

    async def course() -> list[str]:
        hub = live.Hub()
        stream = await listening(hub)
        await asyncio.to_thread(tell)
        return await heard(stream, seconds=3)

    said = run(course)
    assert sorted(said) == ["DR-2026-0001", "DR-2026-0001", "DR-2026-0002"]


def test_what_changed_before_a_stream_was_listened_for_is_made_up_for() -> None:
    async def course() -> str:
        hub = live.Hub()
        stream = live.lines(hub)
        await anext(stream)
        # Its page has been rendered and nothing listens yet: this notification is lost.
        await asyncio.to_thread(tell_pages, "DR-2026-0001")
        return await anext(stream)

    assert run(course) == f"data: {ANYTHING}\n\n"


def test_a_lost_connection_is_made_again_and_what_was_missed_is_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "AWAY", 0.1)

    def lose() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_terminate_backend(pid) {LISTENERS}")
        connection.close()

    async def course() -> str:
        hub = live.Hub()
        stream = await listening(hub)
        await asyncio.to_thread(lose)
        assert await anext(stream) == "data: *\n\n"
        await asyncio.to_thread(tell_pages, "DR-2026-0003")
        return await anext(stream)

    assert run(course) == "data: DR-2026-0003\n\n"


def test_the_last_stream_gives_the_connection_back() -> None:
    async def course() -> None:
        hub = live.Hub()
        stream = await listening(hub)
        assert await asyncio.to_thread(_listens)
        await stream.aclose()  # type: ignore[attr-defined]
        while await asyncio.to_thread(_listens):
            await asyncio.sleep(0.05)

    run(course)


@contextmanager
def nudges() -> Iterator[Callable[[], set[str]]]:
    """Listens; the returned function tells which events had notifications since it was last called."""
    raw = live.connect(CHANNEL)
    end = "end"

    def since_last_asked() -> set[str]:
        # Notifications reach a listener a moment after their commit, in order; ours marks the end.
        tell_pages(end)
        notified: set[str] = set()
        while end not in notified:
            assert select.select([raw], [], [], 20)[0], "what is notified must be heard"
            raw.poll()
            notified |= {notify.payload for notify in raw.notifies}
            raw.notifies.clear()
        return notified - {end}

    try:
        yield since_last_asked
    finally:
        raw.close()


def _settle(event: Event, since_last_asked: Callable[[], set[str]]) -> set[tuple[str, str]]:
    """Do everything there is to do; returns the kind and receiver of each delivery that notified the event's pages."""
    told_of = set()
    find_due()
    while claimed := claim_due():
        for batch in batches(claimed):
            perform(batch)
            if event.number in since_last_asked() and batch[0].table == Delivery._meta.db_table:
                done = Delivery.objects.select_related("message").get(pk=batch[0].id)
                told_of.add((done.message.kind, done.receiver))
        find_due()
    return told_of


def test_pages_hear_of_each_bulk_load_when_its_rows_are_in(event_in: Callable[..., Event]) -> None:
    event = event_in("Scheduled")
    with nudges() as since_last_asked:
        told_of = _settle(event, since_last_asked)
        walk.run(event.stages.get())
        told_of |= _settle(event, since_last_asked)

    assert told_of >= {
        ("device_reservation", System.CPM),
        ("device_reservation", System.LEC),
        ("raw_outcome", System.DERMS),
        ("device_outcome", System.CPM),
    }


def test_django_says_who_may_and_its_yes_is_kept_open() -> None:
    said: list[Any] = []

    async def django(scope: Any, receive: Any, send: Any) -> None:
        scope[HOLDER] = Holder(1, ())
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def course() -> None:
        gone = asyncio.Event()

        asked: list[Any] = [{"type": "http.request", "body": b""}]

        async def receive() -> Any:
            if asked:
                return asked.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            said.append(message)

        served = web.Web(django)
        serving = asyncio.create_task(served(dict(SCOPE), receive, send))
        while len(said) < 2:
            await asyncio.sleep(0.01)
        assert served.free._value == web.REQUESTS_AT_ONCE, "an open stream holds no place of a request"
        gone.set()
        await serving

    run(course)
    assert said[0]["headers"] == []
    assert said[1]["body"].startswith(b"retry:")
    assert said[-1]["more_body"] is False


def test_djangos_no_is_passed_on() -> None:
    said: list[Any] = []

    async def django(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 403, "headers": []})
        await send({"type": "http.response.body", "body": b"no"})

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    run(lambda: web.Web(django)(dict(SCOPE), receive, send))  # type: ignore[arg-type,return-value]
    assert [said[0]["status"], said[1]["body"]] == [403, b"no"]


def test_a_fragment_that_says_the_same_is_not_sent_again(
    client: Client, operator: User, event_in: Callable[..., Event]
) -> None:
    event = event_in("Submitted")
    client.force_login(operator)
    path, headers = f"/events/{event.number}/", {"HX-Request": "true"}

    first = client.get(path, headers=headers)
    again = client.get(path, headers={**headers, "If-None-Match": first["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")

    operations.withdraw_event(event_id=event.pk, by=operator, now=event.created_at)
    changed = client.get(path, headers={**headers, "If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["Cache-Control"] == "private, no-cache"


def test_whole_pages_carry_no_etag(client: Client, operator: User) -> None:
    client.force_login(operator)
    assert "ETag" not in client.get("/events/")

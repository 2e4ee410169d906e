"""A poll that is answered 304 never reaches Django, and is never answered from what has changed."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from integration.pages.doors import calls
from integration.pages.listening import PollsWatch
from integration.pages.polls import Poll, Polls, known_polls, unchanged
from integration.project import web
from integration.project.web import Web
from integration.seam import logs, tokens
from integration.seam.rights import known_rights
from lec_sim.models import LecStage

from .conftest import HOUR, ROOT, VenClient, published

MOMENT = datetime(2026, 7, 22, 18, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nothing_known() -> Any:
    yield
    known_polls.is_listening = False
    known_polls.forget()


def scope_of(header: dict[str, str], etag: str, query: str = "") -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": f"{ROOT}events",
        "query_string": query.encode(),
        "headers": [(b"authorization", header["Authorization"].encode()), (b"if-none-match", etag.encode())],
        "client": ("127.0.0.1", 1),
    }


def answered(header: dict[str, str], etag: str, query: str = "") -> int:
    """The status that the web process answers a poll with; 0 if it asked Django."""
    statuses: list[int] = []

    async def django(scope: Any, receive: Any, send: Any) -> None:
        statuses.append(0)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and not statuses:
            statuses.append(message["status"])

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def ask() -> None:
        served = Web(django)
        served.rights.start = served.polls.start = lambda: None  # type: ignore[method-assign]  # no connection of its own
        await served(scope_of(header, etag, query), receive, send)

    asyncio.run(ask())
    return statuses[0]


@pytest.mark.django_db
def test_a_poll_for_which_nothing_changed_is_answered_without_django(
    ven: VenClient, stage: LecStage, django_assert_num_queries: Any
) -> None:
    known_polls.is_listening = True
    etag = ven.get("events")["ETag"]

    with django_assert_num_queries(0):
        assert answered(ven.header, etag) == 304
        assert answered(ven.header, f'"another", W/{etag}') == 304
        assert answered(ven.header, f'"another{etag[1:]}') == 0
        assert answered(ven.header, etag, "limit=1") == 0
        assert answered(ven.header, '"another"') == 0
        assert answered({"Authorization": "Bearer nonsense"}, etag) == 0
        known_rights.forget()
        assert answered(ven.header, etag) == 0


@pytest.mark.django_db
def test_a_poll_with_two_tokens_is_left_to_django(ven: VenClient, stage: LecStage) -> None:
    known_polls.is_listening = True
    etag = ven.get("events")["ETag"]
    headers = scope_of(ven.header, etag)["headers"]
    assert unchanged(headers, f"{ROOT}events?", caller_at="127.0.0.1").etag == etag
    assert unchanged([(b"authorization", b"Bearer x"), *headers], f"{ROOT}events?", caller_at="127.0.0.1") is None


@pytest.mark.django_db
def test_calls_share_what_an_account_may_hold_at_once_not_what_an_address_may(ven_of: Any) -> None:
    one, other = (ven_of(head_end) for head_end in ("HE1", "HE2"))
    narrow = tokens.issue(tokens.Token(one.account.pk, one.account.epoch, frozenset()), now=MOMENT)
    shares = [
        web._session(scope_of(header, ""))
        for header in (one.header, {"Authorization": f"Bearer {narrow}"}, other.header, {"Authorization": "Bearer x"})
    ]
    assert shares == [f"account {one.account.pk}"] * 2 + [f"account {other.account.pk}", "127.0.0.1"]
    assert web._session(scope_of({"Authorization": "Bearer nonsense"}, "")) == "127.0.0.1"


def test_a_client_over_its_limit_is_left_to_django(ven: VenClient, stage: LecStage, settings: Any) -> None:
    known_polls.is_listening = True
    etag = ven.get("events")["ETag"]
    settings.API_CALLS_PER_MINUTE = 1
    calls.cache_clear()
    assert [answered(ven.header, etag) for _ in range(2)] == [304, 0]


@pytest.mark.django_db
def test_nothing_is_known_while_nobody_listens(ven: VenClient, stage: LecStage) -> None:
    assert answered(ven.header, ven.get("events")["ETag"]) == 0


def test_what_changed_meanwhile_is_not_kept_and_what_is_kept_grows_old() -> None:
    now = [100.0]
    polls, poll = Polls(lambda: now[0]), Poll(frozenset({"read_targets"}), "/events?")
    polls.is_listening = True
    begun = polls.generation
    polls.forget("another")
    polls.keep("mine", poll, "1", generation=begun, now=MOMENT)
    assert not polls.known("mine", poll, "1")
    polls.keep("mine", poll, "1", generation=polls.generation, now=MOMENT)
    assert polls.known("mine", poll, "1")
    assert not polls.known("mine", Poll(frozenset(), "/events?"), "1")
    now[0] += 3
    assert polls.now() == MOMENT + timedelta(seconds=3)
    now[0] += 2.1
    assert polls.now() is None
    assert not polls.known("mine", poll, "1")
    assert not polls.known("mine", poll, "")


@pytest.mark.django_db(transaction=True)
def test_every_process_forgets_a_client_whose_stages_change(ven: VenClient, now: datetime) -> None:
    async def change() -> tuple[str, str]:
        watch = PollsWatch()
        watch.start()
        while not known_polls.is_listening:
            await asyncio.sleep(0.02)
        await sync_to_async(published, thread_sensitive=True)(now)
        etag = (await sync_to_async(ven.get, thread_sensitive=True)("events"))["ETag"]
        before = known_polls.known(ven.account.client_id, POLL, etag)
        generation = known_polls.generation
        await sync_to_async(published, thread_sensitive=True)(now, starts_at=now + 3 * HOUR, devices=2)
        async with asyncio.timeout(5):
            while known_polls.generation == generation:
                await asyncio.sleep(0.02)
        after = known_polls.known(ven.account.client_id, POLL, etag)
        if watch._listener:
            watch._listener.cancel()
        return before, after

    before, after = asyncio.run(change())
    assert (bool(before), after) == (True, "")


POLL = Poll(frozenset({"read_targets", "read_ven_objects", "write_reports", "write_subscriptions", "write_vens"}),
            f"{ROOT}events?")  # fmt: skip


def test_the_log_counts_the_polls_of_each_client(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logs, "TOLD_EVERY_S", 0.0)

    async def poll() -> None:
        tally = logs.Tally("polls", status=304)
        for actor in ("service account A", "service account B", "service account A"):
            tally.add(actor)
        while not caplog.records:
            await asyncio.sleep(0)

    with caplog.at_level("INFO", logger=logs.__name__):
        asyncio.run(poll())
    told = [(one.getMessage(), vars(one)["actor"], vars(one)["count"], vars(one)["status"]) for one in caplog.records]
    assert told == [("polls", "service account A", 2, 304), ("polls", "service account B", 1, 304)]

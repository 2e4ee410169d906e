"""What the database notifies a web process of: one connection per channel, made again when it is lost."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import psycopg2
from django.db import connections

from integration.seam.rights import CHANNEL, known_rights
from integration.seam.sql import compose, identifier

from .polls import CHANNEL as POLLS
from .polls import known_polls

log = logging.getLogger(__name__)

AWAY = 2.0  # between two attempts to reach the database


def connect(channel: str) -> Any:
    """A psycopg2 connection that listens on a channel."""
    raw = psycopg2.connect(**connections["default"].get_connection_params())
    raw.autocommit = True
    with raw.cursor() as cursor:
        cursor.execute(compose("LISTEN {channel}", channel=identifier(channel)))
    return raw


async def follow(raw: Any, heard: Callable[[str], None]) -> None:
    """Call `heard` with the payload of each notification until the connection is lost, and close it."""
    loop, lost, number = asyncio.get_running_loop(), asyncio.Event(), raw.fileno()

    def read() -> None:
        try:
            raw.poll()
        except psycopg2.Error:
            loop.remove_reader(number)
            lost.set()
            return
        while raw.notifies:
            heard(raw.notifies.pop(0).payload)

    loop.add_reader(number, read)
    try:
        await lost.wait()
    finally:
        loop.remove_reader(number)
        raw.close()


def _forget_rights() -> None:
    known_rights.forget()
    known_polls.forget()


class PollsWatch:
    """Forgets what a client was answered when something that it may read has changed; it begins with the first call."""

    def __init__(self) -> None:
        self._listener: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while True:
            try:
                raw = await asyncio.to_thread(connect, POLLS)
                known_polls.is_listening = True
                await follow(raw, known_polls.forget)
            except psycopg2.Error as problem:
                log.warning("Polls are all answered by Django for now (%s).", type(problem).__name__)
            finally:
                known_polls.is_listening = False
                known_polls.forget()
            await asyncio.sleep(AWAY)


class RightsWatch:
    """Forgets what this process knows of service accounts when something changed; it begins with the first call."""

    def __init__(self) -> None:
        self._listener: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while True:
            try:
                raw = await asyncio.to_thread(connect, CHANNEL)
                _forget_rights()
                await follow(raw, lambda _payload: _forget_rights())
            except psycopg2.Error as problem:
                log.warning("Rights are only looked up for now: no notifications (%s).", type(problem).__name__)
            await asyncio.sleep(AWAY)

"""Whose streams of nudges are open: few per person, and none of a person who has changed since it was opened."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection

LOOK_EVERY_S = 3.0
HOLDER = "gridcall.holder"  # in a request's scope: the Holder of the stream that Django allowed


class Holder(NamedTuple):
    """A person, and what their right to a stream depends on: password and roles. People switched off have no state."""

    person: int
    state: tuple[Any, ...] | None


class TooManyStreams(Exception):
    """The person has as many open streams as one may have."""

    def __init__(self) -> None:
        most = settings.STREAMS_OF_A_PERSON
        super().__init__(f"You have {most} pages open that update themselves, the most for one person. Close one.")


def holder_of(person: int) -> Holder:
    """The holder of a stream that begins now."""
    return Holder(person, _states([person]).get(person))


class Streams:
    """The open streams of a process."""

    def __init__(self) -> None:
        self._open: dict[asyncio.Event, Holder] = {}
        self._watching: asyncio.Task[None] | None = None

    @contextmanager
    def hold(self, holder: Holder) -> Iterator[asyncio.Event]:
        """Hold a stream; the event is set when it must end. Raises TooManyStreams."""
        if sum(other.person == holder.person for other in self._open.values()) >= settings.STREAMS_OF_A_PERSON:
            raise TooManyStreams
        must_end = asyncio.Event()
        self._open[must_end] = holder
        self._watching = self._watching or asyncio.create_task(self._watch())
        try:
            yield must_end
        finally:
            del self._open[must_end]
            if not self._open and self._watching:
                self._watching.cancel()
                self._watching = None

    async def _watch(self) -> None:
        """End the streams of people who have changed; one query looks for all of them."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                states = await asyncio.to_thread(_looked_up, {holder.person for holder in self._open.values()})
            except DatabaseError:
                continue  # nobody can be changed meanwhile
            for must_end, holder in self._open.items():
                if states.get(holder.person) != holder.state:
                    must_end.set()


def _states(people: Iterable[int]) -> dict[int, tuple[Any, ...]]:
    """The state of each of these people who may sign in."""
    found = get_user_model().objects.filter(pk__in=people, is_active=True).order_by("pk", "groups")
    states: dict[int, tuple[Any, ...]] = {}
    for person, password, is_superuser, role in found.values_list("pk", "password", "is_superuser", "groups"):
        states[person] = (*states.get(person, (password, is_superuser)), role)
    return states


def _looked_up(people: Iterable[int]) -> dict[int, tuple[Any, ...]]:
    try:
        return _states(people)
    finally:
        connection.close()  # a thread of its own, which nothing else would close

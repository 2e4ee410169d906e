"""Streams of nudges: few per person, and ended within seconds when the person is switched off or changed."""

import asyncio
from contextlib import ExitStack

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection
from django.test import AsyncClient

from integration.console.models import User
from integration.console.roles import APPROVER
from integration.pages import streams
from integration.pages.streams import HOLDER, Streams, TooManyStreams, holder_of

pytestmark = pytest.mark.django_db(transaction=True)


def switch_off(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


def change_password(person: User) -> None:
    person.set_password("another-long-password")
    person.save()


def give_role(person: User) -> None:
    person.groups.add(Group.objects.get(name=APPROVER))


@pytest.mark.parametrize("change", [switch_off, change_password, give_role])
def test_streams_of_a_changed_person_end_and_those_of_others_stay(
    change: object, operator: User, csr: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "LOOK_EVERY_S", 0.05)
    theirs, others = holder_of(operator.pk), holder_of(csr.pk)

    def changed() -> None:
        change(operator)  # type: ignore[operator]
        connection.close()

    async def course() -> None:
        open_streams = Streams()
        with open_streams.hold(theirs) as ends, open_streams.hold(others) as stays:
            await asyncio.sleep(0.3)
            assert not ends.is_set()
            await asyncio.to_thread(changed)
            await asyncio.wait_for(ends.wait(), 10)
            assert not stays.is_set()

    asyncio.run(course())


def test_a_person_has_few_streams_and_another_one_after_closing_one(operator: User, csr: User) -> None:
    theirs, others = holder_of(operator.pk), holder_of(csr.pk)

    async def course() -> None:
        open_streams = Streams()
        with ExitStack() as pages:
            for _ in range(settings.STREAMS_OF_A_PERSON):
                pages.enter_context(open_streams.hold(theirs))
            with pytest.raises(TooManyStreams, match="6 pages open"), open_streams.hold(theirs):
                pass
            pages.enter_context(open_streams.hold(others))
        with open_streams.hold(theirs):
            pass

    asyncio.run(course())


def test_the_view_says_whose_stream_it_allowed(operator: User) -> None:
    async def course() -> object:
        client = AsyncClient()
        await client.aforce_login(operator)
        answer = await client.get("/live/")
        return answer.asgi_request.scope[HOLDER]  # type: ignore[attr-defined]

    assert asyncio.run(course()) == holder_of(operator.pk)

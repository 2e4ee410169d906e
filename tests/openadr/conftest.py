"""A head end that is reached by OpenADR, its client, and a stage that calls its devices."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client

from integration.console.models import User
from integration.pages.callers import Caller
from integration.pages.doors import calls
from integration.pages.oauth import asked
from integration.seam.rights import known_rights
from integration.seam.service_accounts import ServiceAccount
from lec_sim.drivers import DRIVERS
from lec_sim.models import HeadEndProfile, LecStage
from lec_sim.openadr import door
from tests.doors.conftest import account_of, bearer  # noqa: F401  (a fixture)
from tests.lec_sim import stages

ROOT = "/openadr3/3.1.0/"
ask = door._asking
HOUR = timedelta(hours=1)
SCOPES = ["read_targets", "read_ven_objects", "write_reports", "write_subscriptions", "write_vens"]


@pytest.fixture(autouse=True)
def fresh_process() -> Iterator[None]:
    """Nothing is known of accounts, and no call was counted."""
    for forget in (known_rights.forget, calls.cache_clear, asked.cache_clear):
        forget()
    yield
    known_rights.forget()


class VenClient:
    """A client with a token; `get` returns the answer to a read."""

    def __init__(self, account: ServiceAccount, header: dict[str, str]) -> None:
        self.account, self.header = account, header

    def get(self, address: str, query: Any = None, **headers: str) -> Any:
        return Client().get(ROOT + address, query, headers={**self.header, **headers})

    def post(self, address: str, body: Any, content_type: str = "application/json") -> Any:
        return Client().post(ROOT + address, body, content_type=content_type, headers=self.header)

    def put(self, address: str, body: Any) -> Any:
        return Client().put(ROOT + address, body, content_type="application/json", headers=self.header)

    def delete(self, address: str) -> Any:
        return Client().delete(ROOT + address, headers=self.header)

    def found(self, address: str, **query: Any) -> Any:
        """The content of an answer that must be one."""
        answer = self.get(address, query)
        assert answer.status_code == 200, answer.content
        return answer.json()


@pytest.fixture
def ven_of(account_of: Callable[..., Any], operator: User) -> Callable[..., VenClient]:  # noqa: F811
    """Make a head end reached by OpenADR, and its client."""

    def make(head_end: str) -> VenClient:
        made = account_of(operator, f"Client of {head_end}", scopes=SCOPES)
        profile, _ = HeadEndProfile.objects.get_or_create(head_end=head_end)
        profile.driver, profile.client = "openadr", made[0].client_id
        profile.save()
        return VenClient(made[0], bearer(made))

    return make


@pytest.fixture
def ven(ven_of: Callable[..., VenClient]) -> VenClient:
    return ven_of("HE1")


@pytest.fixture
def stage(ven: VenClient, now: datetime) -> LecStage:
    """A stage in an hour that calls twenty devices behind HE1, and is published."""
    return published(now)


def move_calls(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """Let calls come at this moment, from clients whose tokens are no older for it."""

    def asking(request: HttpRequest, caller: Caller) -> door.Asking:
        return replace(ask(request, caller), now=moment)

    monkeypatch.setattr(door, "_asking", asking)


def published(now: datetime, *, starts_at: datetime | None = None, **fields: Any) -> LecStage:
    """A stage whose reservations are loaded, and of which its head ends were told."""
    made = stages.reserved(starts_at or now + HOUR, now, **fields)
    for driver in DRIVERS.values():
        driver.publish(made, now=now)
    return made

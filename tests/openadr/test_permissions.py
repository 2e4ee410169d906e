"""Who may call which operation of OpenADR: every kind of account, with every scope alone, and without any."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from integration.console.models import User
from integration.console.roles import ADMINISTRATOR, APPROVER, BALANCE_AUTHORITY, CSR, OPERATOR, PROGRAM_MANAGER
from integration.pages.doors import calls
from integration.pages.oauth import asked
from integration.seam.scopes import SCOPES
from lec_sim.models import LecStage
from lec_sim.openadr.topics import OF_EVERYBODY
from tests import factories
from tests.doors.conftest import bearer

from .conftest import ROOT, VenClient

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"
TARGETS, OBJECTS = "read_targets read_all", "read_ven_objects read_all"
# The scopes of which a token needs one, by method and address.
MAY = {
    **{("GET", address): TARGETS for address in ("programs", "programs/ID", "events", "events/ID", "notifiers")},
    **{
        ("GET", address + end): OBJECTS
        for address in ("reports", "subscriptions", "vens", "resources")
        for end in ("", "/ID")
    },
    **{
        ("GET", f"notifiers/mqtt/topics/{topic}"): TARGETS
        for topic in ("programs", "programs/ID", "programs/ID/events")
    },
    **{
        ("GET", f"notifiers/mqtt/topics/{topic}"): OBJECTS
        for topic in ("vens/ID", "vens/ID/events", "vens/ID/programs", "vens/ID/resources")
    },
    **{
        (method, address + end): scope
        for address, scope in {
            "programs": "write_programs",
            "events": "write_events",
            "reports": "write_reports",
            "subscriptions": "write_subscriptions",
            "vens": "write_vens",
            "resources": "write_vens",
        }.items()
        for method, end in (("POST", ""), ("PUT", "/ID"), ("DELETE", "/ID"))
    },
}
# Topics of the objects of all clients, which nobody is told of.
NOBODYS = {("GET", f"notifiers/mqtt/topics/{topic}") for topic in OF_EVERYBODY}
# What Gridcall alone writes outside the conformance realm.
OFFERS = {("POST", "vens"), ("PUT", "vens/ID")}  # never taken up, but a name that is taken is told (test_offers.py)
OURS = {act for act in MAY if act[0] != "GET" and act[1].partition("/")[0] not in ("reports", "subscriptions")} - OFFERS
OPENADR = sorted({scope for scopes in MAY.values() for scope in scopes.split()})
ROLES = [OPERATOR, APPROVER, BALANCE_AUTHORITY, CSR, PROGRAM_MANAGER, ADMINISTRATOR]


def addresses(resolver: URLResolver, path: str = "/") -> Iterator[str]:
    for entry in resolver.url_patterns:
        here = path + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, here)
        elif isinstance(entry, URLPattern) and here.startswith(ROOT):
            yield here.removeprefix(ROOT).replace("<id:object_id>", "ID")


@pytest.fixture(autouse=True)
def without_limits(settings: Any) -> None:
    settings.API_CALLS_PER_MINUTE = settings.API_TOKENS_PER_MINUTE = 1_000_000
    calls.cache_clear()
    asked.cache_clear()


def status(act: tuple[str, str], header: dict[str, str]) -> int:
    """Of a call with an empty body and an id of nothing."""
    address = ROOT + act[1].replace("ID", "realm-0")
    return Client().generic(act[0], address, "{}", content_type="application/json", headers=header).status_code


def test_every_address_stands_in_the_table() -> None:
    found = set(addresses(get_resolver())) - {"auth/token", "auth/server"}
    assert found == {address for _method, address in MAY.keys() | NOBODYS}


def test_without_a_token_everything_is_401() -> None:
    assert {status(act, {}) for act in MAY} == {401}
    assert {status(act, {"Authorization": "Bearer nonsense"}) for act in MAY} == {401}


@pytest.mark.parametrize("scope", OPENADR)
def test_a_scope_does_what_it_says_in_the_realm_and_outside(
    account_of: Callable[..., Any], operator: User, ven: VenClient, stage: LecStage, settings: Any, scope: str
) -> None:
    """As a client of the realm, as one of no head end, and as a head end's: there nobody writes what only we write."""
    realm, nobody = (account_of(operator, name, scopes=OPENADR) for name in ("Realm", "Nobody"))
    settings.OPENADR_CONFORMANCE = [realm[0].client_id]
    takes = {act for act, scopes in MAY.items() if scope in scopes.split()}
    assert {act for act in MAY if status(act, bearer(realm, scope=scope)) != 403} == takes
    assert {act for act in MAY if status(act, bearer(nobody, scope=scope)) != 403} == takes - OURS
    ven.account.scopes = OPENADR
    ven.account.save()
    settings.OPENADR_CONFORMANCE += [ven.account.client_id]
    assert {act for act in OURS if status(act, ven.header) != 403} == set()
    assert {status(act, bearer(made, scope=scope)) for act in NOBODYS for made in (realm, nobody)} == {403}


@pytest.mark.parametrize("role", ROLES)
def test_an_account_does_nothing_that_its_owner_may_not(
    account_of: Callable[..., Any], settings: Any, role: str
) -> None:
    made = account_of(factories.person("someone", role), "Someone", scopes=sorted(SCOPES))
    settings.OPENADR_CONFORMANCE = [made[0].client_id]
    header = bearer(made)
    may = {act for act in MAY if status(act, header) != 403}
    assert may == (set(MAY) if role == OPERATOR else set())

"""Who may call the reference system's interfaces, and what an account without a permission or a token is told."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from integration.console.models import User
from integration.console.roles import ADMINISTRATOR, APPROVER, BALANCE_AUTHORITY, CSR, OPERATOR, PROGRAM_MANAGER
from integration.pages.problems import REFERENCE
from integration.seam.scopes import SCOPES
from tests import factories

from .calling import NONE
from .conftest import Made, bearer

pytestmark = pytest.mark.django_db
ROLES = {
    "O": OPERATOR, "A": APPROVER, "B": BALANCE_AUTHORITY, "C": CSR, "P": PROGRAM_MANAGER, "D": ADMINISTRATOR,
}  # fmt: skip
# The method, a letter per owner whose account may call it, and the scope it takes.
MAY = {
    "service/programEvent/": ("POST", "D", "program_events:write"),
    "service/programEvent": ("POST", "D", "program_events:write"),
    "service/programEvent/lifecycle": ("POST", "D", "program_events:write"),
    "service/programEventParticipation/reserveDevice": ("POST", "D", "program_events:write"),
    "service/programEventParticipation/postEventOutcome": ("POST", "D", "program_events:write"),
    "service/extracts": ("POST", "D", "program_events:write"),
    "service/extracts/<uuid:uid>/<id:file>": ("POST", "D", "program_events:write"),
    "digitalAssets/controllableDeviceStatus/response": ("POST", "D", "device_status:write"),
    "digitalAssets/programEnrollments/enroll": ("POST", "C", "enrollments:write"),
    "digitalAssets/programEnrollments/enroll/<int:pk>": ("GET", "CP", "enrollments:read"),
    "digitalAssets/programEnrollments/enrollDevice": ("POST", "CP", "enrollments:write"),
    "digitalAssets/programEnrollments/unenroll": ("POST", "C", "enrollments:write"),
    "digitalAssets/programEligibilityAndQualification/<id:code>/qualificationQuestions": ("GET", "P", "programs:read"),
}


def addresses(resolver: URLResolver, path: str = "/") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        here = path + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, here)
        elif here.startswith(REFERENCE):
            yield here.removeprefix(REFERENCE), entry


def call(address: str, header: dict[str, str]) -> Any:
    """An empty body reaches no operation, but passes the door."""
    send = getattr(Client(enforce_csrf_checks=True), MAY[address][0].lower())
    given = ({}, "application/json") if MAY[address][0] == "POST" else ()
    return send(REFERENCE + at(address), *given, headers=header)


def at(address: str) -> str:
    """An address with something in the place of its parts."""
    for part, value in (("<id:code>", "COOL"), ("<int:pk>", "1"), ("<uuid:uid>", NONE), ("<id:file>", "a")):
        address = address.replace(part, value)
    return address


def test_every_address_stands_in_the_table_and_says_who_may() -> None:
    found = dict(addresses(get_resolver()))
    assert found.keys() == MAY.keys()
    assert all(entry.callback.allow for entry in found.values())  # type: ignore[attr-defined]


@pytest.mark.parametrize("letter", ROLES)
def test_an_account_calls_what_its_owner_may(account_of: Callable[..., Made], letter: str) -> None:
    header = bearer(account_of(factories.person("owner", ROLES[letter])))
    refused = {address for address in MAY if call(address, header).status_code == 403}
    assert refused == {address for address, (_method, owners, _scope) in MAY.items() if letter not in owners}


def test_a_token_calls_what_its_scope_says_and_nothing_else(account_of: Callable[..., Made]) -> None:
    made = account_of(User.objects.create_superuser("boss"))
    for scope in SCOPES:
        header = bearer(made, scope=scope)
        passed = {address for address in MAY if call(address, header).status_code != 403}
        assert passed == {address for address, (*_who, takes) in MAY.items() if takes == scope}, scope


def test_without_a_token_nothing_opens_not_even_with_a_session(client: Client) -> None:
    client.force_login(User.objects.create_superuser("boss"))
    for address, (method, *_who) in MAY.items():
        answer = client.generic(method, REFERENCE + at(address), "{}", "application/json")
        told = answer.json()
        assert (answer.status_code, told["httpStatus"], told["title"]) == (401, 401, "Unauthorized"), address
        assert answer["WWW-Authenticate"] == 'Bearer realm="Gridcall"'


def test_what_is_no_call_is_told_in_the_same_document(account_of: Callable[..., Made], administrator: User) -> None:
    header = bearer(account_of(administrator))
    address = REFERENCE + "service/programEvent/"
    answers = [
        Client().get(address, headers=header),
        Client().post(address, "<event/>", "application/xml", headers=header),
        Client().get(REFERENCE + "nothing", headers=header),
    ]
    assert [one.status_code for one in answers] == [405, 415, 404]
    assert answers[0]["Allow"] == "POST"
    assert {tuple(one.json()) for one in answers} == {
        ("problemType", "title", "httpStatus", "detail", "problemInstance")
    }
    assert {one["Content-Type"] for one in answers} == {"application/json"}

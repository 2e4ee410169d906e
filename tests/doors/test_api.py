"""The API: who may call what, that it says what pages say, and what a wrong call is told."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from derms.models import Event
from integration.console.models import User
from integration.console.service_accounts import save_account
from integration.pages import api as operations
from integration.pages.problems import REFERENCE, is_api
from integration.seam import clock
from integration.seam.alert_rows import Priority
from integration.seam.alerts import raise_alert
from integration.seam.rights import known_rights
from integration.seam.scopes import SCOPES

from .calling import ACTS, MAY, PEOPLE, PROBLEM, V1, Send, example
from .conftest import Made, bearer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_demo")]
OPEN = {"/oauth/token", "/openadr3/3.1.0/auth/server", "/openadr3/3.1.0/auth/token", f"{V1}openapi.json"}


def addresses(resolver: URLResolver, path: str = "/") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        here = path + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, here)
        elif is_api(here) and not here.startswith(REFERENCE):  # those have a table of their own
            yield here, entry


def test_every_address_stands_in_the_table_and_says_who_may() -> None:
    found = dict(addresses(get_resolver()))
    ours = {address for address in found if not address.startswith("/openadr3/")}  # theirs: tests/openadr/
    there = {*MAY, *(address for _method, address in ACTS)}
    assert ours | OPEN == {V1 + address for address in there} | OPEN
    assert {address for address, entry in found.items() if getattr(entry.callback, "allow") is None} == OPEN  # noqa: B009
    assert all(entry.callback.allow for address, entry in found.items() if address not in OPEN)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("person", "address"),
    [
        ("pia.manager", "programs"),
        ("pia.manager", "program-events/<event_number>/<stage_number>"),
        ("olive.operator", "events/<number>"),
        ("olive.operator", "events/<number>/stages"),
        ("olive.operator", "events/<number>/profile"),
        ("olive.operator", "strategies"),
        ("olive.operator", "groups"),
        ("cora.csr", "enrollments/<enrollment>"),
        ("cora.csr", "customers/<customer>"),
        ("cora.csr", "customers/<customer>/devices"),
    ],
)
def test_an_address_that_takes_no_parameter_refuses_any(call: Callable[..., Any], person: str, address: str) -> None:
    """`programs?limit=1` once returned all programs."""
    answer = call(person, example(address), limit="1")
    assert (answer.status_code, answer["Content-Type"]) == (422, PROBLEM)
    assert answer.json()["detail"] == "This address takes no parameters."


@pytest.mark.parametrize("letter", PEOPLE)
def test_an_account_calls_what_its_owner_may(call: Callable[..., Any], letter: str) -> None:
    answers = {address: call(PEOPLE[letter], example(address)) for address in MAY}
    assert {address: one.status_code for address, one in answers.items()} == {
        address: 200 if letter in owners else 403 for address, (owners, _scope) in MAY.items()
    }
    assert {one["Content-Type"] for one in answers.values() if one.status_code == 403} == {PROBLEM}


@pytest.mark.parametrize("letter", PEOPLE)
def test_an_account_does_what_its_owner_may(send: Send, letter: str) -> None:
    """Who may not is refused with 403 before anything is read; who may is told what is wrong with an empty body."""
    refused = {
        act: send(PEOPLE[letter], act[0], example(act[1]).removeprefix(V1), {}).status_code == 403 for act in ACTS
    }
    assert refused == {act: letter not in owners for act, (owners, _scope) in ACTS.items()}


def test_a_scope_does_what_it_says_and_nothing_else(account_of: Callable[..., Made]) -> None:
    made = account_of(User.objects.create_superuser("boss"))
    for scope in SCOPES:
        send = Send({"boss": bearer(made, scope=scope)})
        done = {act for act in ACTS if send("boss", act[0], example(act[1]).removeprefix(V1), {}).status_code != 403}
        assert done == {act for act, (_owners, takes) in ACTS.items() if takes == scope}, scope


@pytest.mark.parametrize("fields", [{"is_active": False}, {"expires_on": date(2026, 1, 1)}, {"scopes": []}])
def test_an_account_that_was_ended_does_nothing_more(account_of: Callable[..., Made], fields: dict[str, Any]) -> None:
    """With a token that was given before it was switched off, expired, or lost its scopes."""
    made = account_of(User.objects.create_superuser("boss"))
    send = Send({"boss": bearer(made)})
    save_account(client_id=made[0].client_id, fields=fields, by="adam", now=clock.now())
    known_rights.forget()
    calls = [("GET", address) for address in MAY] + list(ACTS)
    answers = [send("boss", method, example(address).removeprefix(V1), {}) for method, address in calls]
    assert {(answer.status_code, answer["Content-Type"]) for answer in answers} == {(401, PROBLEM)}


def test_a_token_calls_what_its_scope_says_and_nothing_else(account_of: Callable[..., Made]) -> None:
    boss = User.objects.create_superuser("boss")
    made = account_of(boss)
    for scope in SCOPES:
        header = bearer(made, scope=scope)
        passed = {address for address in MAY if Client().get(example(address), headers=header).status_code == 200}
        assert passed == {address for address, (_owners, takes) in MAY.items() if scope in takes.split()}, scope


def test_without_a_token_nothing_opens_not_even_with_a_session(client: Client) -> None:
    client.force_login(User.objects.get(username="olive.operator"))
    for method, address in [("GET", address) for address in MAY] + list(ACTS):
        answer = client.generic(method, example(address))
        assert (answer.status_code, answer["Content-Type"]) == (401, PROBLEM), address
        assert answer["WWW-Authenticate"] == 'Bearer realm="Gridcall"'
    broken = Client().get(f"{V1}events", headers={"Authorization": "Bearer nonsense"})
    assert (broken.status_code, broken.json()["detail"]) == (
        401,
        "The token is not one of ours. Tokens are given at /oauth/token.",
    )
    assert "invalid_token" in broken["WWW-Authenticate"]


def test_an_owner_who_loses_a_role_takes_it_from_a_token_that_was_given(
    account_of: Callable[..., Made], fresh_process: None
) -> None:
    person = User.objects.get(username="pia.manager")
    made = account_of(person)
    header = bearer(made)
    assert Client().get(f"{V1}programs", headers=header).status_code == 200
    person.groups.clear()
    known_rights.forget()  # as the notification does: test_accounts.py
    assert Client().get(f"{V1}programs", headers=header).status_code == 403
    save_account(client_id=made[0].client_id, fields={"is_active": False}, by="adam", now=clock.now())
    known_rights.forget()
    ended = Client().get(f"{V1}programs", headers=header)
    assert (ended.status_code, ended.json()["title"]) == (401, "Unauthorized")


def downloaded(answer: Any) -> bytes:
    async def content() -> bytes:
        return b"".join([part async for part in answer])

    return async_to_sync(content)()


def everything(call: Callable[..., Any], person: str, address: str, **query: Any) -> list[dict[str, Any]]:
    """All pages of a list, from one `next` to the following."""
    answer = call(person, address, **query).json()
    items = answer["items"]
    while answer["next"]:
        answer = call(person, answer["next"]).json()
        items += answer["items"]
    return items  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("person", "address", "page", "query"),
    [
        ("olive.operator", "events", "/events/export/", {"view": "all"}),
        ("olive.operator", "events", "/events/export/", {"view": "all", "state": "Completed"}),
        ("olive.operator", "devices", "/devices/export/", {"device_class": "thermostat"}),
        ("olive.operator", "events/<number>/stages/1/devices", "/events/<number>/stages/1/devices/export/", {}),
        ("olive.operator", "groups/<group>/devices", "/der-groups/<group>/devices/export/", {}),
        ("pia.manager", "program-events", "/program-events/export/", {}),
        ("pia.manager", "participations", "/program-events/participation/export/", {"outcome": "D1SP"}),
        ("cora.csr", "participations", "/program-events/participation/export/", {"status": "Closed"}),
        ("adam.admin", "alerts", "/alerts/export/", {"view": "all"}),
        ("adam.admin", "messages", "/messages/export/", {}),
    ],
)
def test_the_api_says_what_the_exported_list_says(
    call: Callable[..., Any], client: Client, person: str, address: str, page: str, query: dict[str, str]
) -> None:
    """Through pages of seven: the same rows in the same order, with the same columns."""
    raise_alert("one", kind="role given", priority=Priority.HIGH, text="somebody became an administrator")
    client.force_login(User.objects.get(username=person))
    page = example(page).removeprefix(V1)
    text = downloaded(client.get(page, query)).decode("utf-8-sig")
    accepted = call(person, example(address), accept="text/csv", **query)
    assert (accepted["Content-Type"], downloaded(accepted).decode("utf-8-sig")) == ("text/csv; charset=utf-8", text)
    header, *rows = csv.reader(io.StringIO(text))
    assert rows
    names = [re.sub("[^a-z0-9]+", "_", name.lower()).strip("_") for name in header]
    size = 7 if len(rows) < 60 else 100
    found = everything(call, person, example(address), limit=size, **query)
    assert [list(item) for item in found] == [names] * len(rows)
    keys = [name for name in names if name in ("event", "nic_id", "program_event", "message", "state", "text")]
    shown = [[str(item[name]) for name in keys] for item in found]
    assert shown == [[row[names.index(name)].lstrip("'") for name in keys] for row in rows]


def test_customers_are_named_only_to_who_may_see_them(call: Callable[..., Any]) -> None:
    (seen,) = call("cora.csr", "participations", limit=1).json()["items"]
    (unseen,) = call("pia.manager", "participations", limit=1).json()["items"]
    hidden = seen.keys() - unseen.keys()
    assert hidden
    assert all("customer" in name or "account" in name for name in hidden), hidden
    refused = call("pia.manager", "participations", customer="C-1")
    assert (refused.status_code, refused.json()["detail"][:25]) == (422, "There is no “customer”. T")
    assert call("cora.csr", "participations", customer="C-1").json()["items"] == []


def test_the_profile_is_that_of_the_page(call: Callable[..., Any], client: Client) -> None:
    event = Event.objects.filter(state="Completed").latest("pk")
    client.force_login(User.objects.get(username="olive.operator"))
    power = client.get(f"/events/{event.number}/").context["power"]
    found = call("olive.operator", f"events/{event.number}/profile").json()
    assert found["figures"] == {name: getattr(power.figures, name) for name in found["figures"]}
    assert found["figures"]["reserved_kw"] > 0
    assert found["steps"][0]["starts_at"] < found["steps"][-1]["ends_at"]
    (first, *_others) = call("olive.operator", f"events/{event.number}/stages").json()["items"]
    stage = event.stages.get(number=1)
    assert (first["stage"], first["state"], first["reserved"]) == (1, stage.state, stage.reserved)


WRONG: dict[str, tuple[str, int, str]] = {
    "a value that is not there": ("events?state=Gone", 422, "There is no “Gone”. There are: New"),
    "a parameter that is not there": ("events?status=New", 422, "There is no “status”"),
    "a filter twice": ("events?state=New&state=Completed", 422, "Give “state” once"),
    "a filter without a value": ("participations?customer=%20", 422, "Give “customer” once, with a value"),
    "too many parameters": ("events?" + "&".join(f"p{n}=1" for n in range(1001)), 400, "too many parameters"),
    "no place": ("events?after=x", 400, "does not lead to a place"),
    "too many rows": ("events?limit=501", 422, "from 1 to 500"),
    "no rows": ("devices?limit=0", 422, "from 1 to 500"),
    "a NUL": ("events?q=%00", 422, ""),
    "no such event": ("events/DR-1999-0001", 404, "nothing at this address"),
    "no such program event": ("program-events/DR-1999-0001/1", 404, "nothing at this address"),
    "no address at all": ("", 404, "nothing at this address"),
    "no such address": ("nothing", 404, "nothing at this address"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_call_is_told_what_is_wrong(account_of: Callable[..., Made], case: str) -> None:
    header = bearer(account_of(User.objects.create_superuser("boss")))
    address, status, sentence = WRONG[case]
    answer = Client().get(V1 + address, headers=header)
    told = answer.json()
    assert (answer.status_code, answer["Content-Type"], told["status"]) == (status, PROBLEM, status)
    assert sentence in told["detail"]
    assert answer["X-Request-ID"]


def test_only_what_is_there_can_be_done(call: Callable[..., Any], account_of: Callable[..., Made]) -> None:
    header = bearer(account_of(User.objects.get(username="olive.operator")))
    answer = Client(enforce_csrf_checks=True).post(f"{V1}devices", {}, "application/json", headers=header)
    assert (answer.status_code, answer["Content-Type"]) == (405, PROBLEM)
    assert set(answer["Allow"].split(", ")) == {"GET", "HEAD"}


def test_the_published_document_is_only_read() -> None:
    answer = Client(enforce_csrf_checks=True).post(f"{V1}openapi.json")
    assert (answer.status_code, answer["Allow"], answer["Content-Type"]) == (405, "GET, HEAD", PROBLEM)


def test_after_a_program_event_that_is_gone_comes_nothing(call: Callable[..., Any]) -> None:
    """Once it was answered with 500, on the page too."""
    assert call("cora.csr", "participations", after="999999999999999999~1").json() == {"items": [], "next": None}


def test_past_the_end_is_an_empty_page(call: Callable[..., Any]) -> None:
    assert call("olive.operator", "events", after="0").json() == {"items": [], "next": None}


def test_a_flood_costs_only_its_own_account(account_of: Callable[..., Made], settings: Any) -> None:
    settings.API_CALLS_PER_MINUTE = 4
    owner = User.objects.get(username="olive.operator")
    mine, other = bearer(account_of(owner, "Flood")), bearer(account_of(owner, "Other"))
    answers = [Client().get(f"{V1}events", headers=mine) for _ in range(5)]
    assert [one.status_code for one in answers] == [200] * 4 + [429]
    assert 1 <= int(answers[-1]["Retry-After"]) <= 15
    assert Client().get(f"{V1}events", headers=other).status_code == 200


def test_the_published_document_names_every_operation_with_its_filters() -> None:
    found = Client().get(f"{V1}openapi.json").json()
    assert found["openapi"] == "3.1.0"
    named = {
        (method.upper(), re.sub("{(\\w+)}", "<\\1>", address.removeprefix(V1)))
        for address, methods in found["paths"].items()
        for method in methods
    }
    assert named == {("GET", address) for address in MAY} | ACTS.keys()
    events = found["paths"][f"{V1}events"]["get"]
    parameters = {one["name"]: one["schema"] for one in events["parameters"]}
    assert parameters.keys() == {"view", "q", "type", "zone", "state", "missed", "after", "limit"}
    assert "Completed" in parameters["state"]["enum"]
    assert "reserved_kw" in found["components"]["schemas"]["Figures"]["properties"]
    assert events["security"] == [{"Bearer": []}]


def test_an_operation_that_does_not_say_who_may_is_not_mounted() -> None:
    from ninja import NinjaAPI

    part = NinjaAPI(urls_namespace="forgotten")

    @part.get("/forgotten")
    def forgotten(request: Any) -> None: ...

    with pytest.raises(TypeError, match="forgotten does not say who may call it"):
        operations.marked(part)

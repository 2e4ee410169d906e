"""The published document: what it says of every operation, and that real answers are as it says."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from jsonschema_rs import Draft202012Validator

from integration.console.models import User

from .calling import MAY, PROBLEM, V1, example
from .conftest import Made, bearer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_demo")]


@pytest.fixture(scope="module")
def document() -> Any:
    return Client().get(f"{V1}openapi.json").json()


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for address, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, address, operation


def leaves(document: Any, schema: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Every field below a schema, with its place; a schema that refers to another is looked up."""
    if "$ref" in schema and (name := schema["$ref"].rpartition("/")[2]):
        yield from leaves(document, document["components"]["schemas"][name], name)
    for one in schema.get("anyOf", []):
        yield from leaves(document, one, place)
    if "items" in schema:
        yield from leaves(document, schema["items"], f"{place}[]")
    for name, field in schema.get("properties", {}).items():
        yield f"{place}.{name}", field
        yield from leaves(document, field, f"{place}.{name}")


def answers(operation: Any) -> Iterator[tuple[int, Any]]:
    for status, response in operation["responses"].items():
        if int(status) < 300 and "application/json" in response.get("content", {}):
            yield int(status), response["content"]["application/json"]["schema"]


def validator(document: Any, schema: Any) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document["components"]}, validate_formats=True)


def test_every_field_and_parameter_has_a_type_and_a_description(document: Any) -> None:
    untold = []
    for method, address, operation in operations(document):
        where = f"{method} {address}"
        for parameter in operation["parameters"]:
            if not parameter.get("description") or not parameter["schema"].get("type"):
                untold.append(f"{where} {parameter['name']}")
        bodies = [one["schema"] for one in operation.get("requestBody", {}).get("content", {}).values()]
        for schema in [schema for _status, schema in answers(operation)] + bodies:
            found = dict(leaves(document, schema, where))
            assert found, where
            untold += [
                f"{where} {place}"
                for place, field in found.items()
                if not field.get("description") or not {"type", "$ref", "anyOf", "const"} & field.keys()
            ]
    assert sorted(set(untold)) == []


def test_every_operation_says_which_scope_it_takes_and_what_can_go_wrong(document: Any) -> None:
    for method, address, operation in operations(document):
        assert "Takes the scope `" in operation["description"], address
        assert operation["security"] == [{"Bearer": []}]
        assert {"401", "403", "404", "422", "429"} <= operation["responses"].keys(), (method, address)
    for response in document["components"]["responses"].values():
        assert response["content"][PROBLEM]["schema"] == {"$ref": "#/components/schemas/Problem"}


@pytest.mark.parametrize("owner", ["boss", "pia.manager"])
def test_real_answers_are_as_the_document_says(document: Any, account_of: Callable[..., Made], owner: str) -> None:
    """Also for an owner who sees no customers; and every refusal is a problem as it is described."""
    person = User.objects.filter(username=owner).first() or User.objects.create_superuser(owner)
    header, seen = bearer(account_of(person)), 0
    problem = validator(document, {"$ref": "#/components/schemas/Problem"})
    for address in MAY:
        described = document["paths"][V1 + address.replace("<", "{").replace(">", "}")]["get"]
        answer = Client().get(example(address), headers=header)
        if answer.status_code != 200:
            assert (owner, answer.status_code) == ("pia.manager", 403)
            problem.validate(answer.json())
            continue
        ((_status, schema),) = answers(described)
        validator(document, schema).validate(answer.json())
        seen += bool(answer.json().get("items", True))
    assert seen >= {"boss": 24, "pia.manager": 12}[owner]


def test_a_wrong_answer_would_be_noticed(document: Any) -> None:
    """The look at answers knows types, enumerations and formats."""
    schema = {"$ref": "#/components/schemas/UnavailabilityRow"}
    row = {
        "unavailability": "0b7b3f0e-6a37-4a43-9a0e-111111111111",
        "version": 1,
        "head_end": "HUB",
        "nic_id": "00A1",
        "from": "2026-07-21T18:00:00Z",
        "until": "2026-07-21T20:00:00Z",
        "reason": "away",
        "state": "Active",
    }
    look = validator(document, schema)
    assert look.is_valid(row)
    for wrong in ({"state": "Gone"}, {"version": "1"}, {"from": "today"}, {"unavailability": "1"}, {"reason": None}):
        assert not look.is_valid({**row, **wrong}), wrong


def test_head_is_get_without_a_body(account_of: Callable[..., Made]) -> None:
    header = bearer(account_of(User.objects.create_superuser("boss")))
    answer = Client().head(f"{V1}events", headers=header)
    assert (answer.status_code, answer.content, answer["Content-Type"][:16]) == (200, b"", "application/json")
    assert Client().head(f"{V1}events").status_code == 401


def test_a_host_that_is_not_ours_is_told_so_in_a_problem(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["gridcall.example"]
    answer = Client().get(f"{V1}events", headers={"Host": "elsewhere.example"})
    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
    assert "Host" in answer.json()["detail"]
    assert answer["X-Request-ID"]

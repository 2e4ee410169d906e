"""The published document of OpenADR 3.1.0 as this VTN meets it: the file as it is, and an overlay with its reasons.

docs/how-to/openadr.md lists the same for people.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parents[1] / "vendor" / "openadr3-3.1.0.yaml"
METHODS = {"get", "post", "put", "delete"}
Document = dict[str, Any]
OVERLAY: dict[str, Callable[[Document], None]] = {}


def overlay(reason: str) -> Callable[[Callable[[Document], None]], Callable[[Document], None]]:
    """Add a change to the overlay, with why the document can't be met without it."""

    def add(change: Callable[[Document], None]) -> Callable[[Document], None]:
        OVERLAY[reason] = change
        return change

    return add


def contract() -> Document:
    """The document with the overlay."""
    # YAML makes dates of some examples.
    document: Document = json.loads(json.dumps(yaml.safe_load(FILE.read_text()), default=str))
    for change in OVERLAY.values():
        change(document)
    return document


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Every operation with its method and its path."""
    for path, methods in document["paths"].items():
        for method in sorted(METHODS & methods.keys()):
            yield method.upper(), path, methods[method]


@overlay("The server is ours; the document names a mock.")
def _server(document: Document) -> None:
    document["servers"] = [{"url": "/openadr3/3.1.0"}]


@overlay("A ven and a resource that are read combine two objectTypes, VEN and BL_VEN_REQUEST; they are what they are.")
def _object_types(document: Document) -> None:
    schemas = document["components"]["schemas"]
    for name, request in (("ven", "BlVenRequest"), ("resource", "BlResourceRequest")):
        own = {**schemas[request], "properties": {**schemas[request]["properties"]}}
        del own["properties"]["objectType"]
        own["required"] = [one for one in own["required"] if one != "objectType"]
        schemas[name] = {**schemas[name], "allOf": [schemas[name]["allOf"][0], own]}


@overlay("One default is the text “null -”.")
def _default(document: Document) -> None:
    targets = document["components"]["schemas"]["BlVenRequest"]["properties"]["targets"]
    assert targets["default"] == "null          -"
    targets["default"] = None


@overlay("Five topics take the scope read_bl, which is nowhere defined: read_all.")
def _scope(document: Document) -> None:
    for _method, _path, operation in operations(document):
        for way in operation.get("security", []):
            way.update({name: ["read_all" if one == "read_bl" else one for one in way[name]] for name in way})


@overlay("Any call may be answered 401, 405, 413, 415 and 429, and a ven whose name is taken 409.")
def _statuses(document: Document) -> None:
    for method, path, operation in operations(document):
        more = ["400", "401", "403", "405", "413", "415", "429"] + ["409"] * ((method, path) == ("POST", "/vens"))
        for status in more:
            operation["responses"].setdefault(status, {"$ref": "#/components/responses/badRequest"})


@overlay("Problems are application/problem+json (RFC 9457), except those about tokens (RFC 6749).")
def _problems(document: Document) -> None:
    responses = document["components"]["responses"]
    for _method, path, operation in operations(document):
        for status, found in operation["responses"].items():
            described = responses[found["$ref"].rpartition("/")[2]] if "$ref" in found else found
            is_problem = status >= "400" and (path, status) not in {("/auth/token", "400"), ("/auth/token", "401")}
            if is_problem and "application/json" in described.get("content", {}):
                schema = described["content"]["application/json"]
                operation["responses"][status] = {**described, "content": {"application/problem+json": schema}}


@overlay("What is written has a body; of some operations the document says it may be missing.")
def _bodies(document: Document) -> None:
    for _method, _path, operation in operations(document):
        if "requestBody" in operation:
            operation["requestBody"]["required"] = True


@overlay("Clients send null for what is optional; it counts as left out.")
def _nulls(document: Document) -> None:
    for schema in _schemas(document):
        for name, found in schema.get("properties", {}).items():
            if name not in schema.get("required", ()) and name != "clientID":
                schema["properties"][name] = {"allOf": [found], "nullable": True} if "$ref" in found else found
                schema["properties"][name]["nullable"] = True


@overlay("A description of a program and a report's resource are objects; the document does not say so of the first.")
def _descriptions(document: Document) -> None:
    described = document["components"]["schemas"]["programRequest"]["properties"]["programDescriptions"]
    described["items"]["type"] = "object"


@overlay("Callbacks are https addresses; a token is printable, and a subscription has at most 10 callbacks.")
def _callbacks(document: Document) -> None:
    subscription = document["components"]["schemas"]["subscriptionRequest"]["properties"]
    subscription["targets"]["maxItems"] = 100
    subscription["objectOperations"]["maxItems"] = 10
    callback = subscription["objectOperations"]["items"]["properties"]
    callback["callbackUrl"] = {"type": "string", "pattern": "^https://[a-z]{1,20}[.]example/[a-z]{0,20}$"}
    callback["bearerToken"] |= {"pattern": "^[ -~]*$", "maxLength": 4000}
    callback["objects"]["maxItems"], callback["operations"]["maxItems"] = 6, 4


def with_any_callback(document: Document) -> Document:
    """The document without the pattern of callbacks, which not everything that violates it is refused for."""
    subscription = document["components"]["schemas"]["subscriptionRequest"]["properties"]
    del subscription["objectOperations"]["items"]["properties"]["callbackUrl"]["pattern"]
    return document


def known(document: Document, ids: list[str]) -> Document:
    """The document with ids that are there as examples, so that calls find something, too."""
    found = document["components"]["schemas"]["objectID"]
    document["components"]["schemas"]["objectID"] = {"anyOf": [{"type": "string", "enum": ids}, found]}
    return document


def _schemas(document: Document) -> Iterator[Document]:
    """Every schema of an object that clients send, with those within it."""
    waiting = [schema for name, schema in document["components"]["schemas"].items() if "Response" not in name]
    while waiting:
        found = waiting.pop()
        if not isinstance(found, dict):
            continue
        yield found
        waiting += [*found.get("properties", {}).values(), *found.get("allOf", [])]
        if "items" in found:
            waiting.append(found["items"])

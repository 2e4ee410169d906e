"""The published document of the API: what django-ninja knows of it, and what every operation has in common."""

from collections.abc import Iterator
from typing import Any

from ninja import NinjaAPI

from integration.pages.problems import TYPE
from integration.seam.scopes import SCOPES

PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "What went wrong, as RFC 9457 has it.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "const": "about:blank", "description": "The title is the status's own."},
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer", "description": "The status.", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What happened, the value and the limit, in a sentence."},
        "errors": {
            "type": "array",
            "description": "Each field that was refused.",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {
                    "field": {"type": "string", "description": "The field's place; empty: the whole of it."},
                    "detail": {"type": "string", "description": "Why it was refused."},
                },
            },
        },
    },
}
ANY = {
    400: "The request can't be read; the sentence says where.",
    401: "No token, or one that is unknown, expired or ended.",
    403: "Token, account or owner lack the permission.",
    404: "There is nothing at this address.",
    422: "A value that does not exist or is not possible.",
    429: "Too many calls: try again after `Retry-After` seconds.",
    503: "Too much is going on: nothing was changed; try again.",
}
WRITE = {
    408: "The body took too long.",
    409: "The present state does not allow it, or somebody else changed it meanwhile.",
    413: "The body is too large.",
    415: "Another content type than the address takes.",
}
PLACES = {
    "number": "Number of the event.",
    "event_number": "Number of the event.",
    "stage_number": "Number of the stage within the event.",
    "group": "Id of the DER group.",
    "enrollment": "Id of the enrollment.",
    "customer": "Number of the customer.",
    "device": "Id of the customer's device.",
    "subscription": "Id of the subscription.",
    "unavailability": "Uid of the period.",
    "head_end": "Code of the head end system.",
    "nic_id": "The device's id at its head end system.",
    "code": "Code of the control zone.",
    "uid": "Uid of the file.",
}
HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}}},
    429: {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}},
}


def document_of(api: NinjaAPI, root: str) -> dict[str, Any]:
    """The whole interface as OpenAPI 3.1."""
    document = dict(api.get_openapi_schema(path_prefix=root))
    document["components"]["schemas"]["Problem"] = PROBLEM
    document["components"]["responses"] = {
        f"Problem{status}": _response(status, text) for status, text in (ANY | WRITE).items()
    }
    document["servers"] = [{"url": "/"}]
    allowed = dict(_allowed(api))
    for methods in document["paths"].values():
        methods.pop("head", None)  # the same as GET, without the body
        for method, operation in methods.items():
            _complete(operation, allowed[operation["operationId"]], is_write=method != "get")
    return document


def _allowed(api: NinjaAPI) -> Iterator[tuple[str, tuple[str, ...]]]:
    for router in api._get_bound_routers():
        for view in router.path_operations.values():
            for one in view.operations:
                yield one.operation_id or api.get_openapi_operation_id(one), one.view_func.allow  # type: ignore[attr-defined]


def _complete(operation: dict[str, Any], permissions: tuple[str, ...], *, is_write: bool) -> None:
    scopes = [f"`{scope}`" for scope, carried in SCOPES.items() if carried & set(permissions)]
    takes = f"Takes the scope {' or '.join(scopes)}."
    operation["description"] = "\n\n".join(filter(None, [operation.get("description", ""), takes]))
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            parameter["description"] = PLACES[parameter["name"]]
    for status in sorted(ANY | WRITE if is_write else ANY):
        operation["responses"][status] = {"$ref": f"#/components/responses/Problem{status}"}


def _response(status: int, text: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": text,
        "content": {TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    return described | ({"headers": HEADERS[status]} if status in HEADERS else {})

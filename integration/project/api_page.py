"""Help > The API, operation by operation: the published document as a page, without scripts and for this version."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from integration.console.help import html_of
from integration.pages.access import allow
from integration.pages.http import SignedInRequest

from .api import published

Lines = Iterator[str]
JSON = "application/json"


@require_safe
@allow()
def api_operations(request: SignedInRequest) -> HttpResponse:
    """Every operation with its parameters, body, answer and refusals."""
    context = {"title": _("Operations of the API"), "body": _body(), "is_start": False}
    return render(request, "console/help.html", context)


@cache
def _body() -> SafeString:
    return html_of("\n".join(_text(published())), "reference/api")[1]


def _text(document: dict[str, Any]) -> Lines:
    yield "# Operations of the API\n"
    yield "[The API](api.md) says how to get a token and what all operations have in common. `/api/v1/openapi.json` is"
    yield "this page for programs.\n"
    tag = ""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation["tags"][0] != tag:
                tag = operation["tags"][0]
                yield f"\n## {tag}\n"
            yield f"\n### {method.upper()} {path}\n"
            yield from _operation(document, operation)
    yield "\n## Refusals\n"
    yield from _table("status", "means", ((f"`{name[-3:]}`", one["description"]) for name, one in _refusals(document)))


def _operation(document: dict[str, Any], operation: dict[str, Any]) -> Lines:
    yield f"{operation['summary']}. {operation['description']}\n"
    if operation["parameters"]:
        rows = ((f"`{one['name']}`", _kind(one["schema"]), _said(one)) for one in operation["parameters"])
        yield from _table("parameter", "type", "means", rows)
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"\nThe body, `{kind}`:\n"
        yield from _fields(document, content["schema"])
    for status, response in operation["responses"].items():
        content = response.get("content", {})
        if JSON in content:
            others = ", ".join(f"`{kind}`" for kind in content if kind != JSON)
            yield f"\nThe answer, {status}{f' (or as {others})' if others else ''}:\n"
            yield from _fields(document, content[JSON]["schema"])


def _fields(document: dict[str, Any], schema: dict[str, Any]) -> Lines:
    yield from _table("field", "type", "means", _rows(document, schema, ""))


def _rows(document: dict[str, Any], schema: dict[str, Any], before: str) -> Iterator[tuple[str, str, str]]:
    """The fields of an object, with those of the objects in it."""
    found = _looked_up(document, schema)
    for name, field in found.get("properties", {}).items():
        yield f"`{before}{name}`", _kind(_looked_up(document, field)), field.get("description", "")
        for inner in [field, *field.get("anyOf", [])]:
            if inner.get("type") == "array":
                yield from _rows(document, inner["items"], f"{before}{name}[].")
            elif "properties" in _looked_up(document, inner):
                yield from _rows(document, inner, f"{before}{name}.")


def _looked_up(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref", "")
    return document["components"]["schemas"][reference.rpartition("/")[2]] if reference else schema


def _kind(schema: dict[str, Any]) -> str:
    """A type in words: its name, format and values."""
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    return " ".join(filter(None, [schema.get("type", "any"), schema.get("format", "")]))


def _said(parameter: dict[str, Any]) -> str:
    return f"{'Required. ' if parameter['required'] else ''}{parameter['description']}"


def _refusals(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return sorted(document["components"]["responses"].items())


def _table(*parts: Any) -> Lines:
    """A table of headings, then its rows."""
    *headings, rows = parts
    yield "| " + " | ".join(headings) + " |"
    yield "|---" * len(headings) + "|"
    for row in rows:
        yield "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
    yield ""

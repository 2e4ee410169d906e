"""Gridcall's own API: each system's part, mounted under /api/v1/."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

import cpm.api
import derms.api
import integration.console.api
from integration.pages.access import allow_anyone
from integration.pages.api import Bearer, marked
from integration.pages.problems import FieldError, FieldsRefused, problem, problem_of

from .api_document import document_of

ROOT = "/api/v1/"
api = NinjaAPI(
    title="Gridcall",
    version="1",
    description="What pages show, for other systems. docs/reference/api.md says how to get a token.",
    openapi_url=None,
    auth=Bearer(),
)
for tag, part in (("DERMS", derms.api), ("CPM", cpm.api), ("Console", integration.console.api)):
    api.add_router("", part.router, tags=[tag])


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, raised: Any) -> HttpResponse:
    """Parts of an address or a body that aren't what the operation takes."""
    return _answer(FieldsRefused([FieldError(_place(one["loc"]), one["msg"]) for one in raised.errors]))


@api.exception_handler(HttpError)
def unreadable(request: HttpRequest, raised: Any) -> HttpResponse:
    """A body that can't be read, with the place where it ends to make sense."""
    return problem(400, _("The body is no JSON: %(why)s.") % {"why": raised.__cause__ or raised})


@api.exception_handler(Exception)
@api.exception_handler(Http404)
def refused(request: HttpRequest, raised: Any) -> HttpResponse:
    return _answer(raised)


def _answer(raised: Exception) -> HttpResponse:
    """The answer to what an operation raised. Raises it again if it is a fault of ours."""
    answer = problem_of(raised)
    if answer is None:
        raise raised
    return answer


def _place(parts: Sequence[object]) -> str:
    """The place of a field in what was sent: without where it was sent and, of a body, the name it has here."""
    source, *names = map(str, parts)
    return ".".join(names[1:] if source == "body" else names)


@allow_anyone
@csrf_exempt
@require_safe
def document(request: HttpRequest) -> HttpResponse:
    """The interface as OpenAPI 3.1; it contains nothing else, so anyone may read it."""
    return JsonResponse(published())


@cache
def published() -> dict[str, Any]:
    """The document."""
    return document_of(api, ROOT)


urls = [path("openapi.json", document), *marked(api)]

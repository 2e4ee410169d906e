"""Gridcall's own API: each system's part, mounted under /api/v1/."""

from functools import cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import ValidationError

import cpm.api
import derms.api
import integration.console.api
from integration.pages.access import allow_anyone
from integration.pages.api import Bearer, marked
from integration.pages.problems import problem

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
    """A part of an address that isn't what the operation takes."""
    first = raised.errors[0]
    return problem(422, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")


@api.exception_handler(Http404)
def missing(request: HttpRequest, raised: Any) -> HttpResponse:
    return problem(404, _("There is nothing at this address."))


@allow_anyone
@csrf_exempt
@require_safe
def document(request: HttpRequest) -> HttpResponse:
    """The interface as OpenAPI 3.1; it contains nothing else, so anyone may read it."""
    return JsonResponse(_document())


@cache
def _document() -> dict[str, Any]:
    return document_of(api, ROOT)


urls = [path("openapi.json", document), *marked(api)]

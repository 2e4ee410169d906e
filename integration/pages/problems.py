"""Problem documents (RFC 9457): how interfaces of other systems are told what went wrong."""

import json
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied
from django.db import DataError
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from integration.seam.refusals import Refused

from .filters import FilterRefused

TYPE = "application/problem+json"
# Where an answer is a problem document and a session counts for nothing; the last two are of other specifications.
REFERENCE = "/rest/apis/cross/"
API = ("/api/", "/oauth/", "/openadr3/", REFERENCE)


def is_api(path: str) -> bool:
    """Whether an address belongs to other systems, and not to people's browsers."""
    return f"{path}/".startswith(API)


def problem_text(status: int, detail: str, **more: Any) -> str:
    """The document as JSON; its type is `about:blank`, so that the title is the status's own."""
    return json.dumps(
        {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    )


def problem(status: int, detail: str, **more: Any) -> HttpResponse:
    """An answer that says what went wrong; `more` are further members of the document."""
    return HttpResponse(problem_text(status, detail, **more), status=status, content_type=TYPE)


def problem_of(raised: Exception) -> HttpResponse | None:
    """The answer to what an operation raised; None if it is a fault of ours."""
    if isinstance(raised, Refused):
        answer = problem(422 if isinstance(raised, FilterRefused) else raised.status, str(raised))
        if raised.retry_after_s is not None:
            answer["Retry-After"] = str(raised.retry_after_s)
        return answer
    if isinstance(raised, PermissionDenied):
        return problem(403, str(raised))
    if isinstance(raised, Http404):
        return problem(404, _("There is nothing at this address."))
    if isinstance(raised, BadRequest):
        return problem(400, str(raised))
    if isinstance(raised, DataError | OverflowError) or "NUL (0x00)" in str(raised):
        return problem(400, _("A value is too large, or contains a character that can't be stored."))
    return None

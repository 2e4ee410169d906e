"""Problem documents (RFC 9457): how interfaces of other systems are told what went wrong."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from django.core.exceptions import BadRequest, PermissionDenied
from django.db import DataError, OperationalError
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from integration.seam.refusals import Refused

from .filters import FilterRefused

TYPE = "application/problem+json"
# Where an answer is a problem document and a session counts for nothing; the last two are of other specifications.
REFERENCE, OPENADR = "/rest/apis/cross/", "/openadr3/"
API = ("/api/", "/oauth/", OPENADR, REFERENCE)


LOCK_NOT_AVAILABLE, DEADLOCK, QUERY_CANCELED = "55P03", "40P01", "57014"
RETRY_AFTER_S = 1


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


class FieldError(NamedTuple):
    """Why a field was refused; `field` is its place in what was sent, empty for the whole."""

    field: str
    detail: str


class FieldsRefused(Refused):
    """What was sent is not possible; each field that is refused says why."""

    status = 422

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(" ".join(f"{one.field}: {one.detail}" if one.field else one.detail for one in errors))
        self.errors = errors


def busy_database(raised: Exception) -> tuple[str, int] | None:
    """The sentence and the status for a database that has too much to do; None for any other problem."""
    code = getattr(raised.__cause__, "pgcode", "") if isinstance(raised, OperationalError) else ""
    if code in (LOCK_NOT_AVAILABLE, DEADLOCK):
        return _("Somebody else is changing this right now. Nothing was changed; try again."), 409
    if code == QUERY_CANCELED:
        return _("The database took longer than 10 s. Nothing was changed; try again."), 503
    return None


def problem_of(raised: Exception) -> HttpResponse | None:
    """The answer to what an operation raised; None if it is a fault of ours."""
    if isinstance(raised, Refused):
        more = {"errors": [one._asdict() for one in raised.errors]} if isinstance(raised, FieldsRefused) else {}
        answer = problem(422 if isinstance(raised, FilterRefused) else raised.status, str(raised), **more)
        if raised.retry_after_s is not None:
            answer["Retry-After"] = str(raised.retry_after_s)
        return answer
    if isinstance(raised, PermissionDenied):
        return problem(403, str(raised))
    if isinstance(raised, Http404):
        return problem(404, _("There is nothing at this address."))
    if isinstance(raised, BadRequest):
        return problem(400, str(raised))
    if busy := busy_database(raised):
        answer = problem(503, busy[0])  # a program need not tell who was busy; it waits and sends the same again
        answer["Retry-After"] = str(RETRY_AFTER_S)
        return answer
    if isinstance(raised, DataError | OverflowError) or "NUL (0x00)" in str(raised):
        return problem(400, _("A value is too large, or contains a character that can't be stored."))
    return None

"""Forms that act: submitted twice they act once, and a refusal is a page with a sentence."""

import logging
import posixpath
import uuid
from collections.abc import Callable, Iterable
from functools import wraps
from hashlib import sha256
from typing import Any
from urllib.parse import urljoin

import pghistory
from django.core.files.uploadedfile import UploadedFile
from django.db import DataError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from integration.seam.logs import request_id
from integration.seam.models import RequestAnswer
from integration.seam.refusals import Change, Refused

from .access import View
from .filters import FilterRefused
from .http import SignedInRequest
from .problems import busy_database, is_api

log = logging.getLogger(__name__)

ACTING = require_http_methods(["GET", "HEAD", "POST"])  # GET shows what would happen, POST does it

KEPT = 300  # characters of an address
NOT_STORABLE = "NUL (0x00)"  # how psycopg2's error names the only character that text can't contain
NOT_SIGNED_IN = "not signed in"  # no user name: those have no blanks


class AlreadySent(Refused):
    """The key of this form belongs to another person's, another page's or another form."""


def acts_once(view: View) -> View:
    """Run a POST in one transaction with its request key; a repeat gets the answer of the first.

    Only a redirect counts as an answer: a form that comes back with errors changed nothing, and its key stays unused.
    """

    @wraps(view)
    def once(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with transaction.atomic():
            digest = _digest(request)
            new = RequestAnswer(key=_request_key(request), username=request.user.username, digest=digest)
            # Waits for the same form's first answer without an error in PostgreSQL's log.
            RequestAnswer.objects.bulk_create([new], ignore_conflicts=True)
            answer = RequestAnswer.objects.get(key=new.key)
            if answer.location:
                if answer.digest != digest:
                    raise AlreadySent(
                        _("This form was already sent, with other contents. Open it again; nothing was changed now.")
                    )
                return redirect(urljoin(request.path, answer.location))
            response = view(request, *args, **kwargs)
            if response.status_code not in (301, 302, 303):
                transaction.set_rollback(True)
            else:
                answer.location = _kept(_way_from(request.path, response["Location"]))
                answer.save(update_fields=["location"])
        return response

    return once


class NamedInHistory:
    """Names who is signed in, and the request, for the rows that triggers write into history.

    What somebody does who isn't signed in, such as setting a new password by mail, has `NOT_SIGNED_IN` as its author.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return self.get_response(request)
        by = request.user.get_username() or NOT_SIGNED_IN
        with pghistory.context(by=by, request_id=request_id() and str(request_id())):
            return self.get_response(request)


class RefusalMiddleware:
    """Turns refusals of operations, and a busy database, into a page with a sentence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        if is_api(request.path):
            return None  # doors.py answers
        if isinstance(problem, FilterRefused):
            return render(request, "422.html", {"sentence": str(problem)}, status=422)
        if isinstance(problem, Refused):
            response = _say(request, str(problem), problem.status, problem.last)
            if problem.retry_after_s is not None:
                response["Retry-After"] = str(problem.retry_after_s)
            return response
        if isinstance(problem, DataError | OverflowError):
            log.warning("Out of range", exc_info=problem)  # a form should have refused it
            return _say(request, _("A number or time is too large to be stored. Nothing was changed."), 400)
        if isinstance(problem, ValueError) and NOT_STORABLE in str(problem):
            return _say(request, _("The text contains a character that can't be stored. Nothing was changed."), 400)
        if busy := busy_database(problem):
            return _say(request, *busy)
        return None


def _say(request: HttpRequest, sentence: str, status: int, last: Change | None = None) -> HttpResponse:
    context = {"sentence": sentence, "last": last, "back_url": request.path, "back": _("Back")}
    return render(request, "409.html", context, status=status)


def _way_from(path: str, location: str) -> str:
    """The way from one address to another: a customer's own page has a key in its address, which is not stored."""
    if not location.startswith("/"):
        return location
    return posixpath.relpath(location, path) + "/" * location.endswith("/")


def _kept(location: str) -> str:
    """An address as a column keeps it; one that is too long without its query."""
    return location if len(location) <= KEPT else location.partition("?")[0][:KEPT]


def _digest(request: SignedInRequest) -> str:
    """A digest of who sends what where; the token against forgery changes with each page and isn't part of it."""
    return digest_of(request, [name for name in request.POST if name != "csrfmiddlewaretoken"])


def digest_of(request: SignedInRequest, fields: Iterable[str], *more: object) -> str:
    """A digest of who sends what where: fields of the form, and all files."""
    sent = sorted((name, request.POST.getlist(name)) for name in fields)
    files = sorted((name, one.name, _contents(one)) for name, many in request.FILES.lists() for one in many)
    return sha256(repr((request.user.get_username(), request.path, sent, files, *more)).encode()).hexdigest()


def _contents(file: "UploadedFile[Any]") -> str:
    """A digest of an uploaded file, which is read again from its start afterwards."""
    found = sha256()
    for chunk in file.chunks():
        found.update(chunk)
    file.seek(0)
    return found.hexdigest()


def _request_key(request: HttpRequest) -> uuid.UUID:
    """The form's key; a form submitted without one acts every time."""
    try:
        return uuid.UUID(request.POST.get("request_key", ""))
    except ValueError:
        return uuid.uuid4()

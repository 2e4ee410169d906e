"""Operations of the API that change something: once for each key, with the forms and refusals of the pages."""

import json
import uuid
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from ninja import Schema
from ninja.decorators import decorate_view
from pydantic import Field

from integration.seam.models import RequestAnswer
from integration.seam.refusals import Refused

from .acting import digest_of
from .api import JSON, Operation, allow_call
from .callers import Caller
from .http import SignedInRequest
from .problems import FieldError, FieldsRefused

KEY = "Idempotency-Key"
FILE = "multipart/form-data"
HEADER: dict[str, Any] = {
    "name": KEY,
    "in": "header",
    "required": True,
    "description": "A UUID that you make for each act. Sent again with the same contents, it gets the first answer.",
    "schema": {"type": "string", "format": "uuid"},
}
F = TypeVar("F", bound=forms.BaseForm)


class Done(Schema):
    """What came of it."""

    at: str = Field(description="The address of what was made or changed.")
    notes: list[str] = Field(description="What else there is to say.")


class KeyMissing(Refused):
    """The header that keeps a call from acting twice is missing, or is no UUID."""

    status = 400


class KeyUsed(Refused):
    """The key belongs to another call."""

    status = 422


class OtherType(Refused):
    """The body is of a type that the address does not take."""

    status = 415


def made(summary: str, **more: Any) -> dict[str, Any]:
    """How an operation that makes something is published."""
    return _published(summary, 201, more)


def changed(summary: str, **more: Any) -> dict[str, Any]:
    """How an operation that changes something is published."""
    return _published(summary, 200, more)


def done(at: str, *notes: str) -> dict[str, Any]:
    """An answer: the address below /api/v1/ of what was made or changed."""
    return {"at": f"/api/v1/{at}", "notes": list(notes)}


def acts(*permissions: str, takes: str = JSON) -> Callable[[Operation], Operation]:
    """Open an operation that changes something to callers with any of these permissions; it runs once for each key."""

    def once(run: Operation) -> Operation:
        @wraps(run)
        def acted(request: SignedInRequest, *args: Any, **kwargs: Any) -> Any:
            is_empty = takes == JSON and not request.content_type and not request.body
            if request.content_type != takes and not is_empty:
                raise OtherType(_("Send the body as %(type)s.") % {"type": takes})
            return _once(request, lambda: run(request, *args, **kwargs))

        return acted

    def mark(operation: Operation) -> Operation:
        return allow_call(*permissions)(decorate_view(once)(operation))

    return mark


def acting(user: Any) -> Any:
    """Who acts, for operations that keep a person: a service account's owner, under the account's name in history."""
    if not isinstance(user, Caller):
        return user
    owner = user.owner()
    owner.username, owner.save = user.username, _not_to_be_saved
    return owner


def checked(form: F, *, names: Mapping[str, str] | None = None, within: str = "") -> F:
    """The form, if it is valid. Raises FieldsRefused; `names` are those that the API has for fields of the form."""
    if form.is_valid():
        return form
    raise FieldsRefused(errors_of(form, names=names, within=within))


def errors_of(form: forms.BaseForm, *, names: Mapping[str, str] | None = None, within: str = "") -> list[FieldError]:
    """Each error of a form with its field's place in what was sent."""
    return [
        FieldError("" if name == NON_FIELD_ERRORS else within + (names or {}).get(name, name), str(error))
        for name, errors in form.errors.items()
        for error in errors
    ]


def _published(summary: str, status: int, more: dict[str, Any]) -> dict[str, Any]:
    return {"summary": summary, "response": {status: Done}, "openapi_extra": {"parameters": [HEADER]}, **more}


def _once(request: SignedInRequest, run: Callable[[], HttpResponse]) -> HttpResponse:
    """Run in one transaction with the call's key; a repeat gets the answer of the first. Refusals leave it unused."""
    key, digest = _key(request), _digest(request)
    with transaction.atomic():
        new = RequestAnswer(key=key, username=request.user.get_username()[:150], digest=digest)
        # Waits for the first answer to the same call without an error in PostgreSQL's log.
        RequestAnswer.objects.bulk_create([new], ignore_conflicts=True)
        answer = RequestAnswer.objects.get(key=key)
        if answer.location:
            if answer.digest != digest:
                raise KeyUsed(_("This %(key)s was used for another call. Nothing was changed now.") % {"key": KEY})
            return _with_location(JsonResponse(answer.body, status=answer.status))
        response = run()
        if response.status_code >= 300:
            transaction.set_rollback(True)
            return response
        answer.body, answer.status = json.loads(response.content), response.status_code
        answer.location = answer.body["at"][:300]
        answer.save(update_fields=["body", "status", "location"])
    return _with_location(response)


def _with_location(response: HttpResponse) -> HttpResponse:
    response["Location"] = json.loads(response.content)["at"]
    return response


def _key(request: SignedInRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.headers.get(KEY, ""))
    except ValueError as problem:
        raise KeyMissing(
            _("Send a UUID of your own as %(key)s, so that nothing is done twice.") % {"key": KEY}
        ) from problem


def _digest(request: SignedInRequest) -> str:
    """A digest of the call; of JSON its contents, however they are written."""
    if request.content_type == FILE:
        return digest_of(request, request.POST, request.method)
    try:
        sent = request.body and json.dumps(json.loads(request.body), sort_keys=True)
    except (ValueError, RecursionError):
        sent = ""  # the operation refuses it
    return digest_of(request, (), request.method, sent)


def _not_to_be_saved(*args: Any, **kwargs: Any) -> None:
    raise TypeError("this is a service account's owner under another name")

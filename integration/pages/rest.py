"""The reference system's interfaces: a JSON body in, a JSON answer out, its dates, and its problemDetailDocument."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import wraps
from typing import Annotated, Any, TypeVar

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from integration.seam.localtime import LocalTimeMissing, LocalTimeTwice, to_utc
from integration.seam.texts import one_line

from .access import View
from .http import SignedInRequest
from .problems import problem

B = TypeVar("B", bound=BaseModel)
JSON = "application/json"
LONGEST_ID = 120  # characters, as the reference system has them
YEARS = range(2000, 2101)
# The pages of the reference system write 10-15-2022 01:00:00PM; its types are date-time.
US = re.compile(r"(\d{1,2})[-/](\d{1,2})[-/](\d{4})[ T](\d{1,2}):(\d{2})(?::(\d{2}))? ?([AP]M)?", re.IGNORECASE)


class RestBody(BaseModel):
    """A body with the reference system's names. Fields that Gridcall doesn't keep are left out, null is no value."""

    model_config = ConfigDict(
        alias_generator=to_camel, frozen=True, extra="ignore", str_strip_whitespace=True, populate_by_name=True
    )


def _moment(given: Any) -> Any:
    """A US-style or ISO time; one without an offset is in the utility's time zone. Raises ValueError."""
    if not isinstance(given, str):
        raise ValueError("write a date and time as text")
    text = given.strip()
    if found := US.fullmatch(text):
        month, day, year, hour, minute, second, half = found.groups()
        clock = f"{int(hour):02}:{minute}:{second or '00'}" + (half or "").upper()
        text, pattern = f"{year}-{month}-{day} {clock}", "%Y-%m-%d %I:%M:%S%p" if half else "%Y-%m-%d %H:%M:%S"
        moment = datetime.strptime(text, pattern)  # noqa: DTZ007 (a wall time)
    else:
        moment = datetime.fromisoformat(text)
    if moment.year not in YEARS:
        raise ValueError("the year must be from 2000 to 2100")
    if moment.tzinfo:
        return moment.astimezone(UTC)
    try:
        return to_utc(moment, str(settings.NIGHTLY_TIME_ZONE))
    except (LocalTimeMissing, LocalTimeTwice) as problem:
        raise ValueError(f"{problem} Send the offset, too.") from problem


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
Id = Annotated[str, Field(min_length=1, max_length=LONGEST_ID), AfterValidator(one_line)]


def moment_text(moment: datetime) -> str:
    """A moment as the interfaces answer it: ISO in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def operation(
    *permissions: str, body: type[B] | None = None, files: Sequence[str] = ()
) -> Callable[[Callable[..., dict[str, Any] | list[Any]]], View]:
    """Open an address to callers with any of these permissions; with a body it is a POST, else a GET.

    files: the types of a body that is read as it is. Raises PermissionDenied, and BadRequest with the place of what
    can't be read.
    """

    def mark(act: Callable[..., dict[str, Any] | list[Any]]) -> View:
        @csrf_exempt
        @require_http_methods(["POST" if body or files else "GET"])
        @wraps(act)
        def guarded(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not any(map(request.user.has_perm, permissions)):
                raise PermissionDenied(_("This takes the permission %(name)s.") % {"name": permissions[0]})
            types = files or ([JSON] if body else [])
            if types and request.content_type not in types:
                return problem(415, _("Send the body as %(type)s.") % {"type": ", ".join(types)})
            if body is None:
                return JsonResponse(act(request, *args, **kwargs), safe=False)
            return JsonResponse(act(request, read_body(body, request.body), *args, **kwargs), safe=False)

        guarded.allow = permissions  # type: ignore[attr-defined]  # the mark access.DenyByDefault looks for
        return guarded

    return mark


def read_body(body: type[B], content: bytes) -> B:
    """A body as its model. Raises BadRequest that says where it is wrong, never with more than the field's name."""
    try:
        given = _without_null(json.loads(content))
    except (ValueError, RecursionError) as problem:
        raise BadRequest(_("The body is not JSON: %(problem)s.") % {"problem": str(problem)[:100]}) from None
    try:
        return body.model_validate(given)
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "body"
        raise BadRequest(f"{place}: {first['msg']}") from None


def _without_null(given: Any) -> Any:
    """Clients send null, or an empty text, for what they leave out."""
    if isinstance(given, dict):
        return {name: _without_null(value) for name, value in given.items() if value is not None and value != ""}
    return [_without_null(one) for one in given] if isinstance(given, list) else given


def detail_document(answer: HttpResponse, path: str) -> HttpResponse:
    """A problem document as the reference system's own: the same content under its names."""
    told = json.loads(answer.content)
    answer.content = json.dumps(
        {
            "problemType": told["type"],
            "title": told["title"],
            "httpStatus": told["status"],
            "detail": told["detail"],
            "problemInstance": path,
        }
    )
    answer["Content-Type"] = JSON
    answer["Content-Length"] = str(len(answer.content))  # that of the former document would cut this one off
    return answer

"""The bodies that clients send: JSON of a model, or a refusal that says where it is wrong."""

from typing import TypeVar

from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.utils.translation import gettext as _
from pydantic import ValidationError

from integration.seam.refusals import Refused

from .wire import Wire

W = TypeVar("W", bound=Wire)
JSON = "application/json"


class WrongType(Refused):
    """The body has another content type than JSON."""

    status = 415


class TooLarge(Refused):
    """The body is larger than this kind of object may be."""

    status = 413


def body_of(request: HttpRequest, model: type[W], *, most: int | None = None) -> W:
    """The object that a client sent, of at most so many bytes.

    Raises WrongType, TooLarge, or BadRequest with the place that is wrong.
    """
    if request.content_type != JSON:
        raise WrongType(_("Send the body as %(type)s.") % {"type": JSON})
    if most is not None and len(request.body) > most:
        raise TooLarge(
            _("What was sent has %(bytes)s bytes; at most %(most)s bytes are accepted here. Send it in several parts.")
            % {"bytes": f"{len(request.body):,}", "most": f"{most:,}"}
        )
    try:
        return model.model_validate_json(request.body)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or _("the body")
        raise BadRequest(f"{place}: {first['msg'].removeprefix('Value error, ')}") from problem

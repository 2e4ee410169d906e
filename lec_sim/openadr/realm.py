"""The conformance realm: programs, events, reports, vens and resources as OpenADR lets its roles write and read them.

A foreign event that real devices read would go round four eyes. So only clients that settings name write here, and only
they read it: what is bound to a head end never sees an object of the realm, and a client of the realm nothing else.
"""

import json
from collections.abc import Callable, Collection, Mapping
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseNotModified
from django.utils.translation import gettext as _

from integration.pages.http import is_known
from integration.seam.refusals import Refused

from ..models import RealmObject
from ..operations.realm import keep_object, remove_object
from ..queries.realm import GRANTED, Reader, objects_of, reader_of
from .bodies import body_of
from .door import Asking
from .parameters import Parameters
from .periods import has_ended
from .realm_telling import shown, tell
from .realm_wire import BL_RESOURCE, BL_VEN, EventRequest, ProgramRequest, ResourceRequest, VenRequest
from .report_wire import ReportRequest
from .wire import Wire

Answer = Callable[..., HttpResponse]
META = {"targets", "clientID", "objectType"}  # members that are no part of an object's content


class Kind(NamedTuple):
    """A kind of object; `named` and `within` are the members with its name, and with the id of what it belongs to.

    ids, names: parameters of its list, and the fields that they choose by.
    """

    name: str
    request: type[Wire]
    named: str = ""
    within: str = ""
    parent: str = ""
    ids: Mapping[str, str] = {}
    names: Mapping[str, str] = {}
    more: Collection[str] = ("targets",)


PROGRAM = Kind("PROGRAM", ProgramRequest, "programName")
EVENT = Kind("EVENT", EventRequest, "", "programID", "PROGRAM", {"programID": "parent"}, more=("targets", "active"))
REPORT = Kind(
    "REPORT", ReportRequest, "", "eventID", "EVENT",
    {"programID": "parent__parent", "eventID": "parent"}, {"clientName": "content__clientName"}, more=(),
)  # fmt: skip
VEN = Kind("VEN", VenRequest, "venName", names={"venName": "name"})
RESOURCE = Kind(
    "RESOURCE", ResourceRequest, "resourceName", "venID", "VEN", {"venID": "parent"}, {"resourceName": "name"}
)


def listed(kind: Kind) -> Answer:
    """What answers a list of a kind."""
    return partial(_listed, kind)


def one(kind: Kind) -> Answer:
    """What answers a read of one object."""
    return partial(_one, kind)


def create(kind: Kind) -> Answer:
    return partial(_create, kind)


def change(kind: Kind) -> Answer:
    return partial(_change, kind)


def remove(kind: Kind) -> Answer:
    return partial(_remove, kind)


def _listed(kind: Kind, asking: Asking) -> HttpResponse:
    asked = Parameters(asking.request, *kind.ids, *kind.names, *kind.more, "skip", "limit")
    reader = _reader(asking)
    found = objects_of(kind.name, reader)
    for name, field in kind.ids.items():
        if (wanted := asked.object_id(name)) is not None:
            found = found.filter(**{field: _number(wanted)})
    for name, field in kind.names.items():
        if (text := asked.text(name)) is not None:
            found = found.filter(**{field: text})
    if asked.targets is not None:
        granted = reader.may_see(kind.name, asked.targets)
        found = found.filter(targets__overlap=sorted(asked.targets if granted is None else granted))
    chosen = list(found)
    if "active" in kind.more and asked.truth("active"):
        chosen = [one for one in chosen if not has_ended(EventRequest.model_validate(one.content), asking.now)]
    page = chosen[asked.skip : asked.skip + asked.limit]
    return _answer(asking, [shown(one, reader, asked.targets) for one in page])


def _one(kind: Kind, asking: Asking, object_id: str) -> HttpResponse:
    Parameters(asking.request)
    reader = _reader(asking)
    return _answer(asking, shown(_found(kind, reader, object_id), reader))


def _create(kind: Kind, asking: Asking) -> HttpResponse:
    Parameters(asking.request)
    new = RealmObject(kind=kind.name, client=asking.client, created_at=asking.now)
    return _kept(kind, asking, new, "CREATE", status=201)


def _change(kind: Kind, asking: Asking, object_id: str) -> HttpResponse:
    Parameters(asking.request)
    return _kept(kind, asking, _found(kind, _reader(asking), object_id), "UPDATE")


def _remove(kind: Kind, asking: Asking, object_id: str) -> HttpResponse:
    Parameters(asking.request)
    reader = _reader(asking)
    found = _found(kind, reader, object_id)
    answer = _answer(asking, shown(found, reader))
    tell(found, "DELETE")
    remove_object(found)
    return answer


def _kept(kind: Kind, asking: Asking, found: RealmObject, verb: str, status: int = 200) -> HttpResponse:
    reader = _reader(asking)
    sent = body_of(asking.request, kind.request)
    fields = {**_rights(kind, reader, sent, found), **_content(kind, reader, sent), "modified_at": asking.now}
    kept = keep_object(found, fields)
    tell(kept, verb)
    return _answer(asking, shown(kept, reader), status)


def _rights(kind: Kind, reader: Reader, sent: Any, found: RealmObject) -> dict[str, Any]:
    """Whose an object is, and its targets. A ven never says that of itself: its own request widens no targets."""
    if kind.name in GRANTED:
        return {"client": "", "targets": sent.targets or []}
    if kind is REPORT or sent.objectType not in (BL_VEN, BL_RESOURCE):
        return {}
    if not reader.is_business_logic:
        raise PermissionDenied(_("Only business logic sends a %(type)s.") % {"type": sent.objectType})
    if sent.clientID is None:
        raise BadRequest(_("clientID: a %(type)s says whose it is.") % {"type": sent.objectType})
    return {"client": sent.clientID, "targets": sent.targets or []}


def _content(kind: Kind, reader: Reader, sent: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"content": sent.model_dump(mode="json", exclude_none=True, exclude=META)}
    if kind.named:
        fields["name"] = getattr(sent, kind.named)
    if kind.within:
        wanted = getattr(sent, kind.within)
        fields["parent"] = objects_of(kind.parent, reader).filter(pk=_number(wanted)).first()
        if fields["parent"] is None:
            raise Refused(_("%(place)s: there is no “%(value)s” of yours.") % {"place": kind.within, "value": wanted})
    return fields


def _reader(asking: Asking) -> Reader:
    return reader_of(asking.client, asking.poll.scopes)


def _found(kind: Kind, reader: Reader, object_id: str) -> RealmObject:
    """Raises Http404 if the client may read no such object."""
    found = objects_of(kind.name, reader).filter(pk=_number(object_id)).first()
    if found is None:
        raise Http404
    return found


def _number(object_id: str) -> int:
    """The key of an object; one that is nobody's for an id that can't be one."""
    digits = object_id.removeprefix("realm-")
    is_id = digits != object_id and digits.isdecimal() and digits.isascii() and len(digits) < 19 and digits[0] != "0"
    return int(digits) if is_id else 0


def _answer(asking: Asking, found: Any, status: int = 200) -> HttpResponse:
    """The content as JSON; a read is answered 304 if the client has it already."""
    content = json.dumps(found).encode()
    etag = f'"{sha256(content).hexdigest()[:32]}"'
    is_read = asking.request.method in ("GET", "HEAD")
    if is_read and is_known(asking.request.headers.get("If-None-Match", ""), etag):
        answer: HttpResponse = HttpResponseNotModified()
    else:
        answer = HttpResponse(content, content_type="application/json", status=status)
    answer["ETag"] = etag
    answer["Cache-Control"] = "private, no-cache"
    answer["Vary"] = "Authorization"
    return answer

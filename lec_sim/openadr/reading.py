"""What vens read: programs, events, themselves and their resources."""

from collections.abc import Collection, Iterable
from typing import TypeVar

from django.http import Http404, HttpResponse

from ..models import Ven
from ..operations import read_events, read_grants
from ..queries.openadr import Call, Granted, Place, calls_known, calls_to, programs_of
from .answering import answer
from .door import Asking
from .objects import device_of, event_of, program_id, program_of, resource_of, ven_id, ven_of
from .parameters import Parameters
from .wire import Event, Program, Resource, VenObject

T = TypeVar("T")
PAGE = ("targets", "skip", "limit")


def programs(asking: Asking) -> HttpResponse:
    """The programs of the client's stages. They have no targets, so that no target matches any."""
    asked = Parameters(asking.request, *PAGE)

    def find() -> list[Program]:
        found = programs_of(calls_to(asking.vens, asking.now)) if asked.targets is None else {}
        return _page([program_of(one) for one in found.values()], asked)

    return answer(asking, find)


def program(asking: Asking, object_id: str) -> HttpResponse:
    Parameters(asking.request)

    def find() -> Program:
        found = programs_of(calls_to(asking.vens, asking.now)).values()
        return program_of(_only(one for one in found if program_id(one) == object_id))

    return answer(asking, find)


def events(asking: Asking) -> HttpResponse:
    """The stages that call the client's devices: by program and target, and with `active` without those that ran."""
    asked = Parameters(asking.request, "programID", "active", *PAGE)
    wanted, is_active = asked.object_id("programID"), asked.truth("active")

    def chosen(calls: list[Call]) -> list[Call]:
        ids = {code: program_id(one) for code, one in programs_of(calls).items()}
        found = [one for one in _targeted(calls, asked) if not wanted or ids[one.stage.program] == wanted]
        return _page([one for one in found if not (is_active and one.has_run)], asked)

    return answer(asking, lambda: _events(read_events(asking.vens, chosen, now=asking.now)))


def event(asking: Asking, object_id: str) -> HttpResponse:
    Parameters(asking.request)

    def chosen(calls: list[Call]) -> list[Call]:
        return [one for one in calls if str(one.stage.stage_uid) == object_id]

    return answer(asking, lambda: _only(_events(read_events(asking.vens, chosen, now=asking.now))))


def vens(asking: Asking) -> HttpResponse:
    """The client's own; their targets are the stages that call any of their devices."""
    asked = Parameters(asking.request, "venName", *PAGE)
    name = asked.text("venName")

    def find() -> list[VenObject]:
        found = [one for one in _vens(asking) if name is None or one.venName == name]
        return _page([one for one in found if asked.matches(one.targets or ())], asked)

    return answer(asking, find)


def ven(asking: Asking, object_id: str) -> HttpResponse:
    Parameters(asking.request)
    return answer(asking, lambda: _only(one for one in _vens(asking) if one.id == object_id))


def resources(asking: Asking) -> HttpResponse:
    """The devices that a stage calls, by name, ven and target; each has its stages as targets."""
    asked = Parameters(asking.request, "resourceName", "venID", *PAGE)
    name, of_ven = asked.text("resourceName"), asked.object_id("venID")

    def find() -> list[Resource]:
        calls = list(_targeted(calls_known(asking.vens, asking.now), asked))
        chosen = [one for one in asking.vens if of_ven is None or ven_id(one) == of_ven]
        return _devices(asking, chosen, calls, name, asked.skip, asked.limit)

    return answer(asking, find)


def resource(asking: Asking, object_id: str) -> HttpResponse:
    Parameters(asking.request)

    def find() -> Resource:
        found = device_of(object_id, asking.vens)
        if found is None:
            raise Http404
        ven, nic_id = found
        return _only(_devices(asking, [ven], calls_known(asking.vens, asking.now), nic_id, 0, 1))

    return answer(asking, find)


def _events(calls: list[Call]) -> list[Event]:
    known = programs_of(calls)
    return [event_of(one, known[one.stage.program]) for one in calls]


def _vens(asking: Asking) -> list[VenObject]:
    calls = calls_to(asking.vens, asking.now)
    return [ven_of(one, asking.client, [call.target for call in calls if call.concerns(one)]) for one in asking.vens]


def _devices(
    asking: Asking, vens: Collection[Ven], calls: Collection[Call], name: str | None, skip: int, limit: int
) -> list[Resource]:
    of_head_end = {one.profile.head_end: one for one in vens}
    of_stage = {one.stage.pk: one for one in calls}
    place = Place(list(of_head_end), list(of_stage), name, skip, limit)
    is_first = any(told.grants_read_at is None for one in calls for told in one.announcements)
    found: list[Granted] = read_grants(vens, place, is_first=is_first, now=asking.now)
    return [resource_of(one, of_head_end[one.head_end], asking.client, of_stage) for one in found]


def _targeted(calls: Iterable[Call], asked: Parameters) -> Iterable[Call]:
    """Those that a target of the query names; all if it names none."""
    return (one for one in calls if asked.matches([one.target]))


def _page(found: list[T], asked: Parameters) -> list[T]:
    return found[asked.skip : asked.skip + asked.limit]


def _only(found: Iterable[T]) -> T:
    """Raises Http404 if there is none."""
    for one in found:
        return one
    raise Http404

"""What changes for a ven's client with a stage that is new to it or has changed, as objects of OpenADR."""

from datetime import datetime
from typing import Any, NamedTuple

from ..models import Announcement, Ven
from ..queries.openadr import Call, calls_to, programs_of
from .objects import event_of, program_id, program_of, ven_id, ven_of
from .wire import Wire

CREATE, UPDATE, DELETE, READ = "CREATE", "UPDATE", "DELETE", "READ"


class Change(NamedTuple):
    """An operation on an object; `subject` is what it is about, in words of ours."""

    kind: str
    operation: str
    subject: str
    found: Wire

    @property
    def content(self) -> dict[str, Any]:
        """The notification, as the specification has it."""
        return content_of(self.kind, self.operation, self.found)


class Changes(NamedTuple):
    """The changes with one stage, for the client of one ven; the latest state, however often it changed."""

    client: str
    ven: str
    program: str
    call: Call
    each: list[Change]


def changes_of(announcement: Announcement, *, told: int, now: datetime) -> Changes | None:
    """What has changed since a revision of an announcement, 0 for none; None if it can't be read any more."""
    ven = announcement.ven
    client = ven.profile.client
    vens = list(Ven.objects.filter(profile__client=client).select_related("profile").order_by("pk"))
    calls = calls_to(vens, now)
    call = next((one for one in calls if one.stage.pk == announcement.stage_id), None)
    if call is None:
        return None
    (program,) = programs_of([call]).values()
    others = [one for one in calls if one is not call and one.stage.program == call.stage.program]
    granted = [one.target for one in calls if one.concerns(ven)]
    verb = UPDATE if told else CREATE
    each = [
        Change("EVENT", verb, f"event {call.stage.stage_uid}", event_of(call, program)),
        Change("VEN", UPDATE, f"ven {ven.pk}", ven_of(ven, client, granted)),
    ]
    if not told and not others:
        each.insert(0, Change("PROGRAM", CREATE, f"program {program.pk}", program_of(program)))
    return Changes(client, ven_id(ven), program_id(program), call, each)


def content_of(kind: str, operation: str, found: Wire) -> dict[str, Any]:
    shown = found.model_dump(mode="json", exclude_none=True)
    return {"objectType": kind, "operation": operation, "object": shown}

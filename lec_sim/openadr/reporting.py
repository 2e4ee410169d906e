"""Vens report, and read, change and delete their own reports."""

from uuid import UUID

from django.core.exceptions import BadRequest
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from integration.seam.refusals import Refused

from ..models import Announcement, LecProgram, LecStage, Ven, VenReport
from ..operations import add_report, change_report
from .bodies import body_of
from .changes import CREATE, DELETE, UPDATE
from .door import Asking
from .notifying import notify_of_report
from .objects import program_id
from .parameters import Parameters
from .report_facts import facts_of
from .report_wire import ReportRequest
from .wire import moment_of

CREATED, OK = 201, 200
MOST_BYTES = 1_000_000  # of a report: some thousand intervals, which take a process half a second


def reports(asking: Asking) -> HttpResponse:
    """The client's own, the oldest first: by program, event and client name."""
    asked = Parameters(asking.request, "programID", "eventID", "clientName", "skip", "limit")
    found = _own(asking)
    if (event := asked.object_id("eventID")) is not None:
        found = found.filter(stage__stage_uid=uid) if (uid := _uid(event)) else found.none()
    if (program := asked.object_id("programID")) is not None:
        codes = [one.code for one in LecProgram.objects.all() if program_id(one) == program]
        found = found.filter(stage__program__in=codes)
    if (name := asked.text("clientName")) is not None:
        found = found.filter(client_name=name)
    page = found.order_by("pk")[asked.skip : asked.skip + asked.limit]
    return JsonResponse([_json(one) for one in page], safe=False)


def report(asking: Asking, object_id: str) -> HttpResponse:
    Parameters(asking.request)
    return JsonResponse(_json(_one(asking, object_id)))


@transaction.atomic
def add(asking: Asking) -> HttpResponse:
    """Keep a report and what it says. Raises BadRequest or DevicesRefused with the place that is wrong."""
    Parameters(asking.request)
    sent = body_of(asking.request, ReportRequest, most=MOST_BYTES)
    stage, ven = _reporter(asking, sent)
    facts = facts_of(sent, stage, now=asking.now)
    kept = add_report(ven, stage, _content(sent), facts.said, facts.measured, now=asking.now)
    return _told(kept, CREATE, status=CREATED)


@transaction.atomic
def change(asking: Asking, object_id: str) -> HttpResponse:
    """Replace a report. Raises Refused if it is of another event."""
    Parameters(asking.request)
    kept = _one(asking, object_id)
    sent = body_of(asking.request, ReportRequest, most=MOST_BYTES)
    if sent.eventID != str(kept.stage.stage_uid):
        raise Refused(_("A report stays with its event, %(event)s.") % {"event": kept.stage.stage_uid})
    facts = facts_of(sent, kept.stage, now=asking.now)
    change_report(kept, _content(sent), facts.said, facts.measured, now=asking.now)
    return _told(kept, UPDATE)


@transaction.atomic
def delete(asking: Asking, object_id: str) -> HttpResponse:
    """Delete a report, not the facts that were read from it; answers with what it was."""
    Parameters(asking.request)
    kept = _one(asking, object_id)
    answer = _told(kept, DELETE)
    kept.delete()
    return answer


def _told(kept: VenReport, operation: str, status: int = OK) -> HttpResponse:
    """Answer with a report, and tell the callbacks that want to hear of it."""
    shown = _json(kept)
    notify_of_report(kept, operation, shown)
    return JsonResponse(shown, status=status)


def _own(asking: Asking) -> QuerySet[VenReport]:
    return VenReport.objects.filter(ven__in=asking.vens, client=asking.client).select_related("stage", "ven__profile")


def _one(asking: Asking, object_id: str) -> VenReport:
    """Raises Http404 if the client has no such report."""
    number = object_id.removeprefix("report-")
    found = _own(asking).filter(pk=number).first() if number.isdecimal() and len(number) < 19 else None
    if found is None or _id(found) != object_id:
        raise Http404
    return found


def _announced(asking: Asking, event_id: str) -> list[Announcement]:
    """The announcements of an event to the client's vens."""
    if (uid := _uid(event_id)) is None:
        return []
    told = Announcement.objects.filter(ven__in=asking.vens, stage__stage_uid=uid)
    return list(told.select_related("stage", "ven__profile").order_by("ven_id"))


def _uid(event_id: str) -> UUID | None:
    """The uid of a stage that is an event's id, None if it can't be one."""
    try:
        found = UUID(event_id)
    except ValueError:
        return None
    return found if str(found) == event_id else None


def _reporter(asking: Asking, sent: ReportRequest) -> tuple[LecStage, Ven]:
    """The stage of a report, and which of the client's vens it is of: the one it names, or the only one of the stage.

    Raises BadRequest, and Refused if it names a ven of the client's that the event doesn't call.
    """
    told = _announced(asking, sent.eventID)
    if not told:
        raise BadRequest(_("eventID: there is no event “%(event)s” of yours.") % {"event": sent.eventID})
    named = [one for one in told if one.ven.profile.head_end == sent.clientName] or told
    names = ", ".join(one.ven.profile.head_end for one in told)
    others = {one.profile.head_end for one in asking.vens} - {one.ven.profile.head_end for one in told}
    if sent.clientName in others:
        raise Refused(
            _(
                "clientName: “%(name)s” is another ven of yours, which this event does not call. "
                "Name one it calls: %(names)s."
            )
            % {"name": sent.clientName, "names": names}
        )
    if len(named) > 1:
        raise BadRequest(_("clientName: name the ven whose devices these are: %(names)s.") % {"names": names})
    return named[0].stage, named[0].ven


def _content(sent: ReportRequest) -> dict[str, object]:
    return sent.model_dump(mode="json", exclude_none=True)


def _id(kept: VenReport) -> str:
    return f"report-{kept.pk}"


def _json(kept: VenReport) -> dict[str, object]:
    """A report as its client reads it; what it sent was checked then."""
    return {
        "objectType": "REPORT",
        "id": _id(kept),
        "createdDateTime": moment_of(kept.created_at),
        "modificationDateTime": moment_of(kept.modified_at),
        "clientID": kept.client,
        **kept.content,
    }

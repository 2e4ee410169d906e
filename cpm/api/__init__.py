"""CPM's part of the API: programs, program events, participations and enrollments."""

from typing import Any

from django.shortcuts import get_object_or_404
from ninja import Router

from cpm.models.enrollments import Enrollment
from cpm.models.program_events import ProgramEvent
from integration.pages.api import Resource, allow_call, fields_of, filtered
from integration.pages.filters import known
from integration.pages.http import SignedInRequest
from integration.pages.keyset import Page, keyset_page

from ..columns import ENROLLMENTS, PROGRAM_EVENTS, PROGRAMS, participation_columns
from ..filters import EnrollmentFilter, ProgramEventFilter
from ..forms import ParticipationFilter
from ..queries import NEWEST_FIRST, ParticipationRow, enrollments, program_events, programs_with_use
from ..views.enrollments import LONGEST_WAIT_FIRST
from ..views.participations import SEES_CUSTOMERS, participation_page
from ..views.program_events import NEWEST_FIRST as NEWEST_EVENTS_FIRST

router = Router()
PROGRAM = Resource[Any]("Program", PROGRAMS)
PROGRAM_EVENT = Resource[ProgramEvent]("ProgramEvent", PROGRAM_EVENTS, fields_of(ProgramEventFilter))
PARTICIPATION = Resource[ParticipationRow](
    "Participation", participation_columns(sees_customers=True), ParticipationFilter.base_fields
)
ENROLLMENT = Resource[Enrollment]("Enrollment", ENROLLMENTS, fields_of(EnrollmentFilter))


@router.get("/programs", summary="All programs", **PROGRAM.whole)
@allow_call("cpm.view_program")
def programs(request: SignedInRequest) -> Any:
    return PROGRAM.answer(request, Page(list(programs_with_use())))


@router.get("/program-events", summary="Program events, the latest start first", **PROGRAM_EVENT.listed)
@allow_call("cpm.view_programevent", is_list=True)
def program_event_list(request: SignedInRequest) -> Any:
    size = PROGRAM_EVENT.size(request)
    found = filtered(ProgramEventFilter, request, program_events())
    return PROGRAM_EVENT.answer(request, keyset_page(found, NEWEST_EVENTS_FIRST, request.GET, size=size))


@router.get("/program-events/{event_number}/{stage_number}", summary="One program event", **PROGRAM_EVENT.single)
@allow_call("cpm.view_programevent")
def program_event(request: SignedInRequest, event_number: str, stage_number: int) -> Any:
    found = get_object_or_404(program_events(), event_number=event_number, stage_number=stage_number)
    return PROGRAM_EVENT.row(request.user, found)


@router.get("/participations", summary="Participations, of the newest program events first", **PARTICIPATION.listed)
@allow_call("cpm.view_participation", is_list=True)
def participations(request: SignedInRequest) -> Any:
    """Customers are named only to a caller that may see them."""
    sees = request.user.has_perm(SEES_CUSTOMERS)
    size = PARTICIPATION.size(request, without=() if sees else ("customer",))
    form = known(ParticipationFilter(request.GET, sees_customers=sees))
    page = participation_page(request, form, NEWEST_FIRST, size=size)
    return PARTICIPATION.answer(request, page, participation_columns(sees_customers=sees))


@router.get("/enrollments", summary="Enrollments, the longest wait first", **ENROLLMENT.listed)
@allow_call("cpm.view_enrollment", is_list=True)
def enrollment_list(request: SignedInRequest) -> Any:
    """Without a state, those that wait for somebody."""
    size = ENROLLMENT.size(request)
    found = filtered(EnrollmentFilter, request, enrollments())
    return ENROLLMENT.answer(request, keyset_page(found, LONGEST_WAIT_FIRST, request.GET, size=size))

"""CPM's part of the API: programs, program events, participations and enrollments."""

from typing import Any

from django.shortcuts import get_object_or_404
from ninja import Router

from cpm.models.customers import SubscribedDevice
from cpm.models.enrollments import Enrollment
from cpm.models.program_events import ProgramEvent
from integration.pages.api import Resource, allow_call, fields_of
from integration.pages.exports import PAGE, export, listing
from integration.pages.filters import known
from integration.pages.http import SignedInRequest
from integration.pages.keyset import Page

from ..columns import ENROLLMENTS, PROGRAM_EVENTS, PROGRAMS, participation_columns
from ..filters import EnrollmentFilter, ProgramEventFilter
from ..forms import ParticipationFilter
from ..queries import (
    NEWEST_FIRST,
    ParticipationRow,
    devices_of_enrollment,
    enrollments,
    participation_count,
    participations,
    program_events,
    programs_with_use,
)
from ..views.enrollments import LONGEST_WAIT_FIRST
from ..views.participations import SEES_CUSTOMERS, participation_page
from ..views.program_events import NEWEST_FIRST as NEWEST_EVENTS_FIRST
from . import customers, rows, writes
from .columns import ENROLLED_DEVICES

router = Router()
router.add_router("", customers.router)
router.add_router("", writes.router)
PROGRAM = Resource[Any](rows.ProgramRow, PROGRAMS)
PROGRAM_EVENT = Resource[ProgramEvent](
    rows.ProgramEventRow, PROGRAM_EVENTS, fields_of(ProgramEventFilter), file="program-events"
)
PARTICIPATION = Resource[ParticipationRow](
    rows.ParticipationRow,
    participation_columns(sees_customers=True),
    fields_of(ParticipationFilter),
    file="event-participation",
)
ENROLLMENT = Resource[Enrollment](rows.EnrollmentRow, ENROLLMENTS, fields_of(EnrollmentFilter))
ENROLLED_DEVICE = Resource[SubscribedDevice](rows.EnrolledDeviceRow, ENROLLED_DEVICES)


@router.get("/programs", summary="All programs", **PROGRAM.whole)
@allow_call("cpm.view_program")
def programs(request: SignedInRequest) -> Any:
    return PROGRAM.answer(request, Page(list(programs_with_use())))


@router.get("/program-events", summary="Program events, the latest start first", **PROGRAM_EVENT.listed)
@allow_call("cpm.view_programevent", is_list=True)
def program_event_list(request: SignedInRequest) -> Any:
    return PROGRAM_EVENT.page_or_file(request, program_events(), NEWEST_EVENTS_FIRST, ProgramEventFilter)


@router.get("/program-events/{event_number}/{stage_number}", summary="One program event", **PROGRAM_EVENT.single)
@allow_call("cpm.view_programevent")
def program_event(request: SignedInRequest, event_number: str, stage_number: int) -> Any:
    found = get_object_or_404(program_events(), event_number=event_number, stage_number=stage_number)
    return PROGRAM_EVENT.row(request.user, found)


@router.get("/participations", summary="Participations, of the newest program events first", **PARTICIPATION.listed)
@allow_call("cpm.view_participation", is_list=True)
def participation_list(request: SignedInRequest) -> Any:
    """Customers are named only to a caller that may see them."""
    sees = request.user.has_perm(SEES_CUSTOMERS)
    size = PARTICIPATION.size(request, without=() if sees else ("customer",))
    form = known(ParticipationFilter(request.GET, sees_customers=sees))
    columns, wanted = participation_columns(sees_customers=sees), form.wanted
    if kind := PARTICIPATION.format(request):

        def after(last: ParticipationRow | None) -> list[ParticipationRow]:
            return participations(wanted, after=last.place(NEWEST_FIRST) if last else None, limit=PAGE)

        file = listing(
            PARTICIPATION.file,
            columns.in_file(request.user),
            after,
            lambda most: participation_count(wanted, most=most),
        )
        return export(request, file, kind)
    page = participation_page(request, form, NEWEST_FIRST, size=size)
    return PARTICIPATION.answer(request, page, columns)


@router.get("/enrollments", summary="Enrollments, the longest wait first", **ENROLLMENT.listed)
@allow_call("cpm.view_enrollment", is_list=True)
def enrollment_list(request: SignedInRequest) -> Any:
    """Without a state, those that wait for somebody."""
    return ENROLLMENT.page_or_file(request, enrollments(), LONGEST_WAIT_FIRST, EnrollmentFilter)


@router.get("/enrollments/{enrollment}", summary="One enrollment", **ENROLLMENT.single)
@allow_call("cpm.view_enrollment")
def enrollment(request: SignedInRequest, enrollment: int) -> Any:
    return ENROLLMENT.row(request.user, get_object_or_404(enrollments(), pk=enrollment))


@router.get("/enrollments/{enrollment}/devices", summary="The devices of an enrollment", **ENROLLED_DEVICE.whole)
@allow_call("cpm.view_enrollment")
def enrollment_devices(request: SignedInRequest, enrollment: int) -> Any:
    found = get_object_or_404(enrollments(), pk=enrollment)
    return ENROLLED_DEVICE.answer(request, Page(devices_of_enrollment(found)))

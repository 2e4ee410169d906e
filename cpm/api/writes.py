"""CPM's part of the API: enrolling, leaving, replacing; periods of unavailability; opt-outs. With the pages' forms."""

from typing import Any, Literal
from uuid import UUID

from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Router, Schema
from pydantic import AwareDatetime, Field

from cpm.models.customers import Device, DeviceLocation
from cpm.models.programs import Program
from integration.pages.api_writes import acts, changed, checked, done, errors_of, made
from integration.pages.filters import no_such_value
from integration.pages.http import SignedInRequest
from integration.pages.problems import FieldError, FieldsRefused
from integration.pages.wall_time import typed_moment
from integration.seam import clock
from integration.seam.recorded import in_words

from .. import operations
from ..choices import LeavingReason, Supply
from ..forms import EnrollForm, LeavingForm, OptOutForm, PeriodForm, ReplacementForm, UnavailabilityForm
from ..planning import Application, checks_of
from ..queries import ParticipationRow, devices_to_enroll, enrollments
from ..views.participations import coming_stages, participation_row
from ..views.unavailability import devices_enrolled, open_period, schedule, subscription_for_periods, would_be_released

router = Router()
PERIOD = {"starts_at": "from", "ends_at": "until"}


class NewEnrollment(Schema):
    """An application of a customer for a program."""

    location: int = Field(description="Id of one of the customer's locations.")
    program: str = Field(description="Code of the program.")
    devices: list[int] = Field([], description="Ids of devices there that join.")
    supply: Supply | None = Field(None, description="How a device comes; null: it is there, or none is needed.")
    answers: list[bool] = Field([], description="Answers to the program's questions, in their order; yes is true.")
    accept_unmet: bool = Field(
        False, description="Keep the application as an Exception if a check is not met; else it is refused."
    )


class Leaving(Schema):
    """Why a customer leaves a program."""

    because: LeavingReason = Field(description="The reason.")
    note: str = Field("", description="What else there is to say, at most 200 characters.")


class Replacement(Schema):
    """The device that takes the place of another behind the same head end system."""

    nic_id: str = Field(description="Its id at the head end system.")
    model: str = Field(description="Its model.")
    rated_w: int = Field(description="What it could draw, in W.")


class Period(Schema):
    """When devices must not be used."""

    from_: AwareDatetime = Field(alias="from", description="The start: now or later, to the second.")
    until: AwareDatetime = Field(description="The end, to the second.")
    reason: str = Field(description="Why; at most 200 characters.")
    release: bool = Field(False, description="Give up reservations in this period; without, 409 names them.")


class NewPeriod(Period):
    """When devices of a subscription must not be used."""

    devices: list[int] = Field(description="Ids of devices of the subscription.", min_length=1)


class ChangedPeriod(Period):
    """When a device must not be used, in place of a period."""

    version: int = Field(description="The period's version that this is based on.")


class Version(Schema):
    """What was seen."""

    version: int = Field(description="The period's version that was seen.")


class OptOut(Schema):
    """For what a device opts out."""

    scope: Literal["stage", "event"] = Field("stage", description="This stage, or all coming stages of the event.")


class WouldRelease(FieldsRefused):
    """The period overlaps reservations that would be given up."""

    status = 409


@router.post("/customers/{customer}/enrollments", **made("Enroll a customer in a program"))
@acts("cpm.add_enrollment")
def enroll(request: SignedInRequest, customer: str, application: NewEnrollment) -> Any:
    """The checks are those of the page: one that is not met refuses the application, or makes it an Exception."""
    places = DeviceLocation.objects.select_related("customer").filter(customer__number=customer)
    place = get_object_or_404(places, pk=application.location)
    operations.require_lived_in(place)
    program = Program.objects.select_related("type").filter(code=application.program).first()
    if program is None:
        codes = list(Program.objects.order_by("code").values_list("code", flat=True))
        raise FieldsRefused([FieldError("program", no_such_value(application.program, codes))])
    form = _enroll_form(application, place, program)
    found = checks_of(Application(program, place, form.chosen, answers=form.answers, is_supplied=form.is_supplied))
    unmet = [FieldError("", in_words(check.sentence)) for check in found if not check.is_met]
    if unmet and not application.accept_unmet:
        raise FieldsRefused(unmet)
    enrollment = operations.enroll(
        customer_id=place.customer_id,
        location_id=place.pk,
        program_id=program.pk,
        device_ids=[device.pk for device in form.chosen],
        supply=form.cleaned_data["supply"],
        answers=form.answers,
        by=request.user.get_username(),
        now=clock.now(),
    )
    return done(f"enrollments/{enrollment.pk}", *(one.detail for one in unmet))


@router.post("/enrollments/{enrollment}/unenroll", **changed("End an enrollment"))
@acts("cpm.add_enrollment")
def unenroll(request: SignedInRequest, enrollment: int, leaving: Leaving) -> Any:
    """It can't be undone; the customer can be enrolled anew."""
    found = get_object_or_404(enrollments(), pk=enrollment)
    said = checked(LeavingForm(leaving.model_dump())).cleaned_data
    by, now = request.user.get_username(), clock.now()
    operations.unenroll(enrollment_id=enrollment, by=by, now=now, seen=found.revision, **said)
    return done(f"enrollments/{enrollment}")


@router.post("/customers/{customer}/devices/{device}/replace", **changed("Replace a device by a new one"))
@acts("cpm.add_enrollment")
def replace(request: SignedInRequest, customer: str, device: int, replacement: Replacement) -> Any:
    """The new device joins the same programs and takes over coming unavailability."""
    old = get_object_or_404(Device, pk=device, ended_at=None, location__customer__number=customer)
    said = checked(ReplacementForm(replacement.model_dump())).cleaned_data
    operations.replace_device(device_id=old.pk, by=request.user.get_username(), now=clock.now(), **said)
    return done(f"customers/{customer}/devices")


@router.post(
    "/customers/{customer}/subscriptions/{subscription}/unavailability", **made("Enter a period of unavailability")
)
@acts("cpm.change_unavailability")
def add_period(request: SignedInRequest, customer: str, subscription: int, period: NewPeriod) -> Any:
    found = subscription_for_periods(customer, subscription)
    zone, now = found.location.time_zone, clock.now()
    typed = _typed(period, zone)
    typed.setlist("devices", [str(pk) for pk in period.devices])
    form = checked(UnavailabilityForm(typed, devices=devices_enrolled(found), time_zone=zone, now=now), names=PERIOD)
    _require_release(period, would_be_released(form, form.chosen))
    if not schedule(form, request.user.get_username()):
        raise FieldsRefused(errors_of(form, names=PERIOD))
    return done(f"customers/{customer}/unavailability")


@router.put("/customers/{customer}/unavailability/{unavailability}", **changed("Change a period of unavailability"))
@acts("cpm.change_unavailability")
def change_period(request: SignedInRequest, customer: str, unavailability: UUID, period: ChangedPeriod) -> Any:
    """What was released because of it stays released."""
    found = open_period(customer, unavailability)
    zone, now = found.device.location.time_zone, clock.now()
    form = checked(PeriodForm(_typed(period, zone), time_zone=zone, now=now, period=found), names=PERIOD)
    _require_release(period, would_be_released(form, [found.device_id]))
    said, by = form.cleaned_data, request.user.get_username()
    operations.change_unavailability(
        uid=unavailability,
        starts_at=said["starts_at"],
        ends_at=said["ends_at"],
        reason=said["reason"],
        by=by,
        now=now,
        version=period.version,
    )
    return done(f"customers/{customer}/unavailability")


@router.post(
    "/customers/{customer}/unavailability/{unavailability}/cancel", **changed("Cancel a period of unavailability")
)
@acts("cpm.change_unavailability")
def cancel_period(request: SignedInRequest, customer: str, unavailability: UUID, seen: Version) -> Any:
    """The device may be chosen again; it is not reserved again for stages that it left."""
    open_period(customer, unavailability)
    by = request.user.get_username()
    operations.cancel_unavailability(uid=unavailability, by=by, now=clock.now(), version=seen.version)
    return done(f"customers/{customer}/unavailability")


@router.post(
    "/program-events/{event_number}/{stage_number}/devices/{head_end}/{nic_id}/opt-out",
    **changed("Opt a device out before its stage starts"),
)
@acts("cpm.opt_out")
def opt_out(
    request: SignedInRequest, event_number: str, stage_number: int, head_end: str, nic_id: str, opt_out: OptOut
) -> Any:
    """It can't be undone. The answer names stages of the event that it could not leave."""
    row = participation_row(event_number, stage_number, head_end, nic_id)
    said = {"preemptive_opt_out": "yes", "scope": opt_out.scope}
    scope = checked(OptOutForm(said, stages=len(coming_stages(row)))).cleaned_data["scope"]
    event, by, now = row.program_event, request.user.get_username(), clock.now()
    notes: list[str] = []
    if scope == "event":
        notes = operations.opt_out_of_event(event_uid=event.event_uid, device_id=row.device.pk, by=by, now=now)
    else:
        operations.opt_out_device(program_event_id=event.pk, device_id=row.device.pk, by=by, now=now)
    return done(f"program-events/{event_number}/{stage_number}", *notes)


def _enroll_form(application: NewEnrollment, place: DeviceLocation, program: Program) -> EnrollForm:
    """The page's form, with answers by the order of questions. Raises FieldsRefused."""
    asked, given = [one.text for one in program.questions], application.answers
    if len(given) != len(asked):
        sentence = _("The program asks %(asked)s questions, and %(given)s answers were given: %(questions)s")
        values = {"asked": len(asked), "given": len(given), "questions": " ".join(asked) or "—"}
        raise FieldsRefused([FieldError("answers", sentence % values)])
    typed = QueryDict(mutable=True)
    typed.setlist("devices", [str(pk) for pk in application.devices])
    typed["supply"] = application.supply or ""
    for n, answer in enumerate(given):
        typed[f"question_{n}"] = "yes" if answer else "no"
    form = EnrollForm(typed, devices=devices_to_enroll(place.pk, program.pk), program=program)
    if application.devices and "devices" not in form.fields:
        raise FieldsRefused([FieldError("devices", _("No device that is installed there can join the program."))])
    return checked(form)


def _typed(period: Period, time_zone: str) -> QueryDict:
    typed = QueryDict(mutable=True)
    typed.update(typed_moment("starts_at", period.from_, time_zone) | typed_moment("ends_at", period.until, time_zone))
    typed["reason"] = period.reason
    return typed


def _require_release(period: Period, released: list[ParticipationRow]) -> None:
    """Raise WouldRelease with the reservations that would be given up, unless they may be."""
    if released and not period.release:
        raise WouldRelease(
            [
                FieldError(
                    "release",
                    _("%(device)s is reserved for %(event)s; “release” gives that up.")
                    % {"device": f"{row.device.head_end}/{row.device.nic_id}", "event": in_words(row.program_event)},
                )
                for row in released
            ]
        )

"""Enrollments that another system asks for, one a call; a transaction that is sent again gets the first answer."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from cpm.models.customers import Device, DeviceLocation
from cpm.models.enrollments import Enrollment
from cpm.models.programs import Program
from integration.pages.http import SignedInRequest
from integration.pages.rest import operation
from integration.seam import clock

from .. import operations
from ..choices import APPLICATION_STATES, DeviceClass, EnrollmentState, Supply, SyncAnswer
from ..queries import devices_of_enrollment, devices_to_enroll
from ..queries.named_outside import NotNamed, customer_named, enrollment_named, place_named, program_named
from .enrollment_bodies import REASONS, SUPPLIES, About, Asset, EnrollBody, EnrollDeviceBody, Transaction, UnenrollBody

ENTERS_DEVICES, SEES_CUSTOMERS = "cpm.change_enrollment", "cpm.view_customer"
# A status has twelve characters there.
STATUSES = {state: state.upper()[:12].strip() for state in EnrollmentState.values} | {
    EnrollmentState.WAITING: "WAITING",
    EnrollmentState.DEREGISTERING: "LEAVING",
}
REGISTRATIONS = {SyncAnswer.REGISTERED: "D1RE", SyncAnswer.DEREGISTERED: "D1DR"}
NOT_REGISTERED = "D1NR"
CLASSES = {str(text).casefold().replace(" ", "_"): value for value, text in DeviceClass.choices}


@operation("cpm.add_enrollment", body=EnrollBody)
def enroll(request: SignedInRequest, body: EnrollBody) -> dict[str, Any]:
    """An application is validated at once, unless it came from the customer: a CSR looks at that first."""
    return _once(request, body, "enroll", lambda: _enrolled(request, body))


@operation(ENTERS_DEVICES, body=EnrollDeviceBody)
def enroll_device(request: SignedInRequest, body: EnrollDeviceBody) -> dict[str, Any]:
    def act() -> dict[str, Any]:
        if not body.asset_info.asset_list:
            raise NotNamed(_("Name a device in assetList."))
        found = _enrollment(body, body.enrollment_id)
        by = request.user.username
        for asset in body.asset_info.asset_list:
            if device := _installed(asset, found.location):
                operations.add_installed_device(enrollment_id=found.pk, device_id=device.pk, by=by, now=clock.now())
            else:
                _add(request, found, asset)
        return _answer(found.pk)

    return _once(request, body, "enrollDevice", act)


@operation("cpm.add_enrollment", body=UnenrollBody)
def unenroll(request: SignedInRequest, body: UnenrollBody) -> dict[str, Any]:
    """Ends an enrollment; one that waits for its first device or for a CSR is canceled."""

    def act() -> dict[str, Any]:
        found, by, now = _enrollment(body), request.user.username, clock.now()
        because = REASONS[body.unenroll_reason]
        if found.can_be_canceled:
            operations.cancel_enrollment(enrollment_id=found.pk, why=str(because.label), by=by, now=now)
        else:
            operations.unenroll(enrollment_id=found.pk, because=because, note="", by=by, now=now)
        told = _answer(found.pk)
        return {"unenrollmentId": told.pop("enrollmentId"), **told, "unenrollReason": body.unenroll_reason}

    return _once(request, body, "unenroll", act)


@operation("cpm.view_enrollment")
def enrollment_status(request: SignedInRequest, pk: int) -> dict[str, Any]:
    """An enrollment; its customer only to those who may see customers."""
    told = _answer(pk)
    if not request.user.has_perm(SEES_CUSTOMERS):
        return told
    customer = Enrollment.objects.select_related("customer").get(pk=pk).customer
    return {**told, "customerInfo": {"cisAccountId": customer.account, "cisPersonId": customer.cis_id}}


@operation("cpm.view_program")
def qualification_questions(request: SignedInRequest, code: str) -> dict[str, Any]:
    """The questions of a program, each with the answer that qualifies."""
    program = get_object_or_404(Program, code=code)
    questions = [
        {
            "sequence": str(number),
            "question": str(number),
            "description": one.text,
            "responseRequired": "true",
            "questionAnswers": {"answers": [{"sequence": "1", "answer": _yes(one.wanted), "answerStyle": "RBTN"}]},
        }
        for number, one in enumerate(program.questions, 1)
    ]
    return {"programCode": program.code, "qualificationQuestions": questions}


def _enrolled(request: SignedInRequest, body: EnrollBody) -> dict[str, Any]:
    place, program = _place(body), program_named(body.program_info.program_code)
    assets, method = body.asset_info.asset_list, body.asset_info.installation_method
    here = {device.pk: device for device in devices_to_enroll(place.pk, program.pk)}
    known = {asset: _installed(asset, place) for asset in assets}
    others = [asset for asset, device in known.items() if device is None]
    chosen = list(here) if method == "X1RE" and not assets else [device.pk for device in known.values() if device]
    supply = Supply.OWN if others else SUPPLIES.get(method, "")
    made = operations.enroll(
        customer_id=place.customer_id,
        location_id=place.pk,
        program_id=program.pk,
        device_ids=chosen,
        supply=supply,
        answers=_answers(body, program),
        by=request.user.username,
        now=clock.now(),
        validates=body.enrollment_source != "X1SS",
    )
    if made.state not in APPLICATION_STATES:
        for asset in others:
            _add(request, made, asset)
    return _answer(made.pk)


def _once(request: SignedInRequest, body: Transaction, name: str, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    answer = operations.answer_once(
        act,
        operation=name,
        transaction_id=body.transaction_id,
        digest=sha256(body.model_dump_json().encode()).hexdigest(),
        by=request.user.username,
        now=clock.now(),
    )
    return {"transactionId": body.transaction_id, **answer}


def _place(body: About) -> DeviceLocation:
    person = body.customer_info
    customer = customer_named(account=person.cis_account_id, person=person.cis_person_id)
    return place_named(customer, service_point=body.location_info.cis_service_point_id)


def _enrollment(body: About, pk: str = "") -> Enrollment:
    if pk:
        return get_object_or_404(Enrollment, pk=int(pk))
    return enrollment_named(_place(body), program_code=body.program_info.program_code)


def _installed(asset: Asset, place: DeviceLocation) -> Device | None:
    """The installed device that a call names. Raises NotNamed if it stands at another place."""
    rows = Device.objects.filter(head_end=asset.head_end_system, nic_id__iexact=asset.nic_id, ended_at=None)
    found = rows.first()
    if found and found.location_id != place.pk:
        raise NotNamed(_("The device %(device)s is at another place.") % {"device": found})
    return found


def _add(request: SignedInRequest, enrollment: Enrollment, asset: Asset) -> None:
    """Install a device and register it. Raises NotNamed if the call doesn't say what it is."""
    kind = CLASSES.get(asset.asset_type.casefold().replace(" ", "_"))
    if kind is None or not asset.specification or asset.rated_power_w is None:
        raise NotNamed(
            _("The device %(device)s is not installed. Send assetType (%(types)s), specification and ratedPowerW.")
            % {"device": f"{asset.head_end_system}/{asset.nic_id}", "types": ", ".join(CLASSES)}
        )
    if not request.user.has_perm(ENTERS_DEVICES):
        raise PermissionDenied(_("This takes the permission %(name)s.") % {"name": ENTERS_DEVICES})
    operations.add_device(
        enrollment_id=enrollment.pk,
        head_end=asset.head_end_system,
        nic_id=asset.nic_id,
        device_class=kind,
        model=asset.specification,
        rated_w=asset.rated_power_w,
        critical_care=False,
        by=request.user.username,
        now=clock.now(),
    )


def _answers(body: EnrollBody, program: Program) -> list[dict[str, Any]]:
    """The answers to the program's questions. Raises NotNamed for an answer to another one."""
    numbers = {str(number): one.text for number, one in enumerate(program.questions, 1)}
    given = {numbers.get(one.question, one.question): one.answer == "Yes" for one in body.qualification_answers}
    if other := sorted(given.keys() - numbers.values()):
        raise NotNamed(_("%(program)s does not ask “%(question)s”.") % {"program": program, "question": other[0]})
    return [{"text": text, "answer": answer} for text, answer in given.items()]


def _answer(pk: int) -> dict[str, Any]:
    """An enrollment as the interfaces tell it. It is kept with a transaction, so it says nothing of the customer."""
    found = get_object_or_404(Enrollment.objects.select_related("location", "program"), pk=pk)
    devices = [
        {
            "headEndSystem": one.device.head_end,
            "nicId": one.device.nic_id,
            "headEndRegistration": REGISTRATIONS.get(SyncAnswer(one.answer), NOT_REGISTERED),
            "message": one.error,
        }
        for one in devices_of_enrollment(found)
    ]
    return {
        "enrollmentId": str(found.pk),
        "status": STATUSES[found.state],
        "exception": {"message": found.reason},
        "programInfo": {"programCode": found.program.code},
        "locationInfo": {"cisServicePointId": found.location.service_point},
        "assetInfo": {"assetList": devices},
    }


def _yes(answer: bool) -> str:
    return "Yes" if answer else "No"

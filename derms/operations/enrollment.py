"""Applying what CPM reports about programs, devices and enrollments."""

from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.db.models import Q, QuerySet

from derms.set_operations.candidates import candidate_table, inherit_counts
from integration.seam import extracts, outbox, sql
from integration.seam.delivery import NotYet, receiving
from integration.seam.filling import filling
from integration.seam.loads import STATISTICS_TARGET, analyze_after_commit, begin_load, count_part
from integration.seam.messages import (
    EnrollmentAnswer,
    EnrollmentAnswerWord,
    EnrollmentChange,
    EnrollmentLoad,
    EnrollmentLoadAnswer,
    ProgramRuleSync,
    Receipt,
)
from integration.seam.models import Delivery
from integration.seam.recorded import VERSION_NOT_NEWER, recorded
from integration.seam.refusals import Refused
from integration.seam.sql import compose, identifier, statement
from integration.seam.systems import System

from ..models import ControlZone, Device, DeviceUnavailability, Enrollment, Feeder, HeadEnd, Program, Transformer
from .cancellation import cancel_stages_of
from .locks import lock_zones_now
from .removals import give_up_coming_stages

_COUNT_ANSWERED = "SELECT count(*) FILTER (WHERE error = ''), count(*) FILTER (WHERE error <> '') FROM answered"
_ANSWERS = "SELECT head_end, nic_id, answer, error FROM answered"
_ZONES_IN = "SELECT id FROM derms_controlzone WHERE code IN (SELECT zone FROM {staged}) ORDER BY id"
CANCELED = recorded("%(count)s scheduled stages canceled")
# What is refused, as sql/load_enrollments.sql writes it, too.
UNKNOWN = {
    "head end system": recorded("There is no head end system “%(value)s”."),
    "control zone": recorded("There is no control zone “%(value)s”."),
    "feeder": recorded("There is no feeder “%(value)s”."),
    "transformer": recorded("There is no transformer “%(value)s”."),
    "program": recorded("There is no program “%(value)s”."),
}
NO_CLASS = recorded("There is no device class “%(value)s”.")
OTHER_LETTERS = recorded("It is device “%(other)s”, written in other letters. Correct the NIC id.")
INCOMPLETE = recorded("A value is missing.")
TWICE = recorded("The device is in the file twice.")
NO_POWER = recorded("The rated power is %(watts)s W; it must be above 0 W.")
M = TypeVar("M", HeadEnd, ControlZone, Feeder, Transformer, Program)


class EnrollmentRefused(Refused):
    """The change names something DERMS does not know."""


@receiving
def save_program(body: ProgramRuleSync, *, now: datetime) -> Receipt:
    """Apply a program and its rules if they are newer than the known version.

    If its manager released its devices, its scheduled stages are canceled. Raises NotYet while a zone is busy.
    """
    program, _ = Program.objects.select_for_update(no_key=True).get_or_create(
        code=body.program, defaults={"name": body.name}
    )
    if body.version <= program.version:
        return Receipt(applied=0, note=VERSION_NOT_NEWER(new=body.version, known=program.version))
    is_released = body.releases > program.releases
    for name in ("name", "active", "suspended", "starts_on", "ends_on", "version", "releases", "calls_devices"):
        setattr(program, name, getattr(body, name))
    program.rules_data = body.rules.model_dump(mode="json")
    program.dated_rules_data = [one.model_dump(mode="json") for one in body.dated_rules]
    program.save()
    if not is_released:
        return Receipt()
    # A Schedule has either finished, and its stages are canceled here, or it begins later and finds a closed program.
    lock_zones_now(list(ControlZone.objects.values_list("pk", flat=True)))
    return Receipt(note=CANCELED(count=cancel_stages_of(program, now=now)))


@receiving
def change_enrollment(change: EnrollmentChange, *, now: datetime) -> Receipt:
    """Register or deregister one device and send the answer; a refused change is answered with the reason.

    Changes may overtake each other: one that is not later than what is known of the device in the program is ignored.
    """
    lock_zones_now(list(ControlZone.objects.filter(code=change.zone).values_list("pk", flat=True)))
    try:
        with transaction.atomic():
            _CHANGES[change.change](change)
    except EnrollmentRefused as reason:
        _answer(change, change.nic_id, "Error", str(reason))
        return Receipt(status="ERROR", applied=0, refused=1, note=str(reason))
    for nic_id in filter(None, (change.nic_id, change.replaces_nic_id)):
        stays = _enrolled(change, nic_id)
        if not stays:
            give_up_coming_stages(change, nic_id, now)
        _answer(change, nic_id, "Registered" if stays else "Deregistered")
    return Receipt()


@transaction.atomic
def load_enrollments(delivery: Delivery, body: EnrollmentLoad) -> Receipt:
    """Register one part of a program's devices and send an answer for each row."""
    program = Program.objects.filter(code=body.program).first()
    if program is None:
        raise NotYet(f"program {body.program} is not known yet")
    staged = extracts.stage_part(body.extract, kind=body.kind, part=delivery.part or 1)
    zones = _zones_in(staged.table)
    lock_zones_now(zones)
    begin_load(delivery.message, receiver=System.DERMS)
    tables = [Device._meta.db_table, Enrollment._meta.db_table, *map(candidate_table, zones)]
    with filling(*tables, rows=staged.rows) as unless_there:
        register = statement("derms", "load_enrollments", staged=identifier(staged.table), unless_there=unless_there)
        sql.execute(register, {"program": program.pk})
    applied, refused = sql.row(_COUNT_ANSWERED)
    extract = extracts.write_extract(kind="enrollment_load_answer", query=_ANSWERS, params={}, in_one_part=True)
    outbox.send(EnrollmentLoadAnswer(program=body.program, extract=extract.ref), sender=System.DERMS)
    count_part(delivery, applied=applied, refused=refused)
    analyze_after_commit(Device._meta.db_table, Enrollment._meta.db_table, target=STATISTICS_TARGET)
    return Receipt(status="ERROR" if refused else "SUCCESS", applied=applied, refused=refused)


def _zones_in(staged: str) -> list[int]:
    return sql.column(compose(_ZONES_IN, staged=identifier(staged)))


def _start(change: EnrollmentChange) -> None:
    if _is_old(change, change.nic_id):
        return
    device = _live_device(change, change.nic_id) or _new_device(change, change.nic_id)
    # An earlier enrollment may still be open because its end is on its way; that end will then have no effect.
    _close(change, change.nic_id)
    Enrollment.objects.create(program=_program(change), device=device, starts_at=change.at)


def _end(change: EnrollmentChange, nic_id: str = "") -> None:
    nic_id = nic_id or change.nic_id
    if _is_old(change, nic_id):
        return
    if not _close(change, nic_id):
        # The start is still on its way; this row makes it have no effect when it arrives.
        gone = _live_device(change, nic_id) or _new_device(change, nic_id)
        Enrollment.objects.create(program=_program(change), device=gone, starts_at=change.at, ends_at=change.at)
    device = _live_device(change, nic_id)
    if device and not device.enrollments.filter(ends_at=None).exists():
        device.ended_at = change.at
        device.save(update_fields=["ended_at"])


def _replace(change: EnrollmentChange) -> None:
    """The old device leaves the program as the new one takes its place; it keeps its history."""
    if not change.replaces_nic_id:
        raise EnrollmentRefused(f"The message doesn't say which device {change.head_end}/{change.nic_id} replaces.")
    former = _live_device(change, change.replaces_nic_id)
    _end(change, change.replaces_nic_id)
    _start(change)
    device = _live_device(change, change.nic_id)
    if former and device:
        inherit_counts(former=former.pk, device=device.pk)


_CHANGES = {"start": _start, "end": _end, "replace": _replace}


def _known_of(change: EnrollmentChange, nic_id: str) -> QuerySet[Enrollment]:
    return Enrollment.objects.filter(
        program__code=change.program, device__head_end__code=change.head_end, device__nic_id=nic_id
    )


def _is_old(change: EnrollmentChange, nic_id: str) -> bool:
    return _known_of(change, nic_id).filter(Q(starts_at__gte=change.at) | Q(ends_at__gte=change.at)).exists()


def _enrolled(change: EnrollmentChange, nic_id: str) -> bool:
    return _known_of(change, nic_id).filter(ends_at=None).exists()


def _close(change: EnrollmentChange, nic_id: str) -> int:
    return _known_of(change, nic_id).filter(ends_at=None).update(ends_at=change.at)


def _live_device(change: EnrollmentChange, nic_id: str) -> Device | None:
    return Device.objects.filter(head_end__code=change.head_end, nic_id=nic_id, ended_at=None).first()


def _new_device(change: EnrollmentChange, nic_id: str) -> Device:
    """A device that returns gets a new row; it keeps its unavailability and, at the same place, its limits' use."""
    _require_unlike_others(change, nic_id)
    made = Device.objects.create(
        head_end=known_part(HeadEnd, change.head_end, "head end system"),
        nic_id=nic_id,
        device_class=change.device_class,
        rated_w=change.rated_w,
        zone=known_part(ControlZone, change.zone, "control zone"),
        feeder=known_part(Feeder, change.feeder, "feeder"),
        transformer=known_part(Transformer, change.transformer, "transformer"),
        critical_care=change.critical_care,
        registered_at=change.at,
    )
    made.limits_of_id = _first_registration(made)
    made.save(update_fields=["limits_of"])
    before = DeviceUnavailability.objects.filter(device__head_end_id=made.head_end_id, device__nic_id=nic_id)
    before.filter(ends_at__gt=change.at).update(device=made)
    return made


def _require_unlike_others(change: EnrollmentChange, nic_id: str) -> None:
    same = Device.objects.filter(head_end__code=change.head_end, nic_id__iexact=nic_id, ended_at=None)
    if other := same.exclude(nic_id=nic_id).first():
        raise EnrollmentRefused(OTHER_LETTERS(other=other.nic_id))


def _first_registration(device: Device) -> int | None:
    """The id of the first registration of a device that was taken out at the same transformer."""
    same = {"head_end_id": device.head_end_id, "nic_id": device.nic_id, "transformer_id": device.transformer_id}
    before = Device.objects.filter(**same, ended_at__isnull=False).order_by("pk")
    return before.values_list("pk", flat=True).first()


def _program(change: EnrollmentChange) -> Program:
    return known_part(Program, change.program, "program")


def known_part(model: type[M], code: str, label: str) -> M:
    """The part of the grid, head end system or program with this code. Raises EnrollmentRefused."""
    found = model.objects.filter(code=code).first()
    if found is None:
        raise EnrollmentRefused(UNKNOWN[label](value=code))
    return found


def _answer(change: EnrollmentChange, nic_id: str, answer: EnrollmentAnswerWord, error: str = "") -> None:
    device = {"head_end": change.head_end, "nic_id": nic_id, "program": change.program}
    outbox.send(EnrollmentAnswer(**device, answer=answer, error=error), sender=System.DERMS)

"""How much ends when devices leave programs: sentences for the pages that ask before."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..choices import LEFT_STATES, ProgramEventState
from ..models.customers import Device, DeviceLocation
from ..models.enrollments import Enrollment
from ..queries import ParticipationRow, devices_of, own_participations


def what_moves_out(place: DeviceLocation) -> list[str]:
    """What Move Out ends at a place: its devices, enrollments and reservations."""
    devices = list(devices_of(place))
    rows = Enrollment.objects.filter(location=place).exclude(state__in=LEFT_STATES).select_related("program")
    programs = [str(one.program) for one in rows.order_by("program__name")]
    taken_out = ngettext(
        "%(count)s device is taken out of all programs: %(names)s.",
        "%(count)s devices are taken out of all programs: %(names)s.",
        len(devices),
    )
    ending = ngettext("%(count)s enrollment ends: %(names)s.", "%(count)s enrollments end: %(names)s.", len(programs))
    named = [(taken_out, [device.nic_id for device in devices]), (ending, programs)]
    said = [pattern % {"count": len(names), "names": ", ".join(names)} for pattern, names in named if names]
    return [*said, *what_is_reserved(reservations_of(devices))]


def reservations_of(devices: Sequence[Device]) -> list[ParticipationRow]:
    """The reservations of one customer's devices in stages that are not over."""
    if not devices:
        return []
    ids = {device.pk for device in devices}
    return [row for row in own_participations(devices[0].location.customer) if row.device.pk in ids]


def what_is_reserved(rows: Sequence[ParticipationRow]) -> list[str]:
    """What becomes of reservations when devices leave: coming ones are released, one that runs ends as planned."""
    states = [row.program_event.state for row in rows if row.facts.reservation_flag]
    coming, running = states.count(ProgramEventState.SCHEDULED), states.count(ProgramEventState.IN_PROGRESS)
    if not coming and not running:
        return [_("None of these devices is reserved for an event now.")]
    released = ngettext(
        "%(count)s reservation of a coming stage is released.",
        "%(count)s reservations of coming stages are released.",
        coming,
    )
    kept = ngettext(
        "%(count)s device is in a stage that runs now; that ends for it as planned.",
        "%(count)s devices are in a stage that runs now; that ends for them as planned.",
        running,
    )
    return [said % {"count": count} for said, count in ((released, coming), (kept, running)) if count]

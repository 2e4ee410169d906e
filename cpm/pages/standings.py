"""How participations stand, in the sentences that CSRs, customers and refusals share."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from integration.pages.moments import moment_text

from ..choices import FINAL_STATES, ParticipationStatus, ProgramEventState, RemovalReason
from ..models import Removal
from ..models.program_events import ProgramEvent
from ..queries import ParticipationRow, removals_of


class Standing(NamedTuple):
    """A participation, and how it stands: a sentence to read to a caller, and whether its device can opt out now."""

    row: ParticipationRow
    sentence: str
    removal: Removal | None = None  # of its device
    can_opt_out: bool = False
    is_waiting: bool = False  # for the answer to a removal


def standings_of(rows: Sequence[ParticipationRow], now: datetime) -> list[Standing]:
    """How each of these participations stands; one query for all."""
    removals = removals_of(rows)
    return [_standing(row, removals.get(row.key), now)._replace(removal=removals.get(row.key)) for row in rows]


def _standing(row: ParticipationRow, removal: Removal | None, now: datetime) -> Standing:
    event, zone = row.program_event, row.device.location.time_zone
    if row.facts.code:
        return Standing(row, row.outcome)
    if row.facts.status == ParticipationStatus.CANCELED:
        return Standing(row, _("The program event was canceled before it started."))
    if removal:
        return Standing(row, removal_sentence(removal, zone), is_waiting=not removal.answer)
    if not row.facts.reservation_flag:
        return Standing(row, _("Released: the device is not called."))
    if event.state == ProgramEventState.IN_PROGRESS:
        running = _("Running now, until %(end)s.") % {"end": moment_text(event.ends_at, zone)}
        return Standing(row, f"{running} {taking_back()}")
    if why_not := opt_out_refusal(event, is_reserved=True, zone=zone, now=now):
        return Standing(row, why_not)
    end = moment_text(event.opt_out_ends_at, zone)
    return Standing(row, _("Opting out is possible until %(end)s.") % {"end": end}, can_opt_out=True)


def taking_back() -> str:
    """What a customer can do while their device runs in a stage."""
    return _("It can still be taken back by hand, at the device itself; it then leaves this stage only.")


def removal_sentence(removal: Removal, zone: str) -> str:
    """What became of a device that was to leave a stage, with times of `zone`."""
    values = {"reason": str(RemovalReason(removal.reason).label)}
    if removal.answered_at:
        values["time"] = moment_text(removal.answered_at, zone)
    is_opt_out = removal.reason == RemovalReason.OPT_OUT
    if not removal.answer:
        asked = _("DERMS was asked to release the device (%(reason)s). The answer comes in a moment.") % values
        return _("The opt-out is saved. The answer comes in a moment.") if is_opt_out else asked
    if removal.is_unconfirmed:
        return (
            _(
                "Not confirmed: when the stage started on %(time)s, the head end had not read that the device leaves. "
                "The device may have been called."
            )
            % values
        )
    if removal.is_too_late:
        return _("Too late: the stage started on %(time)s. The device stays in it.") % values
    if removal.answer == "released":
        return _("Released while the stage ran, on %(time)s (%(reason)s).") % values
    if is_opt_out:
        return _("Opted out: the device is not called.")
    return _("Released (%(reason)s): the device is not called.") % values


def opt_out_refusal(program_event: ProgramEvent, *, is_reserved: bool, zone: str, now: datetime) -> str:
    """Why a device can't opt out of the program event now, with times of `zone`; empty if it can."""
    kind = program_event.program.type
    if not kind.allow_to_opt_out:
        return _("%(name)s programs do not allow customers to opt out.") % {"name": kind.name}
    if program_event.is_external:
        return _("Another system planned this event and calls its devices; opt out there.")
    if program_event.state in FINAL_STATES:
        state = ProgramEventState(program_event.state).label
        return _("The program event is %(state)s; there is nothing left to opt out of.") % {"state": state}
    if not is_reserved:
        return _("The device is not reserved for this program event.")
    starts = moment_text(program_event.started_at or program_event.starts_at, zone)
    if program_event.state == ProgramEventState.IN_PROGRESS:
        late = _("The stage started on %(time)s; it is too late to opt out.") % {"time": starts}
        return f"{late} {taking_back()}"
    if now >= program_event.opt_out_ends_at:
        end = moment_text(program_event.opt_out_ends_at, zone)
        return _("Opting out was possible until %(end)s; the start of the stage is %(start)s.") % {
            "end": end,
            "start": starts,
        }
    return ""

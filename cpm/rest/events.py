"""Program events, reservations and outcomes of a DERMS from outside."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cpm.models.program_events import ProgramEvent
from integration.pages.http import SignedInRequest
from integration.pages.rest import moment_text, operation
from integration.seam import clock

from .. import operations
from ..operations import ExternalEventRefused, PlannedOutside
from .bodies import (
    ACTIONS,
    CATEGORIES,
    DeviceRow,
    LifecycleBody,
    OutcomeRow,
    OutcomesBody,
    ProgramEventBody,
    ReserveBody,
)

ACTS_AS_DERMS = "cpm.change_programevent"


@operation(ACTS_AS_DERMS, body=ProgramEventBody)
def program_event_create(request: SignedInRequest, body: ProgramEventBody) -> dict[str, Any]:
    """A stage; sent again it answers the first result."""
    planned = PlannedOutside(
        body.external_identifier,
        body.event_external_identifier,
        body.program_external_identifier,
        CATEGORIES[body.program_event_category],
        body.start_date_time,
        body.end_date_time,
    )
    return _answer(operations.add_external_event(planned, by=request.user.username, now=clock.now()))


@operation(ACTS_AS_DERMS, body=LifecycleBody)
def program_event_lifecycle(request: SignedInRequest, body: LifecycleBody) -> dict[str, Any]:
    moved = operations.move_external_event(
        named=body.event_external_identifier,
        to=ACTIONS[body.action],
        reason=body.cancel_reason,
        by=request.user.username,
        now=clock.now(),
    )
    return {**_answer(moved), "action": body.action, "cancelReason": moved.reason}


@operation(ACTS_AS_DERMS, body=ReserveBody)
def reserve_device(request: SignedInRequest, body: ReserveBody) -> dict[str, Any]:
    """The devices that are reserved by now, and those that were refused. If all were, nothing is changed."""
    if other := body.with_own_window:
        raise ExternalEventRefused(
            _("%(device)s has a reservation window of its own, which can't be kept. Send the event's.")
            % {"device": "/".join(other[0].key)}
        )
    window = body.event_start_date_time, body.event_end_date_time
    named, by = body.event_external_identifier, request.user.username
    with transaction.atomic():
        loaded = operations.reserve_devices(named=named, window=window, rows=body.rows, by=by, now=clock.now())
        taken, refused = _divided(body.device_list, loaded.refused)
    return {**_answer(loaded.program_event), "deviceList": [one.sent for one in taken], "refusedDeviceList": refused}


@operation(ACTS_AS_DERMS, body=OutcomesBody)
def post_event_outcome(request: SignedInRequest, body: OutcomesBody) -> dict[str, Any]:
    """The outcomes that are kept by now, and the devices that were refused. All events are reported, or none."""
    kept: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    with transaction.atomic():
        for event, rows in sorted(body.by_event.items()):
            loaded = operations.report_outcomes(named=event, rows=[one.row for one in rows], now=clock.now())
            taken, not_taken = _divided(rows, loaded.refused)
            kept += [_outcome(event, one) for one in taken]
            refused += not_taken
    return {"postOutcomeList": kept, "refusedDeviceList": refused}


def _answer(program_event: ProgramEvent) -> dict[str, Any]:
    codes: dict[str, str] = {category: code for code, category in CATEGORIES.items()}
    actions: dict[str, str] = {state: code for code, state in ACTIONS.items()}
    return {
        "programEventId": str(program_event.stage_uid),
        "externalIdentifier": program_event.external_id,
        "eventExternalIdentifier": program_event.external_event_id,
        "programExternalIdentifier": program_event.program.code,
        "programEventCategory": codes[program_event.category],
        "startDateTime": moment_text(program_event.starts_at),
        "endDateTime": moment_text(program_event.ends_at),
        "status": actions[program_event.state],
    }


def _outcome(event: str, row: OutcomeRow) -> dict[str, Any]:
    return {"eventExternalIdentifier": event, **row.sent, "outcome": row.outcome}


def _divided(rows: Sequence[Any], refused: Iterable[tuple[str, str, str]]) -> tuple[list[Any], list[dict[str, str]]]:
    """The rows that were taken, and what to say of the others. Raises ExternalEventRefused if there are only those."""
    why = {(head_end, nic_id): reason for head_end, nic_id, reason in refused}
    if rows and len(why) == len(rows):
        raise NoDeviceKnown(_("None of the %(count)s devices is known. Nothing was changed.") % {"count": len(rows)})
    given: list[DeviceRow] = list(rows)
    return (
        [one for one in given if one.key not in why],
        [{**one.sent, "detail": why[one.key]} for one in given if one.key in why],
    )


class NoDeviceKnown(ExternalEventRefused):
    """A call names only devices that CPM does not know."""

    status = 422

"""Choosing and reserving an approved event's devices, and sending the reservations to the other systems."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from derms.queries.goals import shortfall, stage_goals
from derms.set_operations.choosing import overlapping_stage_ids, reserve_devices, reserved_sums
from derms.set_operations.limits import ELSEWHERE
from integration.seam import extracts, outbox
from integration.seam.alerts import raise_alert
from integration.seam.messages import DeviceReservation
from integration.seam.models import Priority
from integration.seam.recorded import recorded
from integration.seam.refusals import Refused
from integration.seam.systems import System

from ..choices import EventState, StageState
from ..figures.targets import kept_steps, target_of
from ..models import Event, Stage
from .approval import check_still_possible
from .figures import recount_figures
from .history import save_event, save_stage
from .locks import lock_event, lock_stages, lock_zone
from .stage_alert import raise_stage_alert
from .status import send_stage_status

NO_DEVICE = recorded("No device can be reserved. %(why)s")
NOT_SCHEDULED = recorded("%(event)s was not scheduled: %(reason)s")
NONE_IN_ZONE = recorded("The zone has no device of the stages' programs and groups.")
LEFT_OUT = recorded("Left out: %(reasons)s.")

CAPPED = recorded("%(devices)s devices reserved; %(more)s more were left out: at most %(pct)s %% of what was approved")
RESERVED = recorded("%(devices)s devices reserved")
TOO_LITTLE = recorded("%(missing)s kW are missing from %(at)s on; %(accepted)s kW were accepted. %(why)s")
HELD = recorded("Left out: %(reasons)s. Devices are reserved for %(events)s.")
HELD_BY_SHOWN = 3
EMPTY = recorded("%(stage)s has no devices: nothing will be called. %(why)s")

RESERVED_DEVICES = """
SELECT h.code, d.nic_id, r.expected_w, r.nominal_w
  FROM derms_reservation r
  JOIN derms_device d ON d.id = r.device_id
  JOIN derms_headend h ON h.id = d.head_end_id
 WHERE r.stage_id = %(stage)s
 ORDER BY r.device_id
"""


class EventNotSchedulable(Refused):
    """Too late, or too few devices; nothing is reserved."""


@transaction.atomic
def schedule_event(event_id: int, *, now: datetime) -> None:
    """Reserve devices for every stage of an approved event, or for none, and send CPM and LEC the stages' status.

    Runs in a worker, never in a web request. If it fails, the event stays Approved and an alert is raised.
    """
    lock_zone(Event.objects.values_list("zone_id", flat=True).get(pk=event_id))
    event = lock_event(event_id)
    if event.state != EventState.APPROVED or event.schedule_due_at is None:
        return
    stages = lock_stages(event)
    try:
        with transaction.atomic():
            check_still_possible(event, stages, now, EventNotSchedulable)
            _reserve(event, stages, now)
    except EventNotSchedulable as reason:
        _stay_approved(event, str(reason))
        return
    was = event.state
    event.schedule()
    save_event(event, was=was, by="system", now=now, why=RESERVED(devices=sum(s.reserved for s in stages)))
    for stage in stages:
        send_stage_status(stage)
    recount_figures(event)
    _alert_of_empty(stages)


@transaction.atomic
def write_reservation_extract(stage_id: int, *, now: datetime) -> None:
    """Write the extract of a scheduled stage's reserved devices, and send it to CPM and LEC."""
    stage = Stage.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=stage_id).first()
    if stage is None or stage.reservations_sent_at or stage.state != StageState.SCHEDULED:
        return
    extract = extracts.write_extract(kind="device_reservation", query=RESERVED_DEVICES, params={"stage": stage_id})
    outbox.send(DeviceReservation(stage_uid=stage.uid, extract=extract.ref), sender=System.DERMS)
    # Counted here rather than at Schedule, which holds the control zone's lock.
    stage.feeders, stage.class_w = reserved_sums(stage)
    stage.reservations_sent_at = now
    stage.save(update_fields=["feeders", "class_w", "reservations_sent_at"])


def _reserve(event: Event, stages: list[Stage], now: datetime) -> None:
    event.target_steps = kept_steps(target_of(event, stages))
    goals = stage_goals(event, stages)
    for stage in stages:
        stage.goal_kw = goals[stage.pk]
        chosen = reserve_devices(stage, goal_kw=stage.goal_kw, now=now)
        stage.reserved, stage.reserved_w = chosen.devices, chosen.watts
        stage.left_out, stage.left_out_w = chosen.left_out, chosen.left_out_w
        stage.save(update_fields=["goal_kw", "reserved", "reserved_w", "left_out", "left_out_w"])
        was = stage.state
        stage.schedule()
        save_stage(stage, was=was, by="system", now=now, why=_reserved(stage))
    if (gap := shortfall(event, stages)) and not event.accepts(gap.missing_kw):
        at = gap.starts_at.astimezone(ZoneInfo(event.zone.time_zone))
        then = [stage for stage in stages if stage.starts_at <= gap.starts_at < stage.ends_at]
        raise EventNotSchedulable(
            TOO_LITTLE(
                missing=gap.missing_kw,
                at=f"{at:%H:%M %Z}",
                accepted=event.shortfall_accepted_kw,
                why=_why_left_out(then or stages),
            )
        )
    if not any(stage.reserved for stage in stages):
        raise EventNotSchedulable(NO_DEVICE(why=_why_left_out(stages)))


def _reserved(stage: Stage) -> str:
    if not stage.above_approved:
        return RESERVED(devices=stage.reserved)
    return CAPPED(devices=stage.reserved, more=stage.above_approved, pct=stage.event.type.approved_cap_pct)


def _stay_approved(event: Event, reason: str) -> None:
    event.schedule_due_at = None
    event.save(update_fields=["schedule_due_at"])
    raise_alert(
        f"not scheduled:{event.uid}",
        kind="event not scheduled",
        priority=Priority.HIGH,
        text=NOT_SCHEDULED(event=event.number, reason=reason),
        event_uid=event.uid,
    )


def _alert_of_empty(stages: list[Stage]) -> None:
    for stage in stages:
        if not stage.reserved:
            why = _why_left_out([stage])
            raise_stage_alert(stage, "no devices", kind="stage without devices", text=EMPTY(stage=stage, why=why))


def _why_left_out(stages: list[Stage]) -> str:
    counts: dict[str, int] = {}
    for stage in stages:
        for reason, devices in stage.left_out.items():
            counts[reason] = counts.get(reason, 0) + devices
    if not counts:
        return NONE_IN_ZONE()
    reasons = ", ".join(f"{n} {reason}" for reason, n in sorted(counts.items(), key=lambda c: -c[1]))
    held_by = _holding_events(stages) if ELSEWHERE in counts else []
    return HELD(reasons=reasons, events=", ".join(held_by)) if held_by else LEFT_OUT(reasons=reasons)


def _holding_events(stages: list[Stage]) -> list[str]:
    """The numbers of other events that hold devices while these stages run, the first few of them."""
    ids = [pk for stage in stages for pk in overlapping_stage_ids(stage)]
    others = Event.objects.filter(stages__in=ids).exclude(pk=stages[0].event_id).order_by("number").distinct()
    numbers = list(others.values_list("number", flat=True)[: HELD_BY_SHOWN + 1])
    return [*numbers[:HELD_BY_SHOWN], "…"] if len(numbers) > HELD_BY_SHOWN else numbers

"""Queries for the lists and pages of events, groups and devices."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, cast
from uuid import UUID

from django.db.models import Case, F, FloatField, Max, Min, Q, QuerySet, When
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext as _

from derms.choices import UNSCHEDULED_STATES, StageState
from derms.models import Device, DeviceOutcome, Event, Reservation, Stage
from derms.objectives import OBJECTIVES
from integration.seam import sql
from integration.seam.models import Alert, Delivery
from integration.seam.systems import System

_LEFT = "SELECT count(*) FROM derms_departure WHERE stage_id = ANY(%(stages)s)"
# The same as window_of, for lists: a stage that was canceled while it ran ended then, and before its start never was.
_COUNTS = ~Q(stages__state=StageState.CANCELED) | Q(stages__started_at__isnull=False)
_END = Case(When(stages__state=StageState.CANCELED, then="stages__ended_at"), default="stages__ends_at")


_IS_UNSCHEDULED = Q(state__in=UNSCHEDULED_STATES)
# Before Submit, only an event with a target of its own has one in lists.
_HAS_OWN_TARGET = Q(objective__in=[name for name, aim in OBJECTIVES.items() if aim.event_needs == "target_kw"])


def window_of(stages: Sequence[Stage]) -> tuple[datetime, datetime] | None:
    """When an event begins and ends. None without stages.

    A stage counts until it was canceled; not at all if that was before its start, unless no other is left.
    """
    counted = [stage for stage in stages if stage.state != StageState.CANCELED or stage.started_at] or stages
    if not counted:
        return None
    return min(stage.starts_at for stage in counted), max(map(_end_of, counted))


def _end_of(stage: Stage) -> datetime:
    was_stopped = stage.state == StageState.CANCELED and stage.ended_at
    return was_stopped or stage.ends_at


def events_for_list() -> QuerySet[Event]:
    """Events with the columns a list shows, the newest first."""
    return (
        Event.objects.select_related("zone", "strategy", "type")
        .annotate(
            starts_at=Coalesce(Min("stages__starts_at", filter=_COUNTS), Min("stages__starts_at")),
            ends_at=Coalesce(Max(_END, filter=_COUNTS), Max("stages__ends_at")),
            reserved_w=Case(When(~_IS_UNSCHEDULED, then="figures__reserved_w")),
            expected_w=Case(When(_IS_UNSCHEDULED, then="figures__expected_w")),
            shown_w=Case(When(_IS_UNSCHEDULED, then="figures__expected_w"), default="figures__reserved_w"),
            mean_w=F("figures__mean_w"),
            toward_wh=F("figures__toward_wh"),
            target_wh=F("figures__target_wh"),
            delivering_pct=F("figures__delivering_pct"),
            missed_pct=F("figures__missed_pct"),
            goal_kw=Coalesce(
                F("figures__target_kw"), Case(When(_HAS_OWN_TARGET, then=Cast("target_kw", FloatField())))
            ),
        )
        .order_by("-pk")
    )


class Progress(NamedTuple):
    """How much of what DERMS sent about an event a receiver has applied, in devices."""

    label: str
    done: int
    whole: int
    note: str


def stages_of(event: Event) -> list[Stage]:
    """Return an event's stages by number; their `event` needs no further query."""
    stages = list(event.stages.select_related("program").prefetch_related("der_groups").order_by("number"))
    for stage in stages:
        stage.event = event
    return stages


def count_left(stages: Sequence[Stage]) -> int:
    """Return how many reservations of these stages' devices were given up, by removal or release."""
    ids = [stage.pk for stage in stages if stage.reserved]
    return int(sql.value(_LEFT, {"stages": ids})) if ids else 0


def open_alerts_by_event(event_uids: list[UUID]) -> dict[UUID, list[Alert]]:
    """Return open alerts by event, the latest first."""
    found: dict[UUID, list[Alert]] = {}
    for alert in Alert.objects.filter(event_uid__in=event_uids, closed_at=None).order_by("-last_at"):
        found.setdefault(cast(UUID, alert.event_uid), []).append(alert)
    return found


def receipts(stages: list[Stage]) -> list[Progress]:
    """Return how much CPM and LEC have confirmed, according to their receipts."""
    reserved, closed = sum(s.reserved for s in stages), sum(sum(s.outcomes.values()) for s in stages)
    deliveries = Delivery.objects.filter(message__stage_uid__in=[s.uid for s in stages], message__sender=System.DERMS)
    applied: dict[tuple[str, str], int] = {}
    confirmed: dict[str, list[bool]] = {}
    for kind, receiver, done, receipt in deliveries.values_list("message__kind", "receiver", "delivered_at", "receipt"):
        if kind == "stage_status":
            confirmed.setdefault(receiver, []).append(done is not None)
        else:
            applied[kind, receiver] = applied.get((kind, receiver), 0) + (receipt or {}).get("applied", 0)
    rows = [
        (_("CPM: devices reserved"), "device_reservation", System.CPM, reserved),
        (_("Live Energy Connect: devices reserved"), "device_reservation", System.LEC, reserved),
        (_("CPM: outcomes"), "device_outcome", System.CPM, closed),
    ]
    return [
        Progress(label, applied.get((kind, receiver), 0), whole, _status_note(confirmed.get(receiver, [])))
        for label, kind, receiver, whole in rows
    ]


def _status_note(confirmed: list[bool]) -> str:
    if not confirmed:
        return _("nothing sent yet")
    return _("%(n)s of %(whole)s status messages confirmed") % {"n": sum(confirmed), "whole": len(confirmed)}


class DeviceCall(NamedTuple):
    """A stage that a device was reserved for, and its outcome."""

    stage: Stage
    outcome: DeviceOutcome | None


def device_stages(device: Device) -> list[DeviceCall]:
    """Return the latest twenty stages a device was reserved for, each with its outcome."""
    ids = Reservation.objects.filter(device_id=device.pk).order_by("-stage_id").values_list("stage_id", flat=True)[:20]
    stages = Stage.objects.filter(pk__in=list(ids)).select_related("event__zone").order_by("-starts_at")
    outcomes = {o.stage_id: o for o in DeviceOutcome.objects.filter(device_id=device.pk, stage_id__in=list(ids))}
    return [DeviceCall(stage, outcomes.get(stage.pk)) for stage in stages]

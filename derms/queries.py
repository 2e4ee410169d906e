"""Reads."""

import itertools
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.db.models import F, Max, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from integration.seam.models import Alert, Delivery

from .choices import FINAL_STAGE_STATES, DeviceClass, EventState, Objective, StageState
from .models import DerGroup, Device, DeviceOutcome, Event, Feeder, HeadEnd, LoadForecast, Program, Reservation, Stage

HOUR = timedelta(hours=1)
START_GRACE = timedelta(seconds=60)
END_GRACE = timedelta(minutes=5)


def event_ids_to_schedule(now: datetime) -> QuerySet[Event, int]:
    return Event.objects.filter(schedule_due_at__lte=now, state=EventState.APPROVED).values_list("pk", flat=True)


def stage_ids_to_extract(now: datetime) -> QuerySet[Stage, int]:
    """Stages whose reservations stand but have not been told to anybody."""
    return Stage.objects.filter(state=StageState.SCHEDULED, reservations_sent_at=None).values_list("pk", flat=True)


def stage_ids_to_close(now: datetime) -> QuerySet[Stage, int]:
    """Stages that ran and whose raw outcomes are all in, or are waited for no longer."""
    all_in = Q(state__in=FINAL_STAGE_STATES, raw_outcomes_at__isnull=False)
    # A stage whose end was never reported is over by its window.
    waited_enough = Q(over_at__lte=now - F("event__type__outcome_timeout_s") * timedelta(seconds=1))
    ran = Stage.objects.filter(outcomes_sent_at=None, started_at__isnull=False)
    over = ran.annotate(over_at=Coalesce("ended_at", "ends_at"))
    return over.filter(all_in | waited_enough).values_list("pk", flat=True)


def stage_ids_to_count(now: datetime) -> QuerySet[Stage, int]:
    """Stages whose outcomes are complete and not counted in their devices' scores yet, in the order of their calls."""
    complete = Q(raw_outcomes_at__isnull=False) | Q(outcomes_sent_at__isnull=False)
    ran = Stage.objects.filter(complete, started_at__isnull=False, calls_counted_at=None)
    return ran.order_by("started_at").values_list("pk", flat=True)


def stage_ids_unstarted(now: datetime) -> QuerySet[Stage, int]:
    """Stages that should have started a minute ago, of which Live Energy Connect has said nothing."""
    late = Stage.objects.filter(state=StageState.SCHEDULED, starts_at__lte=now - START_GRACE)
    return late.filter(unstarted_reported_at=None).values_list("pk", flat=True)


def stage_ids_unended(now: datetime) -> QuerySet[Stage, int]:
    """Stages that should have ended five minutes ago, of which Live Energy Connect has said nothing."""
    late = Stage.objects.filter(state=StageState.IN_PROGRESS, ends_at__lte=now - END_GRACE)
    return late.filter(unended_reported_at=None).values_list("pk", flat=True)


def hours_without_forecast(event: Event, stages: list[Stage]) -> int:
    """How many hours of the stages' windows have no forecast for the event's zone."""
    hours = {hour for stage in stages for hour in _hours(stage.starts_at, stage.ends_at)}
    return len(hours) - LoadForecast.objects.filter(zone_id=event.zone_id, hour__in=hours).count()


def stage_goals(event: Event, stages: list[Stage]) -> dict[int, float | None]:
    """What each stage has to reach in kW, by its id; None where it has no target.

    The rule: docs/reference/states.md, How devices are chosen.
    """
    return {stage.pk: _goal_kw(event, stage, stages) for stage in stages}


def shortfall_kw(stages: list[Stage]) -> int:
    """How much the reserved stages lack of their goals together, in whole kW, rounded up."""
    return sum(missing_kw(stage.goal_kw, stage.reserved_w) for stage in stages)


def missing_kw(goal_kw: float | None, reserved_w: int) -> int:
    """What a stage lacks of its goal, in whole kW, rounded up."""
    return 0 if goal_kw is None else max(0, math.ceil(round(goal_kw - reserved_w / 1000, 3)))


def earliest_start(stages: list[Stage]) -> datetime:
    return min(stage.starts_at for stage in stages)


def overlapping_pair(stages: list[Stage]) -> tuple[Stage, Stage] | None:
    """Two stages of one program whose windows overlap, if there are any."""
    ordered = sorted(stages, key=lambda s: (s.program_id, s.starts_at))
    pairs = itertools.pairwise(ordered)
    return next(((a, b) for a, b in pairs if a.program_id == b.program_id and b.starts_at < a.ends_at), None)


def uneven_shares(stages: list[Stage]) -> list[Stage]:
    """Stages that run at the same time and whose shares, given for any of them, do not come to 100 %."""
    together = (_running_at(stage.starts_at, stages) for stage in stages)
    return next((group for group in together if not _shares_come_out(group)), [])


def events_for_list() -> QuerySet[Event]:
    """Events with what a row of a list shows; the newest first."""
    return (
        Event.objects.select_related("zone", "strategy", "type")
        .annotate(
            starts_at=Min("stages__starts_at"), ends_at=Max("stages__ends_at"), reserved_w=Sum("stages__reserved_w")
        )
        .order_by("-pk")
    )


def _goal_kw(event: Event, stage: Stage, stages: list[Stage]) -> float | None:
    if event.objective == Objective.MAXIMUM_REDUCTION:
        return None
    if event.objective == Objective.MANUAL:
        return None if stage.target_kw is None else float(stage.target_kw)
    if event.objective == Objective.LOAD_REDUCTION:
        whole = float(event.target_kw or 0)
    else:
        whole = max(0.0, _highest_forecast_kw(event, stage) - (event.threshold_kw or 0))
    return whole * _share(stage, stages)


def _share(stage: Stage, stages: list[Stage]) -> float:
    """Stages that run at the same time share the amount, equally where no share is given."""
    if stage.share_pct is not None:
        return stage.share_pct / 100
    starts = [s.starts_at for s in stages if stage.starts_at < s.starts_at < stage.ends_at]
    return 1 / max(len(_running_at(moment, stages)) for moment in (stage.starts_at, *starts))


def _shares_come_out(stages: list[Stage]) -> bool:
    given = [stage.share_pct for stage in stages if stage.share_pct is not None]
    return not given or (len(given) == len(stages) and sum(given) == 100)


def _running_at(moment: datetime, stages: list[Stage]) -> list[Stage]:
    return [stage for stage in stages if stage.starts_at <= moment < stage.ends_at]


def _highest_forecast_kw(event: Event, stage: Stage) -> float:
    hours = LoadForecast.objects.filter(zone_id=event.zone_id, hour__in=_hours(stage.starts_at, stage.ends_at))
    return float(hours.aggregate(peak=Max("forecast_kw"))["peak"] or 0)


def _hours(starts_at: datetime, ends_at: datetime) -> list[datetime]:
    first = starts_at.replace(minute=0, second=0, microsecond=0)
    count = math.ceil((ends_at - first) / timedelta(hours=1))
    return [first + timedelta(hours=n) for n in range(count)]


class Progress(NamedTuple):
    """How far a receiver is with what DERMS sent about an event: devices applied of those sent."""

    label: str
    done: int
    whole: int
    note: str


def stages_of(event: Event) -> list[Stage]:
    """An event's stages in their order, each knowing the event without another query."""
    stages = list(event.stages.select_related("program").prefetch_related("der_groups").order_by("number"))
    for stage in stages:
        stage.event = event
    return stages


def open_alerts(event_uids: list[UUID]) -> dict[UUID, list[Alert]]:
    """Open alerts by event."""
    found: dict[UUID, list[Alert]] = {}
    for alert in Alert.objects.filter(event_uid__in=event_uids, closed_at=None).order_by("-last_at"):
        found.setdefault(cast(UUID, alert.event_uid), []).append(alert)
    return found


def receipts(stages: list[Stage]) -> list[Progress]:
    """How far CPM and LEC have confirmed what they were told, read from their receipts alone."""
    reserved, closed = sum(s.reserved for s in stages), sum(sum(s.outcomes.values()) for s in stages)
    deliveries = Delivery.objects.filter(message__stage_uid__in=[s.uid for s in stages], message__sender="derms")
    applied: dict[tuple[str, str], int] = {}
    told: dict[str, list[bool]] = {}
    for kind, receiver, done, receipt in deliveries.values_list("message__kind", "receiver", "delivered_at", "receipt"):
        if kind == "stage_status":
            told.setdefault(receiver, []).append(done is not None)
        else:
            applied[kind, receiver] = applied.get((kind, receiver), 0) + (receipt or {}).get("applied", 0)
    rows = [
        ("CPM: devices reserved", "device_reservation", "cpm", reserved),
        ("Live Energy Connect: devices reserved", "device_reservation", "lec", reserved),
        ("CPM: outcomes", "device_outcome", "cpm", closed),
    ]
    return [
        Progress(label, applied.get((kind, receiver), 0), whole, _status_note(told.get(receiver, [])))
        for label, kind, receiver, whole in rows
    ]


def _status_note(told: list[bool]) -> str:
    return f"{sum(told)} of {len(told)} status messages confirmed" if told else "nothing sent yet"


class GroupRow(NamedTuple):
    """A DER group with its criteria in words."""

    group: DerGroup
    criteria: str


def group_rows() -> list[GroupRow]:
    """Every DER group by name."""
    names: dict[str, Mapping[Any, Any]] = {
        "feeder_ids": dict(Feeder.objects.values_list("pk", "code")),
        "head_end_ids": dict(HeadEnd.objects.values_list("pk", "name")),
        "program_ids": dict(Program.objects.values_list("pk", "name")),
        "device_classes": dict(DeviceClass.choices),
    }
    return [
        GroupRow(group, "; ".join(filter(None, (_criterion(getattr(group, f), words) for f, words in names.items()))))
        for group in DerGroup.objects.order_by("name")
    ]


def device_stages(device: Device) -> list[tuple[Stage, DeviceOutcome | None]]:
    """The latest twenty stages a device was reserved for, and what it did in them."""
    ids = Reservation.objects.filter(device_id=device.pk).order_by("-stage_id").values_list("stage_id", flat=True)[:20]
    stages = Stage.objects.filter(pk__in=list(ids)).select_related("event__zone").order_by("-starts_at")
    outcomes = {o.stage_id: o for o in DeviceOutcome.objects.filter(device_id=device.pk, stage_id__in=list(ids))}
    return [(stage, outcomes.get(stage.pk)) for stage in stages]


def _criterion(chosen: list[Any], words: Mapping[Any, Any]) -> str:
    return ", ".join(str(words.get(one, one)) for one in chosen)

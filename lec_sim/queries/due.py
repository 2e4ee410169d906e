"""What is due by the clock: ids for the scheduler (integration/seam/routes.py names each query)."""

from datetime import datetime

from django.db.models import Q, QuerySet

from lec_sim.choices import StageState
from lec_sim.models import LecStage


def stage_ids_to_start(now: datetime) -> QuerySet[LecStage, int]:
    """Stages whose time has come and whose reservations are known."""
    due = LecStage.objects.filter(state=StageState.SCHEDULED, starts_at__lte=now, ends_at__gt=now)
    return due.filter(reservations_loaded_at__isnull=False).values_list("pk", flat=True)


def stage_ids_late(now: datetime) -> QuerySet[LecStage, int]:
    """Stages whose time has come while their reservations are still awaited."""
    due = LecStage.objects.filter(state=StageState.SCHEDULED, starts_at__lte=now, ends_at__gt=now)
    return due.filter(reservations_loaded_at=None, late_reported_at=None).values_list("pk", flat=True)


def stage_ids_missed(now: datetime) -> QuerySet[LecStage, int]:
    """Stages that have not started and are over."""
    return LecStage.objects.filter(state=StageState.SCHEDULED, ends_at__lte=now).values_list("pk", flat=True)


def stage_ids_to_call(now: datetime) -> QuerySet[LecStage, int]:
    """Stages that have started and whose devices are not called yet."""
    return LecStage.objects.filter(state=StageState.IN_PROGRESS, calls_made_at=None, ends_at__gt=now).values_list(
        "pk", flat=True
    )


def stage_ids_to_report(now: datetime) -> QuerySet[LecStage, int]:
    """Running stages that have called their devices and have not reported their delivered load in this minute."""
    not_yet = Q(load_reported_at=None) | Q(load_reported_at__lt=minute_of(now))
    running = LecStage.objects.filter(state=StageState.IN_PROGRESS, calls_made_at__isnull=False, ends_at__gt=now)
    return running.filter(not_yet).values_list("pk", flat=True)


def stage_ids_to_end(now: datetime) -> QuerySet[LecStage, int]:
    """Stages that run and whose time is over."""
    return LecStage.objects.filter(state=StageState.IN_PROGRESS, ends_at__lte=now).values_list("pk", flat=True)


def stage_ids_to_hand_over(now: datetime) -> QuerySet[LecStage, int]:
    """Stages that ran, are over, and whose raw outcomes DERMS does not have yet."""
    return LecStage.objects.filter(started_at__isnull=False, ended_at__isnull=False, handed_over_at=None).values_list(
        "pk", flat=True
    )


def minute_of(moment: datetime) -> datetime:
    """The beginning of the minute a moment lies in."""
    return moment.replace(second=0, microsecond=0)

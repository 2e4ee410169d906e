"""What is due by the clock: ids for the scheduler (integration/seam/routes.py names each query)."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery

from integration.seam.models import Alert
from lec_sim.choices import StageState
from lec_sim.models import Announcement, LecAnswer, LecStage

from .openadr import CANCEL_NOT_READ

COLLECT_EVERY = timedelta(seconds=10)
CANCEL_READ_WITHIN = timedelta(minutes=1)  # vens poll every few seconds


def stage_ids_to_start(now: datetime) -> QuerySet[LecStage, int]:
    """Stages whose start has come and whose reservations are loaded."""
    due = LecStage.objects.filter(state=StageState.SCHEDULED, starts_at__lte=now, ends_at__gt=now)
    return due.filter(reservations_loaded_at__isnull=False).values_list("pk", flat=True)


def stage_ids_late(now: datetime) -> QuerySet[LecStage, int]:
    """Stages whose start has come without reservations."""
    due = LecStage.objects.filter(state=StageState.SCHEDULED, starts_at__lte=now, ends_at__gt=now)
    return due.filter(reservations_loaded_at=None, late_reported_at=None).values_list("pk", flat=True)


def stage_ids_missed(now: datetime) -> QuerySet[LecStage, int]:
    """Stages whose end has come and that have not started."""
    return LecStage.objects.filter(state=StageState.SCHEDULED, ends_at__lte=now).values_list("pk", flat=True)


def stage_ids_to_call(now: datetime) -> QuerySet[LecStage, int]:
    """Stages that have started and whose devices are not called yet."""
    return LecStage.objects.filter(state=StageState.IN_PROGRESS, calls_made_at=None, ends_at__gt=now).values_list(
        "pk", flat=True
    )


def stage_ids_to_report(now: datetime) -> QuerySet[LecStage, int]:
    """Running stages that have called their devices but not reported their delivered load this minute."""
    not_yet = Q(load_reported_at=None) | Q(load_reported_at__lt=minute_of(now))
    running = LecStage.objects.filter(state=StageState.IN_PROGRESS, calls_made_at__isnull=False, ends_at__gt=now)
    return running.filter(not_yet).values_list("pk", flat=True)


def stage_ids_to_collect(now: datetime) -> QuerySet[LecStage, int]:
    """Stages with pending calls whose head ends were not asked in the last seconds."""
    pending = LecStage.objects.filter(pending__gt=0, handed_over_at=None)
    not_yet = Q(answers_collected_at=None) | Q(answers_collected_at__lte=now - COLLECT_EVERY)
    return pending.filter(not_yet).values_list("pk", flat=True)


def stage_ids_to_end(now: datetime) -> QuerySet[LecStage, int]:
    """Running stages whose end has come."""
    return LecStage.objects.filter(state=StageState.IN_PROGRESS, ends_at__lte=now).values_list("pk", flat=True)


def stage_ids_to_hand_over(now: datetime) -> QuerySet[LecStage, int]:
    """Stages that ran, are over and not yet handed over, with all answers in or no longer waited for."""
    over = LecStage.objects.filter(started_at__isnull=False, ended_at__isnull=False, handed_over_at=None)
    answers = LecAnswer.objects.filter(stage=OuterRef("pk")).order_by().values("stage").annotate(count=Count("*"))
    all_in = Q(pending=0) | Q(pending__lte=Subquery(answers.values("count")))
    waited_enough = Q(ended_at__lte=now - F("answers_awaited_s") * timedelta(seconds=1))
    return over.filter(all_in | waited_enough).values_list("pk", flat=True)


def stage_ids_with_unread_cancel(now: datetime) -> QuerySet[LecStage, int]:
    """Canceled stages that would still run, and whose head ends had a minute to read it; each is reported once."""
    unread = Announcement.objects.filter(
        stage=OuterRef("pk"),
        first_read_at__isnull=False,
        read_revision__lt=F("revision"),
        modified_at__lte=now - CANCEL_READ_WITHIN,
    )
    reported = Alert.objects.filter(kind=CANCEL_NOT_READ, stage_uid=OuterRef("stage_uid"))
    canceled = LecStage.objects.filter(state=StageState.CANCELED, ends_at__gt=now)
    return canceled.filter(Exists(unread), ~Exists(reported)).values_list("pk", flat=True)


def uids_of_stage(stage_id: int) -> tuple[UUID, UUID]:
    """The uids of a stage's event and of the stage."""
    return LecStage.objects.values_list("event_uid", "stage_uid").get(pk=stage_id)


def minute_of(moment: datetime) -> datetime:
    """The start of the minute that contains a moment."""
    return moment.replace(second=0, microsecond=0)

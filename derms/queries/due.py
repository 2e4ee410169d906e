"""What the scheduler has to do now, as ids (integration/seam/routes.py names each query)."""

from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from derms.choices import FINAL_STAGE_STATES, EventState, StageState
from derms.models import Event, EventFigures, Stage
from integration.seam.models import Alert

START_GRACE = timedelta(seconds=60)
PAST_START = "plan past its start"
END_GRACE = timedelta(minutes=5)


def event_ids_to_schedule(now: datetime) -> QuerySet[Event, int]:
    return Event.objects.filter(schedule_due_at__lte=now, state=EventState.APPROVED).values_list("pk", flat=True)


def event_ids_past_start(now: datetime) -> QuerySet[Event, int]:
    """Submitted and approved events whose start has passed, without an alert about it since."""
    waiting = Event.objects.filter(state__in=(EventState.SUBMITTED, EventState.APPROVED))
    first = Stage.objects.filter(event=OuterRef("pk")).order_by("starts_at").values("starts_at")[:1]
    past = waiting.annotate(start=Subquery(first)).filter(start__lte=now)
    reported = Alert.objects.filter(event_uid=OuterRef("uid"), kind=PAST_START, opened_at__gte=OuterRef("start"))
    return past.filter(~Exists(reported)).values_list("pk", flat=True)


def event_ids_to_renew(now: datetime) -> QuerySet[EventFigures, int]:
    """Events with reports that their figures don't contain yet."""
    return EventFigures.objects.filter(report_waits=True).values_list("pk", flat=True)


def stage_ids_to_extract(now: datetime) -> QuerySet[Stage, int]:
    """Scheduled stages whose reservations have not been sent yet."""
    return Stage.objects.filter(state=StageState.SCHEDULED, reservations_sent_at=None).values_list("pk", flat=True)


def stage_ids_to_close(now: datetime) -> QuerySet[Stage, int]:
    """Stages that ran and whose raw outcomes are complete or overdue."""
    all_in = Q(state__in=FINAL_STAGE_STATES, raw_outcomes_at__isnull=False)
    # If its end was never reported, the stage ended with its window.
    waited_enough = Q(over_at__lte=now - F("event__type__outcome_timeout_s") * timedelta(seconds=1))
    ran = Stage.objects.filter(outcomes_sent_at=None, started_at__isnull=False)
    over = ran.annotate(over_at=Coalesce("ended_at", "ends_at"))
    return over.filter(all_in | waited_enough).values_list("pk", flat=True)


def stage_ids_to_count(now: datetime) -> QuerySet[Stage, int]:
    """Stages with complete outcomes that are not counted in their devices' scores yet, in the order they started."""
    complete = Q(raw_outcomes_at__isnull=False) | Q(outcomes_sent_at__isnull=False)
    ran = Stage.objects.filter(complete, started_at__isnull=False, calls_counted_at=None)
    return ran.order_by("started_at").values_list("pk", flat=True)


def stage_ids_unstarted(now: datetime) -> QuerySet[Stage, int]:
    """Stages that should have started a minute ago and that LEC has not reported as started."""
    late = Stage.objects.filter(state=StageState.SCHEDULED, starts_at__lte=now - START_GRACE)
    return late.filter(unstarted_reported_at=None).values_list("pk", flat=True)


def stage_ids_unended(now: datetime) -> QuerySet[Stage, int]:
    """Stages that should have ended five minutes ago and that LEC has not reported as ended."""
    late = Stage.objects.filter(state=StageState.IN_PROGRESS, ends_at__lte=now - END_GRACE)
    return late.filter(unended_reported_at=None).values_list("pk", flat=True)

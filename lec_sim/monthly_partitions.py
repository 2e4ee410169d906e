"""Monthly partitions of reservations and calls, once the outcomes of their stages are handed over."""

from datetime import datetime

from django.db.models import Q, QuerySet

from integration.seam.monthly_partitions import Bulk, fold_oldest_month

from .choices import FINAL_STATES
from .models import PRIMARY_KEY, REPORTED, LecStage

TABLES = (
    Bulk("lec_reservation", "stage_id", PRIMARY_KEY),
    Bulk("lec_call", "stage_id", PRIMARY_KEY),
    *(Bulk(parent, "stage_id", key) for parent, key in REPORTED.items()),
)


def fold_month(*, now: datetime) -> None:
    """Fold the oldest month that ended long enough ago. Raises NotYet if readers leave no moment for the exchange."""
    fold_oldest_month(TABLES, over(), now)


def over() -> QuerySet[LecStage]:
    """Stages that are over and whose raw outcomes were sent, or that never started."""
    settled = Q(handed_over_at__isnull=False) | Q(started_at=None)
    return LecStage.objects.filter(settled, state__in=FINAL_STATES)

"""Fold the reservations and outcomes of closed stages into monthly partitions."""

from datetime import datetime

from django.db.models import Q, QuerySet

from integration.seam.monthly_partitions import Bulk, fold_oldest_month

from .choices import FINAL_STAGE_STATES
from .models import PRIMARY_KEY, Stage

TABLES = (
    Bulk("derms_reservation", "stage_id", PRIMARY_KEY),
    Bulk("derms_outcome", "stage_id", PRIMARY_KEY),
)


def fold_month(*, now: datetime) -> None:
    """Fold the oldest month that ended long enough ago. Raises NotYet if readers keep the tables locked."""
    fold_oldest_month(TABLES, over(), now)


def over() -> QuerySet[Stage]:
    """Return final stages whose outcomes were sent, or that never started."""
    settled = Q(outcomes_sent_at__isnull=False) | Q(started_at=None)
    return Stage.objects.filter(settled, state__in=FINAL_STAGE_STATES)

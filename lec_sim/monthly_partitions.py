"""Months of reservations and calls whose stages were handed over."""

from datetime import datetime

from django.db.models import Q, QuerySet

from integration.seam import monthly_partitions as folding
from integration.seam.monthly_partitions import Bulk

from .choices import FINAL_STATES
from .models import PRIMARY_KEY, LecStage

TABLES = (
    Bulk("lec_reservation", "stage_id", PRIMARY_KEY),
    Bulk("lec_call", "stage_id", PRIMARY_KEY),
)


def months_to_fold(now: datetime) -> list[int]:
    return folding.months_to_fold(TABLES, _over(), now)


def fold_month(month: int, *, now: datetime) -> None:
    """Fold one month, as 202607. It stays foldable: `now` changes nothing."""
    folding.fold_month(TABLES, _over(), month)


def _over() -> QuerySet[LecStage]:
    """Stages whose raw outcomes went out, or that never started."""
    settled = Q(handed_over_at__isnull=False) | Q(started_at=None)
    return LecStage.objects.filter(settled, state__in=FINAL_STATES)

"""Months of participations and outcomes whose program events are settled."""

from datetime import datetime

from django.db.models import Q, QuerySet

from integration.seam import monthly_partitions as folding
from integration.seam.monthly_partitions import Bulk

from .choices import FINAL_STATES
from .models import PRIMARY_KEY
from .models.program_events import ProgramEvent

TABLES = (
    Bulk("cpm_participation", "program_event_id", PRIMARY_KEY),
    Bulk("cpm_outcome", "program_event_id", PRIMARY_KEY),
)


def months_to_fold(now: datetime) -> list[int]:
    return folding.months_to_fold(TABLES, _over(), now)


def fold_month(month: int, *, now: datetime) -> None:
    """Fold one month, as 202607. It stays foldable: `now` changes nothing."""
    folding.fold_month(TABLES, _over(), month)


def _over() -> QuerySet[ProgramEvent]:
    """Program events whose outcomes are in, or that never started."""
    settled = Q(outcomes_loaded_at__isnull=False) | Q(started_at=None)
    return ProgramEvent.objects.filter(settled, state__in=FINAL_STATES)

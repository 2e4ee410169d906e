"""Monthly partitions of participations and outcomes, once their program events are settled."""

from datetime import datetime

from django.db.models import Q, QuerySet

from integration.seam.monthly_partitions import Bulk, fold_oldest_month

from .choices import FINAL_STATES
from .models import PRIMARY_KEY
from .models.program_events import ProgramEvent

TABLES = (
    Bulk("cpm_participation", "program_event_id", PRIMARY_KEY),
    Bulk("cpm_outcome", "program_event_id", PRIMARY_KEY),
)


def fold_month(*, now: datetime) -> None:
    """Fold the oldest month that ended long enough ago. Raises NotYet if readers leave no moment for the exchange."""
    fold_oldest_month(TABLES, over(), now)


def over() -> QuerySet[ProgramEvent]:
    """Program events that are over and whose outcomes are loaded, or that never started."""
    settled = Q(outcomes_loaded_at__isnull=False) | Q(started_at=None)
    return ProgramEvent.objects.filter(settled, state__in=FINAL_STATES)

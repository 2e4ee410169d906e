"""Files, their rows and refused values are kept for a week; the runs and their history stay."""

from datetime import datetime, timedelta

from django.db import transaction

from integration.seam import sql
from integration.seam.sql import compose, identifier

from .comparing import drop_changes
from .files import remove_file
from .models import ImportRun

KEPT = timedelta(days=7)
LOOKED_BACK = timedelta(days=60)  # nights that may have been missed


def forget_files(*, now: datetime) -> int:
    """Remove what is kept of files that were received more than a week ago; returns how many there were."""
    old = ImportRun.objects.filter(received_at__lt=now - KEPT, received_at__gt=now - LOOKED_BACK)
    runs = list(old)
    for run in runs:
        _forget(run)
    return len(runs)


@transaction.atomic
def _forget(run: ImportRun) -> None:
    drop_changes(run)
    sql.execute(compose("DROP TABLE IF EXISTS {staged}", staged=identifier(run.staged)))
    run.refused_cells.all().delete()
    ImportRun.objects.filter(pk=run.pk).update(missing_shown=[], conflicts=[])
    transaction.on_commit(lambda: remove_file(run.stored_as))

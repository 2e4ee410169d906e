"""Reports as vens sent them: kept whole, since a ven may read, change and delete its own; what they say are facts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from ..models import LecStage, Ven, VenReport
from .reports import Measured, Said, hear

KEPT = timedelta(days=30)


@transaction.atomic
def add_report(
    ven: Ven,
    stage: LecStage,
    content: Mapping[str, Any],
    said: Sequence[Said],
    measured: Sequence[Measured],
    *,
    now: datetime,
) -> VenReport:
    """Keep a ven's report of a stage, and the facts in it. Raises DevicesRefused."""
    is_late = hear(stage.pk, ven.profile.head_end, said, measured, now=now).is_late
    fields = {"content": content, "is_late": is_late, "created_at": now, "modified_at": now, **_shown(content)}
    return VenReport.objects.create(client=ven.profile.client, ven=ven, stage=stage, **fields)


@transaction.atomic
def change_report(
    report: VenReport,
    content: Mapping[str, Any],
    said: Sequence[Said],
    measured: Sequence[Measured],
    *,
    now: datetime,
) -> VenReport:
    """Replace what a report says. Facts that it no longer has stay facts: devices were called by them."""
    is_late = hear(report.stage_id, report.ven.profile.head_end, said, measured, now=now).is_late
    changed = {"content": content, "is_late": is_late, "modified_at": now, **_shown(content)}
    VenReport.objects.filter(pk=report.pk).update(**changed)
    report.refresh_from_db(fields=list(changed))
    return report


def forget_reports(*, now: datetime) -> None:
    """Delete reports a month after they were sent; what they said stays with the stages."""
    VenReport.objects.filter(created_at__lt=now - KEPT).delete()


def _shown(content: Mapping[str, Any]) -> dict[str, Any]:
    """What lists show and look for."""
    return {
        "client_name": content["clientName"],
        "name": content.get("reportName") or "",
        "resources": len(content["resources"]),
    }

"""What head ends report of their devices in a stage, kept as facts: what they do, that they opt out, what they measure.

The same report again changes nothing, and the order of reports does not matter: drivers/reported.py reads all of them.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from integration.seam import outbox, sql
from integration.seam.loads import Partition
from integration.seam.messages import DeviceOptOut
from integration.seam.nudges import tell_pages
from integration.seam.refusals import Refused
from integration.seam.sql import statement
from integration.seam.systems import System

from ..choices import FINAL_STATES, PENDING, Measure, Quality, Word
from ..drivers import driver_of
from ..models import REPORTED, LecStage, Removal
from .locks import lock_stage
from .removals import settle_removals

NAMED = 5  # devices in a refusal


class Said(NamedTuple):
    """What a head end says of a device at a moment."""

    nic_id: str
    word: Word
    at: datetime


class Measured(NamedTuple):
    """What a head end measured over an interval, as mean W; without a NIC id it is the sum of its devices."""

    nic_id: str
    measure: Measure
    starts_at: datetime
    ends_at: datetime
    watts: float
    quality: Quality = Quality.OK


class Heard(NamedTuple):
    """What became of a report: how many rows of it were new, and whether the stage's outcomes had been handed over."""

    new: int
    is_late: bool


class DevicesRefused(Refused):
    """A report is about devices that the stage has not reserved behind its head end."""

    status = 400


@transaction.atomic
def hear(stage_id: int, head_end: str, said: Sequence[Said], measured: Sequence[Measured], *, now: datetime) -> Heard:
    """Keep what a head end reports of a stage.

    What devices said has no effect any more once the stage's outcomes are handed over, and is not kept then. Raises
    DevicesRefused, and keeps nothing, if a device is not one of the stage's behind this head end.
    """
    stage = make_tables(stage_id, now)
    params = {"stage": stage.pk, "head_end": head_end, "now": now}
    _require_reserved(params, {*(one.nic_id for one in said), *(one.nic_id for one in measured if one.nic_id)})
    kept = 0
    if said and not stage.handed_over_at:
        if opted_out := [one for one in said if one.word == Word.OPTED_OUT]:
            _opt_out(lock_stage(stage_id), head_end, opted_out, now)
        kept += sql.execute(statement("lec_sim", "keep_words"), {**params, "said": _as_json(said)})
    if measured:
        kept += sql.execute(statement("lec_sim", "keep_telemetry"), {**params, "measured": _as_json(measured)})
    if kept:
        tell_pages(stage.event_number)
    return Heard(kept, stage.handed_over_at is not None)


def make_tables(stage_id: int, now: datetime) -> LecStage:
    """The stage, with tables for what is reported of it; they are made by its first report."""
    stage = LecStage.objects.get(pk=stage_id)
    if stage.first_report_at is None:
        stage = lock_stage(stage_id)
    if stage.first_report_at is None:
        for parent, key in REPORTED.items():
            partition = Partition(parent, "stage_id", stage.pk)
            partition.create()
            partition.finish(key)
            partition.attach()
        stage.first_report_at = now
        stage.save(update_fields=["first_report_at"])
    return stage


def _require_reserved(params: dict[str, Any], nic_ids: Iterable[str]) -> None:
    named = {**params, "nic_ids": sorted(nic_ids)}
    if unknown := sql.column(statement("lec_sim", "unreserved_devices"), named):
        shown = ", ".join(unknown[:NAMED]) + (" …" if len(unknown) > NAMED else "")
        raise DevicesRefused(
            _("%(count)s of the devices are not of this stage and head end %(head_end)s: %(devices)s.")
            % {"count": len(unknown), "head_end": params["head_end"], "devices": shown}
        )


def _opt_out(stage: LecStage, head_end: str, said: Sequence[Said], now: datetime) -> None:
    """Take devices out that say so before the start; tell DERMS of those, and of those that said so and came too late.

    The stage's row is locked: it has started or it has not. A device that says it while the stage runs was taken back
    by its customer, which is no opt-out.
    """
    if stage.started_at is None and stage.state in FINAL_STATES:
        return
    answer: Literal["removed", "too late"] = "too late" if stage.started_at else "removed"
    early = [one.nic_id for one in said if not stage.started_at or one.at < stage.starts_at]
    if not stage.started_at:
        waiting = Removal.objects.filter(stage_uid=stage.stage_uid, head_end=head_end, nic_id__in=early, answer=PENDING)
        settle_removals(stage, waiting, now)
    params = {"stage_uid": stage.stage_uid, "head_end": head_end, "nic_ids": early, "answer": answer, "now": now}
    gone = sql.column(statement("lec_sim", "opt_out_devices"), params)
    body = {"stage_uid": stage.stage_uid, "head_end": head_end, "answer": answer, "at": stage.started_at or now}
    if gone and answer == "removed" and (driver := driver_of(head_end)):
        driver.withdraw(stage, head_end=head_end, nic_ids=gone, now=now)
    outbox.send_all([DeviceOptOut.model_validate({**body, "nic_id": nic_id}) for nic_id in gone], sender=System.LEC)


def _as_json(rows: Sequence[Said] | Sequence[Measured]) -> str:
    return json.dumps([row._asdict() for row in rows], default=str)

"""The results of a measurement added up: kept for reports, and told to DERMS by class and head end system."""

from typing import Any

from cpm.models.measuring import MeasuredSum, Measurement
from cpm.queries.measuring import shares_of_time
from integration.seam import outbox, sql
from integration.seam.messages import GroupRealisation, MeasuredRealisation
from integration.seam.sql import identifier, statement
from integration.seam.systems import System

from .measured_errors import half_widths

_SUMS = (
    "of", "name", "participations", "measured", "preliminary", "expected_w", "reported_w", "measured_expected_w",
    "measured_reported_w", "measured_expected_wh", "measured_reported_wh", "baseline_wh", "metered_wh", "saved_wh",
    "mean_w", "rebound_wh",
)  # fmt: skip


def add_up(measurement: Measurement, table: str) -> None:
    """Add up the results of a measurement, whose errors are added up; the caller saves its distribution.

    The results are read from their own table, so that it need not be attached, which others wait for, before they are
    added up.
    """
    program_event = measurement.program_event
    events, of_expected, of_reported = map(list, zip(*shares_of_time(measurement), strict=True))
    params = {
        "program_event": program_event.pk, "events": events,
        "of_expected": of_expected, "of_reported": of_reported, "own_reported": of_reported[0],
    }  # fmt: skip
    results = identifier(table)
    query = statement("cpm", "measured_sums", segment=statement("cpm", "participation_segment"), results=results)
    groups, widths = [], half_widths(measurement.errors)
    sums: list[MeasuredSum] = []
    for *values, head_end, device_class in sql.rows(query, params):
        row = dict(zip(_SUMS, values, strict=True))
        if row["of"]:
            sums.append(MeasuredSum(measurement=measurement, half_width_wh=widths.get((row["of"], row["name"])), **row))
        elif row["measured"]:
            groups.append(_group(row, head_end, device_class))
    MeasuredSum.objects.bulk_create(sums)
    query = statement("cpm", "saved_distribution", results=results)
    measurement.distribution = [list(row) for row in sql.rows(query, params)]
    if not program_event.is_external:
        body = MeasuredRealisation(stage_uid=program_event.stage_uid, version=measurement.version, groups=tuple(groups))
        outbox.send(body, sender=System.CPM)


def _group(row: dict[str, Any], head_end: str, device_class: str) -> GroupRealisation:
    return GroupRealisation(
        head_end=head_end,
        device_class=device_class,
        meters=row["measured"],
        expected_w=row["measured_expected_w"],
        reported_w=row["measured_reported_w"],
        measured_w=row["mean_w"],
    )

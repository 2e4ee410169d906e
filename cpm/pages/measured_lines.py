"""The columns of files of measured results: a line for each participation, each stage or group of a season."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from integration.pages.columns import Column, Columns

from ..choices import SumOf
from ..queries.measured import LEFT, OVERRIDDEN, SILENT, Line, MeasuredStage
from ..queries.season import SeasonSum

MEASURED_LINES = Columns[Line](
    "cpm/measured.html",
    Column(_("Head end"), value=lambda one: one.head_end),
    Column(_("NIC id"), value=lambda one: one.nic_id),
    Column(_("Class"), value=lambda one: one.device_class),
    Column(_("Feeder"), value=lambda one: one.feeder),
    Column(_("Meters"), value=lambda one: one.meters),
    Column(_("What the device did"), value=lambda one: one.segment),
    Column(_("Status"), value=lambda one: one.status),
    Column(_("Reason"), value=lambda one: one.reason),
    Column(_("Expected"), value=lambda one: one.expected_w, file_label=_("Expected W")),
    Column(_("Reported W"), value=lambda one: one.reported_w),
    Column(_("Measured W"), value=lambda one: one.mean_w),
    Column(_("Highest drop W"), value=lambda one: one.highest_drop_w),
    Column(_("Saved Wh"), value=lambda one: one.saved_wh),
    Column(_("Rebound Wh"), value=lambda one: one.rebound_wh),
    Column(_("Adjustment"), value=lambda one: one.adjustment),
    Column(_("Adjustment capped"), value=lambda one: one.is_capped),
    Column(_("Like days that count"), value=lambda one: one.days_used),
    Column(_("First interval"), value=lambda one: one.starts_at),
    Column(_("Interval s"), value=lambda one: one.interval_s),
    Column(_("Baseline Wh per interval"), value=lambda one: one.baseline_wh),
    Column(_("Metered Wh per interval"), value=lambda one: one.metered_wh),
)


def _devices(*names: str) -> Callable[[MeasuredStage], int | None]:
    """How many devices of a measured stage did one of these."""

    def count(stage: MeasuredStage) -> int | None:
        segments = stage.sums_of(SumOf.SEGMENT)
        return sum(one.participations for one in segments if one.name in names) if stage.measurement else None

    return count


def _of_total(name: str) -> Callable[[MeasuredStage], Any]:
    return lambda stage: getattr(stage.total, name, None)


def _of_measured(name: str) -> Callable[[MeasuredStage], Any]:
    """A sum of the measured devices; a stage without any has none."""
    return lambda stage: getattr(stage.total, name) if stage.total and stage.total.measured else None


SEASON = Columns[MeasuredStage](
    "cpm/season.html",
    Column(_("Program event"), value=lambda one: one.event.event_number),
    Column(_("Stage"), value=lambda one: one.event.stage_number),
    Column(_("Category"), value=lambda one: one.event.category),
    Column(_("Starts at"), value=lambda one: one.event.starts_at),
    Column(_("Ends at"), value=lambda one: one.event.ends_at),
    Column(_("Called"), value=_of_total("participations")),
    Column(_("Measured"), value=_of_total("measured")),
    Column(_("Preliminary"), value=_of_total("preliminary")),
    Column(_("Opted out"), value=_devices(*LEFT[:1])),
    Column(_("Overridden"), value=_devices(OVERRIDDEN)),
    Column(_("Silent"), value=_devices(SILENT)),
    Column(_("Expected W"), value=_of_total("expected_w")),
    Column(_("Reported W"), value=_of_total("reported_w")),
    Column(_("Measured W"), value=_of_measured("mean_w")),
    Column(_("Expected of measured W"), value=_of_measured("measured_expected_w")),
    Column(_("Reported of measured W"), value=_of_measured("measured_reported_w")),
    Column(_("Saved Wh"), value=_of_measured("saved_wh")),
    Column(_("Half of the interval, Wh"), value=_of_measured("half_width_wh")),
    Column(_("Rebound Wh"), value=_of_measured("rebound_wh")),
    Column(_("Version"), value=lambda one: one.measurement.version if one.measurement else None),
)


def _measured_sum(name: str) -> Callable[[SeasonSum], int | None]:
    """A sum of the measured devices; a group without any has none."""
    return lambda one: getattr(one, name) if one.measured else None


SEASON_GROUPS = Columns[SeasonSum](
    "cpm/season.html",
    Column(_("Sums of"), value=lambda one: one.of),
    Column(_("Name"), value=lambda one: one.name),
    Column(_("Participations"), value=lambda one: one.participations),
    Column(_("Measured"), value=lambda one: one.measured),
    Column(_("Saved Wh"), value=_measured_sum("saved_wh")),
    Column(_("Expected of measured Wh"), value=_measured_sum("expected_wh")),
    Column(_("Reported of measured Wh"), value=_measured_sum("reported_wh")),
    Column(_("Rebound Wh"), value=_measured_sum("rebound_wh")),
)

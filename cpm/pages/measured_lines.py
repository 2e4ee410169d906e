"""The columns of a file of measured results: a line for each participation."""

from django.utils.translation import gettext_lazy as _

from integration.pages.columns import Column, Columns

from ..queries.measured import Line

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

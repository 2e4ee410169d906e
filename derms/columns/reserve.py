"""The columns of the operating reserve, for files alone: its page has a column for each hour of a call."""

from django.utils.translation import gettext_lazy as _

from integration.pages.columns import Column, Columns

from ..queries.reserve import ReserveHour

RESERVE = Columns[ReserveHour](
    "derms/reserve.html",
    Column(_("Strategy"), value=lambda one: one.strategy),
    Column(_("Control zone"), value=lambda one: one.zone),
    Column(_("Start"), value=lambda one: one.starts_at),
    Column(_("Part"), value=lambda one: one.part),
    Column(_("Hour"), value=lambda one: one.hour),
    Column(_("Power"), value=lambda one: round(one.kw, 3), file_label=_("Power (kW)")),
    Column(_("Devices"), value=lambda one: one.devices),
    Column(_("Counted"), value=lambda one: one.counted_at),
)

"""The columns of meters and of their days."""

from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from integration.pages.columns import Column, Columns, link, noted
from integration.pages.templatetags.gridcall import number, quantity, when, window

from .queries.meter_pages import DayOfMeter

# With the latest day that has readings.
METERS = Columns[Any](
    "cpm/meter_list.html",
    Column(_("Meter"), lambda m: link(reverse("cpm:meter", args=[m.number]), m.number), phone="title"),
    Column(_("Device location"), lambda m: noted(m.location, m.location.service_point), phone=""),
    Column(
        _("Customer"),
        lambda m: link(reverse("cpm:customer", args=[m.location.customer.number]), m.location.customer.number),
        phone="start",
        permission="cpm.view_customer",
    ),
    Column(_("Interval"), lambda m: quantity(number(m.interval_s // 60), "min"), css="num"),
    Column(_("Measures"), lambda m: m.get_registers_display(), phone=""),
    Column(_("From, until"), lambda m: window(m.starts_at, m.ends_at, m.location.time_zone), phone=""),
    Column(_("Latest readings"), lambda m: m.latest_day and date_format(m.latest_day, "Y-m-d"), phone="side"),
)

METER_DAYS = Columns[DayOfMeter](
    "cpm/meter.html",
    Column(_("Day (UTC)"), "day", phone="title"),
    Column(_("Energy, kWh"), "energy", css="num", phone="side"),
    Column(_("Missing"), lambda one: number(one.missing) if one.missing else None, css="num"),
    Column(_("Estimated or edited"), lambda one: number(one.estimated) if one.estimated else None, css="num"),
    Column(_("Negative or impossible"), "flagged", css="num"),
    Column(_("Loaded"), lambda one: one.loaded_at and when(one.loaded_at), phone="off"),
    Column(_("Earlier versions"), "earlier", phone=""),
)

"""The columns of device locations, their meters and the days of these."""

from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from integration.pages.columns import Column, Columns, link, noted
from integration.pages.moments import day_text
from integration.pages.templatetags.gridcall import number, quantity, when

from .models.customers import DeviceLocation
from .queries.meter_pages import DayOfMeter


def _moved_out(place: DeviceLocation) -> str:
    """Since when the customer has left a place; empty if it is theirs."""
    return str(_("moved out on %(day)s")) % {"day": day_text(place.left_at, place.time_zone)} if place.left_at else ""


LOCATIONS = Columns[DeviceLocation](
    "cpm/customer.html",
    Column(_("Address"), lambda at: noted(at.address, _moved_out(at) or at.time_zone), phone="title"),
    Column(_("Devices"), "devices", phone=""),
    Column(_("Meters"), "meters", phone=""),
    Column(_("Control zone"), lambda at: noted(at.zone, f"{at.substation} · {at.feeder} · {at.transformer}"), phone=""),
    Column(_("Actions"), "move_out", is_unseen=True, phone=""),
)

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
    Column(_("From"), lambda m: when(m.starts_at, m.location.time_zone), phone=""),
    Column(_("Until"), lambda m: m.ends_at and when(m.ends_at, m.location.time_zone), phone="off"),
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

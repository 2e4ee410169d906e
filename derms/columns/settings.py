"""The columns of the lists of what is set up: DER groups, event types, the grid, head end systems."""

from typing import Any

from django.template.defaultfilters import yesno
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from integration.pages.columns import Column, Columns, link
from integration.pages.templatetags.gridcall import kw, number, percent_of, quantity, watts

from ..choices import DeviceClass
from ..models import ControlZone, EventType, Feeder, HeadEnd, Substation, Transformer
from ..queries.groups import GroupDevice, GroupRow
from .devices import device_columns

GROUPS = Columns[GroupRow](
    "derms/group_list.html",
    Column(_("Name"), "name", phone="title"),
    Column(_("Devices that match"), lambda row: row.criteria or None),
    Column(_("Devices"), "devices", phone="side"),
)

GROUP_DEVICES = Columns[GroupDevice](
    "derms/group_devices.html",
    *device_columns(lambda d: d.head_end),
    Column(_("Class"), lambda d: DeviceClass(d.device_class).label, value=lambda d: d.device_class),
    Column(_("Control zone"), lambda d: d.zone, value=lambda d: d.zone),
    Column(_("Substation"), lambda d: d.substation, value=lambda d: d.substation),
    Column(_("Feeder"), lambda d: d.feeder, value=lambda d: d.feeder),
    Column(_("Transformer"), lambda d: d.transformer, value=lambda d: d.transformer),
    Column(_("Rated"), lambda d: watts(d.rated_w), value=lambda d: d.rated_w, file_label=_("Rated (W)"), css="num"),
    Column(
        _("Response rate"),
        lambda d: percent_of(d.rate_pm, 1000),
        value=lambda d: d.rate_pm / 10,
        file_label=_("Response rate (%)"),
        css="num",
    ),
)

EVENT_TYPES = Columns[EventType](
    "derms/event_type_list.html",
    Column(
        _("Type"),
        lambda t: link(reverse("derms:event_type_edit", args=[t.category]), t.get_category_display()),
        phone="title",
    ),
    Column(_("Minimum lead time"), lambda t: quantity(number(t.lead_time_s), "s"), css="num"),
    Column(_("Outcome time-out"), lambda t: quantity(number(t.outcome_timeout_s), "s"), css="num"),
    Column(_("Reserve margin"), lambda t: quantity(number(t.reserve_margin_pct), "%"), css="num"),
    Column(_("Most of what was approved"), lambda t: quantity(number(t.approved_cap_pct), "%"), css="num"),
    Column(_("Balance Authority check"), lambda t: yesno(t.balance_authority_check)),
    Column(
        _("Threshold"),
        lambda t: kw(t.balance_authority_threshold_kw) if t.balance_authority_check else None,
        css="num",
    ),
)

GRID = "derms/grid_list.html"
_CODE = Column[Any](_("Code"), "code", phone="title")

ZONES = Columns[ControlZone](
    GRID,
    _CODE,
    Column(_("Name"), lambda zone: zone.name),
    Column(_("Time zone"), lambda zone: zone.time_zone),
    Column(_("Limit"), lambda zone: kw(zone.limit_kw), css="num"),
)
SUBSTATIONS = Columns[Substation](GRID, _CODE, Column(_("Control zone"), lambda substation: substation.zone))
FEEDERS = Columns[Feeder](
    GRID,
    _CODE,
    Column(_("Substation"), lambda feeder: feeder.substation),
    Column(_("Control zone"), lambda feeder: feeder.substation.zone),
    Column(_("Rating"), lambda feeder: kw(feeder.rating_kw), css="num"),
)
TRANSFORMERS = Columns[Transformer](
    GRID,
    _CODE,
    Column(_("Feeder"), lambda transformer: transformer.feeder),
    Column(
        _("Rated power"),
        lambda t: None if t.kva is None else quantity(number(t.kva), "kVA"),
        css="num",
    ),
)
HEAD_ENDS = Columns[HeadEnd](GRID, _CODE, Column(_("Name"), lambda head_end: head_end.name))

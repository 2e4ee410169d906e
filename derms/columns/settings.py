"""The columns of the lists of what is set up: DER groups, event types, the grid, head end systems."""

from typing import Any

from django.template.defaultfilters import yesno
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from integration.pages.columns import Column, Columns, link
from integration.pages.templatetags.gridcall import kw, number, quantity

from ..models import ControlZone, EventType, Feeder, HeadEnd, Substation, Transformer
from ..queries.lists import GroupRow

GROUPS = Columns[GroupRow](
    "derms/group_list.html",
    Column(_("Name"), "name", phone="title"),
    Column(_("Devices that match"), lambda row: row.criteria or None),
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

"""The columns of the lists of events, strategies, stages, devices and calls."""

from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from integration.pages.badges import look_of
from integration.pages.columns import Column, Columns, link, noted
from integration.pages.templatetags.gridcall import (
    badge,
    clock,
    kw,
    meter,
    number,
    outcome_strip,
    watts,
    when,
    window,
)
from integration.seam.recorded import in_words

from ..choices import Category, DeviceClass, StageState
from ..models import Device, Stage, Strategy
from ..pages.head_ends import HeadEndAnswers
from ..pages.stage_devices import StageDevice
from ..queries.lists import DeviceCall
from ..queries.silence import Silent
from .devices import device_columns


def _stage_link(stage: Stage) -> SafeString:
    address = reverse("derms:stage", args=[stage.event.number, stage.number])
    return link(address, f"{stage.event.number} · {stage.number}")


def _window(stage: Stage) -> SafeString:
    return window(stage.starts_at, stage.ends_at)


def _goal(stage: Any) -> Any:
    """A stage's part of its event's target in kW; as long as there is none, the target of its own."""
    return stage.target_kw if stage.goal_kw is None else stage.goal_kw


def _reserved(stage: Any) -> int:
    """How many devices a stage reserved; a stage that was canceled before its start gave them back."""
    return int(stage.reserved) if stage.state != StageState.CANCELED or stage.started_at else 0


def _progress(event: Any) -> SafeString | None:
    """How much of its target is delivered now; then, of the target's energy; before any report, what is reserved."""
    if not event.goal_kw:
        return None
    if event.delivering_pct is not None:
        return noted(meter(event.delivering_pct, 100), _("delivering now"))
    if event.toward_wh is not None:
        return noted(meter(event.toward_wh, event.target_wh), _("reported"))
    return noted(meter(event.reserved_kw, event.goal_kw), _("reserved")) if event.reserved_w else None


def _state_in_english(event: Any) -> str:
    """The word that pages show, in the one language of files."""
    with override("en"):
        return str(look_of(event.state).word)


# Events are annotated with their window and their power figures.
EVENTS = Columns[Any](
    "derms/event_list.html",
    Column(_("Select all"), "pick", heading="pick-all", css="cell-pick", phone=""),
    Column(
        _("Event"),
        lambda e: link(reverse("derms:event", args=[e.number]), e.number),
        value=lambda e: e.number,
        sort="number",
        order_by="pk",
        phone="title",
    ),
    Column(
        _("Name, control zone, strategy"),
        "name",
        value=lambda e: e.name,
        file_label=_("Name"),
        sort="name",
        phone="name",
    ),
    Column(_("State"), lambda e: badge(e.state), value=_state_in_english, sort="state", phone="side"),
    Column(_("Approval"), "approval", value=lambda e: e.approval, phone="off wide"),
    Column(_("Balance Authority approval"), value=lambda e: e.balance_authority_approval),
    Column(
        _("Type, objective"),
        lambda e: noted(Category(e.type_id).label, e.get_objective_display()),
        value=lambda e: e.type_id,
        file_label=_("Type"),
        phone="off",
    ),
    Column(_("Objective"), value=lambda e: e.objective),
    Column(_("Control zone"), value=lambda e: e.zone.code),
    Column(_("Strategy"), value=lambda e: e.strategy.name),
    Column(
        _("Window"),
        lambda e: window(e.starts_at, e.ends_at),
        value=lambda e: e.starts_at,
        file_label=_("Starts at"),
        sort="starts",
        order_by="starts_at",
        phone="start",
    ),
    Column(_("Ends at"), value=lambda e: e.ends_at),
    Column(
        _("Target"),
        lambda e: kw(e.goal_kw),
        value=lambda e: None if e.goal_kw is None else round(e.goal_kw),
        file_label=_("Target (kW)"),
        sort="target",
        order_by="goal_kw",
        css="num",
        phone="off",
    ),
    Column(
        _("Reserved"),
        lambda e: watts(e.reserved_w) if e.expected_w is None else noted(watts(e.expected_w), _("expected")),
        value=lambda e: e.reserved_w,
        file_label=_("Reserved (W)"),
        sort="reserved",
        order_by="shown_w",
        css="num",
        phone="end",
    ),
    Column(_("Expected by Submit (W)"), value=lambda e: e.expected_w),
    Column(_("Reduction (W, reported)"), value=lambda e: e.mean_w),
    Column(_("Far too little: delivered of target, or of reserved without one (%)"), value=lambda e: e.missed_pct),
    Column(_("Progress"), lambda e: _progress(e), phone="off wide"),
)

# On a page, `extra` is the state of the device and when it was last heard.
DEVICES = Columns[Device](
    "derms/device_list.html",
    *device_columns(lambda d: d.head_end.code),
    Column(_("Class"), lambda d: d.get_device_class_display(), value=lambda d: d.device_class),
    Column(_("Control zone"), lambda d: d.zone, value=lambda d: d.zone.code),
    Column(_("Feeder"), lambda d: d.feeder, value=lambda d: d.feeder.code),
    Column(_("Rated"), lambda d: watts(d.rated_w), value=lambda d: d.rated_w, file_label=_("Rated (W)"), css="num"),
    Column(_("Registered"), value=lambda d: d.registered_at),
    Column(_("Last heard"), "heard"),
    Column(_("State"), "state", phone="side"),
)

SILENT_DEVICES = Columns[Silent](
    "derms/silent_list.html",
    Column(_("Select all"), "pick", heading="pick-all", css="cell-pick", phone="", permission="cpm.add_devicestatus"),
    *device_columns(lambda d: d.head_end),
    Column(_("Program"), lambda d: d.programs, value=lambda d: d.programs, phone=""),
    Column(_("Control zone"), lambda d: d.zone, value=lambda d: d.zone, phone="off"),
    Column(
        _("Rated"),
        lambda d: watts(d.rated_w),
        value=lambda d: d.rated_w,
        file_label=_("Rated (W)"),
        css="num",
        phone="side",
    ),
    Column(_("Silent since"), lambda d: when(d.silent_since, d.time_zone), value=lambda d: d.silent_since),
    Column(_("Last heard"), lambda d: when(d.heard_at, d.time_zone), value=lambda d: d.heard_at),
    Column(_("Last check"), "check", value=lambda d: d.answer),
    Column(_("Checked at"), value=lambda d: d.answered_at),
    Column(
        _("Last called"),
        lambda d: date_format(d.last_called_on, "j M Y"),
        value=lambda d: d.last_called_on,
        phone="off",
    ),
    Column(
        _("Called again from"),
        lambda d: date_format(d.called_again_on, "j M Y"),
        value=lambda d: d.called_again_on,
        phone="off",
    ),
    Column(_("Customer"), "customer", phone="", permission="cpm.view_customer"),
)

STAGES = Columns[Stage](
    "derms/event_stages.html",
    Column("#", "stage", value=lambda s: s.number, file_label=_("Stage"), css="num", phone="title"),
    Column(_("Program, control"), "program", value=lambda s: s.program.code, file_label=_("Program"), phone=""),
    Column(_("Window"), _window, value=lambda s: s.starts_at, file_label=_("Starts at"), phone="label"),
    Column(_("Ends at"), value=lambda s: s.ends_at),
    Column(_("State"), "state", value=lambda s: s.state, phone="side"),
    Column(_("Target"), lambda s: kw(_goal(s)), value=_goal, file_label=_("Target (kW)"), css="num"),
    Column(_("Reserved"), "reserved", value=_reserved, css="num"),
    Column(
        _("Called"),
        lambda s: noted(number(s.called), _("%(n)s left out") % {"n": number(s.left_out_count)}),
        value=lambda s: s.called,
        css="num",
        phone="start label",
    ),
    Column(_("Left out"), value=lambda s: s.left_out_count),
    Column(
        _("Outcomes"), lambda s: outcome_strip(s.outcomes), value=lambda s: s.outcomes, css="off-paper", phone="label"
    ),
)

ANSWERS = Columns[HeadEndAnswers](
    "derms/event_progress.html",
    Column(_("Head end"), lambda row: row.devices.name, phone="title"),
    Column(_("Last report"), lambda row: clock(row.last_at), phone="label"),
    Column(_("Called"), lambda row: number(row.devices.called), css="num", phone="start label"),
    Column(_("Takes part"), lambda row: number(row.devices.taking_part), css="num", phone="end label"),
    Column(_("Silent"), lambda row: number(row.devices.silent), css="num", phone="start label"),
    Column(_("Rejected"), lambda row: number(row.devices.rejecting), css="num", phone="end label"),
    Column(_("Overridden"), lambda row: number(row.devices.overridden), css="num", phone="start label"),
    Column(_("Takes part, share"), lambda row: meter(row.devices.taking_part, row.devices.called), phone="end"),
)

STAGE_DEVICES = Columns[StageDevice](
    "derms/stage.html",
    *device_columns(lambda d: d.head_end),
    Column(_("Class"), lambda d: DeviceClass(d.device_class).label, value=lambda d: d.device_class),
    Column(_("Feeder"), lambda d: d.feeder, value=lambda d: d.feeder),
    Column(
        _("Expected"),
        lambda d: watts(d.expected_w),
        value=lambda d: d.expected_w,
        file_label=_("Expected (W)"),
        css="num",
    ),
    Column(_("Outcome"), lambda d: badge(d.outcome), value=lambda d: d.outcome, phone="side"),
    Column(
        _("Reduction, reported"),
        lambda d: watts(d.reduction_w),
        value=lambda d: d.reduction_w,
        file_label=_("Reduction (W, reported)"),
        css="num",
    ),
    Column(_("Actual start"), value=lambda d: d.started_at),
    Column(_("Actual end"), value=lambda d: d.ended_at),
    Column(_("Error"), lambda d: in_words(d.error) or None, value=lambda d: d.error),
)

COMING_STAGES = Columns[Stage](
    "derms/device.html",
    Column(_("Event"), _stage_link, phone="title"),
    Column(_("Program"), lambda s: s.program),
    Column(_("Window"), _window),
    Column(_("State"), lambda s: badge(s.state), phone="side"),
)

LAST_CALLS = Columns[DeviceCall](
    "derms/device.html",
    Column(_("Event"), lambda call: _stage_link(call.stage), phone="title"),
    Column(_("Window"), lambda call: _window(call.stage)),
    Column(_("Outcome"), lambda call: badge(call.outcome.code if call.outcome else call.stage.state), phone="side"),
    Column(_("Reduction, reported"), lambda call: watts(call.outcome.reduction_w if call.outcome else None), css="num"),
)

STRATEGIES = Columns[Strategy](
    "derms/strategy_list.html",
    Column(_("Name"), "name", phone="title"),
    Column(_("State"), lambda s: s.get_state_display(), phone="side"),
    Column(_("Type, objective"), lambda s: noted(Category(s.type_id).label, s.get_objective_display())),
    Column(_("Control zone"), lambda s: s.zone),
    Column(_("Default stages"), "stages"),
    Column(_("Target"), lambda s: kw(s.target_kw), css="num"),
    Column(_("Actions"), "actions", is_unseen=True, css="cell-acts", phone="", permission="derms.plan_event"),
)

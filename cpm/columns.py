"""The columns of CPM's lists: headings, cells, orders, and what files hold."""

from dataclasses import replace
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _

from integration.pages.columns import Column, Columns, link, noted
from integration.pages.templatetags.gridcall import badge, number, outcome_strip, quantity, watts, when, window
from integration.seam.dated_rules import DatedRules
from integration.seam.outcomes import CODES
from integration.seam.program_rules import ProgramRules
from integration.seam.recorded import in_words

from .models.customers import SubscribedDevice, Subscription
from .models.enrollments import Enrollment
from .models.holidays import Holiday
from .models.program_events import ProgramEvent
from .models.programs import ProgramType
from .models.unavailability import Unavailability
from .planning import Offer
from .queries import ParticipationRow, row_order


def _yes_no(flag: bool) -> str:
    return said("Yes") if flag else said("No")


def _window(event: ProgramEvent) -> SafeString:
    return window(event.starts_at, event.ends_at)


def _outcome(code: str) -> Column[ProgramEvent]:
    return Column(code, value=lambda e: e.outcomes.get(code, 0))


PROGRAM_EVENTS = Columns[ProgramEvent](
    "cpm/program_event_list.html",
    Column(_("Program event"), "program_event", value=lambda e: e.event_number, phone="title"),
    Column(_("Stage"), value=lambda e: e.stage_number),
    Column(_("Name"), lambda e: e.event_name, value=lambda e: e.event_name, phone=""),
    Column(_("State"), lambda e: badge(e.state), phone="side"),
    Column(_("Program"), lambda e: e.program, value=lambda e: e.program.code, phone="off"),
    Column(_("Category"), lambda e: said(e.category), value=lambda e: e.category, phone="off"),
    Column(_("State"), value=lambda e: e.state),
    Column(_("Window"), _window, value=lambda e: e.starts_at, file_label=_("Starts at"), phone=""),
    Column(_("Ends at"), value=lambda e: e.ends_at),
    Column(
        _("Participations"),
        lambda e: number(e.participations),
        value=lambda e: e.participations,
        css="num",
        phone="off",
    ),
    Column(_("Reserved"), lambda e: number(e.reserved), value=lambda e: e.reserved, css="num", phone="start label"),
    Column(_("Closed"), lambda e: number(e.closed), value=lambda e: e.closed, css="num", phone="end label"),
    Column(_("Outcomes"), lambda e: outcome_strip(e.outcomes), phone=""),
    *map(_outcome, CODES),
    Column(_("Reduction (W, reported)"), value=lambda e: e.reduction_w),
    Column(_("Reason"), value=lambda e: e.reason),
)


_PARTICIPATION: tuple[Column[ParticipationRow], ...] = (
    Column(_("Program event"), value=lambda row: row.program_event.event_number),
    Column(_("Stage"), value=lambda row: row.program_event.stage_number),
    Column(_("Program"), value=lambda row: row.program_event.program.code),
    Column(_("Device"), "device", value=lambda row: row.device.head_end, file_label=_("Head end"), phone="title"),
    Column(_("NIC id"), value=lambda row: row.device.nic_id),
    Column(_("Class"), value=lambda row: row.device.get_device_class_display()),
    Column(_("Model"), value=lambda row: row.device.model),
)
_CUSTOMER: tuple[Column[ParticipationRow], ...] = (
    Column(
        _("Customer"),
        "customer",
        value=lambda row: row.device.location.customer.number,
        sort="customer",
        phone="start",
    ),
    Column(_("Customer name"), value=lambda row: row.device.location.customer.name),
    Column(_("Account"), value=lambda row: row.device.location.customer.account),
)
_PROGRAM = Column[ParticipationRow](
    _("Program"), lambda row: row.program_event.program.code, sort="program", phone="off"
)
_WINDOW = Column[ParticipationRow](_("Window"), "window", sort="-window", phone="")
_FACTS: tuple[Column[ParticipationRow], ...] = (
    Column(
        _("Reserved"),
        lambda row: _yes_no(row.facts.reservation_flag),
        value=lambda row: _yes_no(row.facts.reservation_flag),
        file_label=_("Reservation flag"),
    ),
    Column(_("Status"), lambda row: badge(row.facts.status), value=lambda row: row.facts.status, phone="side"),
    Column(_("Reserved from"), value=lambda row: row.program_event.starts_at),
    Column(_("Reserved until"), value=lambda row: row.program_event.ends_at),
    Column(
        _("Preemptive Opt-Out"),
        lambda row: _yes_no(row.facts.preemptive_opt_out),
        value=lambda row: _yes_no(row.facts.preemptive_opt_out),
        css="text-wrap",
    ),
    Column(
        _("Outcome"),
        "outcome",
        value=lambda row: row.facts.code,
        sort="outcome",
        phone=lambda row: "" if row.facts.code else "empty",
    ),
    Column(_("Outcome in words"), value=lambda row: row.outcome),
    Column(
        _("Actual start, end"),
        "actual",
        sort="actual",
        phone=lambda row: "start" if row.facts.started_at else "empty",
    ),
    Column(_("Actual start"), value=lambda row: row.facts.started_at),
    Column(_("Actual end"), value=lambda row: row.facts.ended_at),
    Column(
        _("Expected"),
        lambda row: watts(row.facts.expected_w),
        value=lambda row: row.facts.expected_w,
        file_label=_("Expected (W)"),
        sort="-expected",
        css="num",
        phone="start label",
    ),
    Column(
        _("Reduction, reported"),
        lambda row: watts(row.facts.reduction_w),
        value=lambda row: row.facts.reduction_w,
        file_label=_("Reduction (W, reported)"),
        sort="-reduction",
        css="num",
        phone=lambda row: "end" if row.facts.code else "empty",
    ),
    Column(_("Error"), value=lambda row: row.facts.error),
)


def participation_columns(*, sees_customers: bool, of_one_event: bool = False) -> Columns[ParticipationRow]:
    """Those of Event Participation: customers for people who may see them.

    A list of several program events shows them, and is sorted by them; one of a single event is sorted by its rows.
    """
    customer = _CUSTOMER if sees_customers else ()
    if of_one_event:
        return Columns("cpm/participation_list.html", *_PARTICIPATION, *customer, *_FACTS)
    event = Column[ParticipationRow](_("Program event"), "program_event", phone="end" if sees_customers else "")
    rows = (*_PARTICIPATION, *customer, event, _PROGRAM, _WINDOW, *_FACTS)
    return Columns("cpm/participation_list.html", *map(_unsorted_by_rows, rows))


def _unsorted_by_rows(column: Column[ParticipationRow]) -> Column[ParticipationRow]:
    return replace(column, sort="") if row_order(column.sort) else column


OUTSTANDING = Columns[ParticipationRow](
    "cpm/outstanding.html",
    Column(_("Event Participation"), "device", phone="title"),
    Column(_("Event"), lambda row: noted(row.program_event.event_name, in_words(row.program_event)), phone=""),
    Column(_("Window"), "window", phone=""),
    Column(_("Preemptive Opt-Out"), lambda row: _yes_no(row.facts.preemptive_opt_out)),
    Column(_("Opt-out possible for"), "possible"),
)

# With the subscriptions that are open.
CUSTOMERS = Columns[Any](
    "cpm/customer_list.html",
    Column(_("Customer"), lambda c: link(reverse("cpm:customer", args=[c.number]), c.number), phone="title"),
    Column(_("Name"), lambda c: c.name, phone="side"),
    Column(_("Account"), lambda c: c.account),
    Column(_("Phone"), lambda c: c.phone),
    Column(_("Device locations"), "locations", phone=""),
    Column(_("Programs"), "programs", phone=""),
)

ENROLLED_DEVICES = Columns[SubscribedDevice](
    "cpm/enrollment.html",
    Column(_("Device"), "device", phone="title"),
    Column(_("Class, model"), "model", phone=""),
    Column(_("Rated"), lambda s: watts(s.device.rated_w), css="num"),
    Column(_("At DERMS"), "answer", phone="side"),
    Column(_("Actions"), "replace", is_unseen=True, phone="", permission="cpm.add_enrollment"),
)

ENROLLMENTS = Columns[Enrollment](
    "cpm/enrollment_list.html",
    Column(_("Enrollment"), "enrollment", value=lambda e: e.pk, phone="title"),
    Column(_("Program"), value=lambda e: e.program.code),
    Column(_("State"), lambda e: badge(e.state), value=lambda e: e.state, phone="side"),
    Column(_("Customer"), "customer", value=lambda e: e.customer.number, phone="start", permission="cpm.view_customer"),
    Column(_("What it waits for"), "waits", value=lambda e: e.reason, phone="", css="text-wrap"),
    Column(_("Since"), lambda e: when(e.changed_at), value=lambda e: e.changed_at, phone="end"),
    Column(_("Applied by"), lambda e: in_words(e.applied_by) or None, value=lambda e: e.applied_by, phone="off"),
)

DEVICES_OF_ENROLLMENT = Columns[SubscribedDevice](
    "cpm/enrollment.html",
    Column(_("Device"), "device", phone="title"),
    Column(_("Class, model"), "model", phone=""),
    Column(_("Rated"), lambda s: watts(s.device.rated_w), css="num"),
    Column(_("At DERMS"), "answer", phone="side"),
)

OFFERS = Columns[Offer](
    "cpm/enroll_choose.html",
    Column(_("Program"), lambda offer: noted(offer.program, offer.program.code), phone="title"),
    Column(_("Device location"), lambda offer: offer.location, phone=""),
    Column(_("Can the customer enroll?"), lambda offer: in_words(offer.sentence), phone="", css="text-wrap"),
    Column(_("Actions"), "enroll", is_unseen=True, phone=""),
)

ENDED_ENROLLMENTS = Columns[Subscription](
    "cpm/customer.html",
    Column(_("Program"), lambda s: s.program, phone="title"),
    Column(_("Device location"), lambda s: s.location, phone=""),
    Column(_("From, until"), lambda s: window(s.starts_at, s.ends_at, s.location.time_zone), phone=""),
)

PERIODS = Columns[Unavailability](
    "cpm/periods.html",
    Column(_("Device"), lambda period: period.device.nic_id, phone="title"),
    Column(_("Period"), "period", phone=""),
    Column(_("Reason"), "reason", phone=""),
    Column(_("State"), lambda period: badge(period.state), phone="side"),
    Column(_("Actions"), "actions", is_unseen=True, css="num", phone=""),
)

HOLIDAYS = Columns[Holiday](
    "cpm/holiday_list.html",
    Column(_("Day"), lambda holiday: date_format(holiday.day, "Y-m-d"), phone="title"),
    Column(_("Name"), lambda holiday: holiday.name, phone=""),
    Column(_("Whose"), lambda holiday: _("your own") if holiday.is_own else _("your country's"), phone="side"),
    Column(_("Actions"), "actions", is_unseen=True, css="num", phone=""),
)

# With the number of open subscriptions.
PROGRAMS = Columns[Any](
    "cpm/program_list.html",
    Column(_("Program"), "program", value=lambda p: p.name, phone="title"),
    Column(_("Code"), lambda p: p.code, value=lambda p: p.code, phone=""),
    Column(_("State"), lambda p: badge(p.state), value=lambda p: p.state, phone="side"),
    Column(_("Program type"), lambda p: p.type, value=lambda p: p.type.code, phone=""),
    Column(
        _("Allow Customer Unavailability"),
        lambda p: _yes_no(p.allow_customer_unavailability),
        value=lambda p: p.allow_customer_unavailability,
        phone_label=_("Customer unavailability"),
    ),
    Column(
        _("Open subscriptions"), lambda p: number(p.subscriptions_open), value=lambda p: p.subscriptions_open, css="num"
    ),
)

PROGRAM_TYPES = Columns[ProgramType](
    "cpm/program_list.html",
    Column(_("Program type"), "program_type", phone="title"),
    Column(_("Code"), lambda t: t.code, phone=""),
    Column(_("Category"), lambda t: t.get_category_display(), phone=""),
    Column(_("Device required"), lambda t: _yes_no(t.device_required)),
    Column(_("Allow To Opt Out"), lambda t: _yes_no(t.allow_to_opt_out)),
    Column(
        _("Cut-off before the start"),
        lambda t: quantity(number(t.opt_out_cutoff_minutes), "min"),
        css="num",
        phone_label=_("Cut-off"),
    ),
)

DATED_RULES = Columns[DatedRules](
    "cpm/dated_rules.html",
    Column(_("Take effect on"), "days", phone="title"),
    Column(_("Last day"), lambda dated: dated.expires_on and date_format(dated.expires_on, "Y-m-d")),
    Column(_("Events per season"), lambda dated: dated.rules.events_per_season, css="num"),
    Column(_("Season"), lambda dated: _season(dated.rules)),
)


def _season(rules: ProgramRules) -> str | None:
    return f"{rules.season_start} → {rules.season_end}" if rules.season_start else None

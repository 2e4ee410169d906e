"""The columns of settlement's lists: headings, cells, and what files hold."""

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _

from integration.pages.columns import Column, Columns, link, noted
from integration.pages.numbers import count_text
from integration.pages.templatetags.gridcall import badge, number
from integration.seam.recorded import in_words

from .models.settlement import SettlementMethod, decimals_of
from .models.settlement_runs import SettlementPart, SettlementRun, SettlementSum
from .pages.settlement import StatementRow, money, plain
from .queries.settlement import LineRow


def _settlement_line(row: LineRow) -> SafeString:
    line = row.line
    url = reverse("cpm:settlement_line", args=[line.run_id, line.program_event_id, line.subject_id])
    return link(url, row.about)


def _amount(name: str) -> Callable[[LineRow], str]:
    return lambda row: count_text(getattr(row.line, name), decimals_of(row.currency))


SETTLEMENT_RUNS = Columns[SettlementRun](
    "cpm/settlement_run_list.html",
    Column(_("Run"), lambda run: link(reverse("cpm:settlement_run", args=[run.pk]), run), phone="title"),
    Column(_("State"), lambda run: badge(run.state), phone="side"),
    Column(_("Method"), lambda run: noted(run.method.name, run.method.get_kind_display()), phone=""),
    Column(_("Period"), lambda run: f"{run.starts_on} → {run.ends_on}", phone=""),
    Column(_("Corrects"), lambda run: said("Yes") if run.corrects else said("No")),
    Column(_("Lines"), lambda run: number(run.lines), css="num"),
    Column(_("Left out"), lambda run: number(run.left_out), css="num"),
    Column(_("Amount"), lambda run: money(run.amount, run.method), css="num", phone="end"),
    Column(_("Made by"), lambda run: run.made_by, phone="off"),
)

SETTLEMENT_PARTS = Columns[SettlementPart](
    "cpm/settlement_run.html",
    Column(_("Program event"), lambda part: in_words(part.program_event), phone="title"),
    Column(_("Measurement"), lambda part: part.measurement and part.measurement.version, css="num"),
    Column(_("Lines"), lambda part: number(part.lines), css="num"),
    Column(_("Left out"), lambda part: number(part.left_out), css="num"),
    Column(_("Amount"), lambda part: count_text(part.amount, part.run.method.decimals), css="num", phone="side"),
)

SETTLEMENT_SUMS = Columns[SettlementSum](
    "cpm/settlement_run.html",
    Column(_("Of"), "sum_of", phone="title"),
    Column(_("Lines"), lambda one: number(one.lines), css="num"),
    Column(_("Left out"), lambda one: number(one.left_out), css="num"),
    Column(_("Amount"), lambda one: count_text(one.amount, one.run.method.decimals), css="num", phone="side"),
)

SETTLEMENT_LINES = Columns[LineRow](
    "cpm/settlement_lines.html",
    Column(_("Line"), _settlement_line, phone="title"),
    Column(_("Run"), value=lambda row: row.line.run_id),
    Column(_("Customer"), lambda row: row.customer.number, value=lambda row: row.customer.number, phone="start"),
    Column(_("Account"), value=lambda row: row.customer.account),
    Column(_("Id in the CIS"), value=lambda row: row.customer.cis_id),
    Column(_("Service point"), value=lambda row: row.location.service_point),
    Column(
        _("Program event"),
        lambda row: row.program_event and in_words(row.program_event),
        value=lambda row: row.program_event and row.program_event.event_number,
    ),
    Column(_("Stage"), value=lambda row: row.program_event and row.program_event.stage_number),
    Column(_("Device"), value=lambda row: row.device and str(row.device)),
    Column(_("Outcome"), lambda row: badge(row.line.code), value=lambda row: row.line.code),
    Column(_("Quantity"), lambda row: number(plain(row.line.quantity)), value=lambda row: row.line.quantity, css="num"),
    Column(_("Earns, %"), lambda row: number(plain(row.line.percent)), value=lambda row: row.line.percent, css="num"),
    Column(
        _("Due"),
        _amount("due"),
        value=lambda row: row.line.due,
        css="num",
    ),
    Column(
        _("Settled before"),
        _amount("settled_before"),
        value=lambda row: row.line.settled_before,
        css="num",
    ),
    Column(
        _("Amount"),
        _amount("amount"),
        value=lambda row: row.line.amount,
        css="num",
    ),
    Column(_("Currency"), value=lambda row: row.currency),
    Column(_("Left out"), lambda row: row.reason, phone="", css="text-wrap"),
)


def _of_interval(name: str) -> Callable[[StatementRow], Any]:
    return lambda one: getattr(one.interval, name) if one.interval else None


def _of_line(name: str) -> Callable[[StatementRow], Any]:
    return lambda one: getattr(one.row.line, name) if one.is_first else None


SETTLEMENT_INTERVALS = Columns[StatementRow](
    "cpm/settlement_run.html",
    Column(_("Run"), value=lambda one: one.row.line.run_id),
    Column(_("Customer"), value=lambda one: one.row.customer.number),
    Column(_("Account"), value=lambda one: one.row.customer.account),
    Column(_("Id in the CIS"), value=lambda one: one.row.customer.cis_id),
    Column(_("Service point"), value=lambda one: one.row.location.service_point),
    Column(_("Program event"), value=lambda one: one.row.program_event and one.row.program_event.event_number),
    Column(_("Stage"), value=lambda one: one.row.program_event and one.row.program_event.stage_number),
    Column(_("Device"), value=lambda one: one.row.device and str(one.row.device)),
    Column(_("Outcome"), value=lambda one: one.row.line.code),
    Column(_("Interval"), value=_of_interval("starts_at")),
    Column(_("Interval s"), value=lambda one: one.interval_s),
    Column(_("Baseline kWh"), value=_of_interval("baseline_kwh")),
    Column(_("Metered kWh"), value=_of_interval("metered_kwh")),
    Column(_("Saved kWh"), value=_of_interval("saved_kwh")),
    Column(_("Price per kWh"), value=_of_interval("price")),
    Column(_("Interval amount"), value=_of_interval("amount")),
    Column(_("Earns, %"), value=lambda one: one.row.line.percent),
    Column(_("Due"), value=_of_line("due")),
    Column(_("Settled before"), value=_of_line("settled_before")),
    Column(_("Amount"), value=_of_line("amount")),
    Column(_("Currency"), value=lambda one: one.row.currency),
)

SETTLEMENT_METHODS = Columns[SettlementMethod](
    "cpm/settlement_method_list.html",
    Column(_("Method"), lambda one: link(reverse("cpm:settlement_method", args=[one.pk]), one.name), phone="title"),
    Column(_("Program"), lambda one: one.program, phone=""),
    Column(_("What is paid"), lambda one: one.get_kind_display(), phone=""),
    Column(_("Currency"), lambda one: one.currency),
    Column(_("First day of events"), lambda one: date_format(one.starts_on, "Y-m-d")),
    Column(_("Last day of events"), lambda one: one.ends_on and date_format(one.ends_on, "Y-m-d")),
)

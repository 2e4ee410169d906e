"""A line of settlement explained: the days, the adjustment, each interval, the price and the rule."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _

from cpm.models.measuring import MeasuredResult
from cpm.models.settlement import SettlementMethod
from cpm.models.settlement_runs import SettlementPart, SettlementRun
from cpm.settlement import Terms, energy_amount
from integration.pages.numbers import NBSP, count_text, energy_text

from ..choices import FEE_KINDS, SEASON_KINDS, MethodKind
from ..queries.brought import Brought
from ..queries.settlement import LineRow, SeasonEvent, season_events
from .measured import ShownResult, shown_result

WH = 1000  # in a kWh


class Interval(NamedTuple):
    """An interval as it was paid: kWh and what they come to, not rounded."""

    starts_at: datetime
    baseline_kwh: Decimal
    metered_kwh: Decimal
    saved_kwh: Decimal
    price: Decimal
    amount: Decimal


class Explained(NamedTuple):
    """How a line was reckoned: from intervals, or the events of a season, or from its quantity and one price.

    `gross` is exact; with intervals it is at least 0, although their sum `together` may be less. `digits` are the
    decimals that show prices and amounts of intervals exactly. A line that is left out has neither `gross` nor `due`.
    """

    terms: Terms
    measured: ShownResult | None = None
    intervals: Sequence[Interval] = ()
    events: Sequence[SeasonEvent] = ()
    gross: Decimal | None = None
    due: Decimal | None = None

    @property
    def together(self) -> Interval | None:
        """The sums of the intervals."""
        if not self.intervals:
            return None
        nothing = Decimal(0)
        return Interval(
            self.intervals[0].starts_at,
            baseline_kwh=sum((one.baseline_kwh for one in self.intervals), nothing),
            metered_kwh=sum((one.metered_kwh for one in self.intervals), nothing),
            saved_kwh=sum((one.saved_kwh for one in self.intervals), nothing),
            price=nothing,
            amount=sum((one.amount for one in self.intervals), nothing),
        )

    @property
    def digits(self) -> tuple[int, int]:
        return (
            max([self.terms.decimals, *(_decimals(one.price) for one in self.intervals)]),
            max([self.terms.decimals, *(_decimals(one.amount) for one in self.intervals)]),
        )


def money(amount: Decimal | None, method: SettlementMethod) -> str:
    """An amount with its currency, with the decimals that it has."""
    if amount is None:
        return count_text(None)
    return f"{count_text(amount, method.decimals)}{NBSP}{method.currency}"


def plain(value: Decimal | None) -> Decimal | None:
    """A number without the zeros at its end."""
    if value is None:
        return None
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def brought_text(brought: Brought | None) -> str:
    """What an event brought, and how sure that is: 1.80 kWh, 0.90 USD, settled; empty if nothing is known."""
    if brought is None:
        return ""
    kwh = "" if brought.kwh is None else f"{energy_text(brought.kwh)}{NBSP}kWh"
    if brought.amount is None:
        return f"{kwh} {_('measured')}"
    amount = f"{count_text(brought.amount, brought.decimals)}{NBSP}{brought.currency}"
    return ", ".join(filter(None, [kwh, amount, _("settled") if brought.is_settled else _("preliminary")]))


def explained(run: SettlementRun, row: LineRow) -> Explained:
    """Reckon a line again, step by step, from what its run keeps."""
    terms = Terms.of_json(run.terms)
    if terms.kind == MethodKind.ENERGY:
        return _by_interval(run, row, terms)
    events = season_events(run, terms, row.line.subject_id) if terms.kind in SEASON_KINDS else []
    if row.line.left_out or row.line.percent is None or row.line.quantity is None:
        return Explained(terms, events=events)
    gross = terms.price * row.line.quantity * (-1 if terms.kind in FEE_KINDS else 1)
    return Explained(terms, events=events, gross=gross, due=terms.amount(gross, row.line.percent))


class StatementRow(NamedTuple):
    """A line of a run with one of its intervals, and how long that is in s; with neither if it is not paid by them."""

    row: LineRow
    interval: Interval | None
    interval_s: int | None
    is_first: bool  # of its line, whose amounts stand in this row alone, so that a column adds up


def statement_rows(run: SettlementRun, lines: Sequence[LineRow]) -> list[StatementRow]:
    """Lines by interval; a line without a measured result, or of a method that pays for something else, is one row."""
    terms = Terms.of_json(run.terms)
    events = {row.line.program_event_id for row in lines}
    parts = {
        one.program_event_id: one for one in run.parts.select_related("program_event").filter(program_event__in=events)
    }
    measurements = {one.measurement_id: pk for pk, one in parts.items() if terms.kind == MethodKind.ENERGY}
    found = MeasuredResult.objects.filter(
        measurement_id__in=[pk for pk in measurements if pk], device_id__in=[row.line.subject_id for row in lines]
    )
    results = {(measurements[one.measurement_id], one.device_id): one for one in found}
    rows = []
    for row in lines:
        result = results.get((row.line.program_event_id, row.line.subject_id))
        intervals: list[Interval | None] = []
        intervals += _intervals(result, terms, parts[row.line.program_event_id]) if result else []
        for place, one in enumerate(intervals or [None]):
            rows.append(StatementRow(row, one, result.interval_s if result else None, is_first=place == 0))
    return rows


def _by_interval(run: SettlementRun, row: LineRow, terms: Terms) -> Explained:
    part = run.parts.select_related("measurement__rule", "program_event").get(program_event=row.line.program_event_id)
    result = _result(part, row.line.subject_id)
    measured = shown_result(part.measurement, result) if part.measurement and result else None
    if row.line.left_out or row.line.percent is None:
        return Explained(terms, measured)
    intervals = _intervals(result, terms, part) if result else []
    gross = energy_amount([int(one.saved_kwh * WH) for one in intervals], [one.price for one in intervals])
    return Explained(terms, measured, intervals, gross=gross, due=terms.amount(gross, row.line.percent))


def _result(part: SettlementPart, device_id: int) -> MeasuredResult | None:
    if part.measurement is None:
        return None
    return MeasuredResult.objects.filter(measurement_id=part.measurement.pk, device_id=device_id).first()


def _intervals(result: MeasuredResult, terms: Terms, part: SettlementPart) -> list[Interval]:
    baseline, metered = result.baseline_wh or [], result.metered_wh or []
    if result.starts_at is None or result.interval_s is None or part.program_event is None:
        return []
    prices = terms.prices(result.starts_at, result.interval_s, len(baseline), part.program_event.time_zone)
    step, found = timedelta(seconds=result.interval_s), []
    for number, (usual, used, price) in enumerate(zip(baseline, metered, prices, strict=True)):
        before, after, saved = (Decimal(wh) / WH for wh in (usual, used, usual - used))
        found.append(Interval(result.starts_at + number * step, before, after, saved, price, saved * price))
    return found


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0

"""A line of settlement explained: the days, the adjustment, each interval, the price and the rule."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from cpm.models.measuring import MeasuredResult, Measurement
from cpm.models.settlement import SettlementMethod
from cpm.models.settlement_runs import SettlementRun
from cpm.settlement import Terms, energy_amount
from integration.pages.numbers import NBSP, count_text

from ..choices import MethodKind
from ..queries.settlement import LineRow


class Interval(NamedTuple):
    """An interval as it was paid: kWh and what they come to, not rounded."""

    starts_at: datetime
    baseline_kwh: Decimal
    metered_kwh: Decimal
    saved_kwh: Decimal
    price: Decimal
    amount: Decimal


class Explained(NamedTuple):
    """How a line was reckoned; without intervals, from its quantity and one price."""

    terms: Terms
    result: MeasuredResult | None
    days: Sequence[date]
    intervals: Sequence[Interval]
    gross: Decimal | None
    due: Decimal | None


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


def explained(run: SettlementRun, row: LineRow) -> Explained:
    """Reckon a line again, step by step, from what its run keeps."""
    terms, line = Terms.of_json(run.terms), row.line
    if line.left_out or line.percent is None or line.quantity is None:
        return Explained(terms, None, [], [], None, None)
    if terms.kind != MethodKind.ENERGY:
        gross = terms.price * line.quantity * (-1 if terms.kind == MethodKind.EARLY_EXIT else 1)
        return Explained(terms, None, [], [], gross, terms.amount(gross, line.percent))
    part = run.parts.select_related("measurement", "program_event").get(program_event_id=line.program_event_id)
    if part.measurement is None:
        return Explained(terms, None, [], [], Decimal(0), terms.amount(Decimal(0), line.percent))
    result = MeasuredResult.objects.filter(measurement_id=part.measurement.pk, device_id=line.subject_id).first()
    if result is None or result.starts_at is None:
        return Explained(terms, None, [], [], Decimal(0), terms.amount(Decimal(0), line.percent))
    intervals = _intervals(result, terms, row)
    gross = energy_amount([int(one.saved_kwh * 1000) for one in intervals], [one.price for one in intervals])
    return Explained(
        terms, result, _days(part.measurement, result), intervals, gross, terms.amount(gross, line.percent)
    )


def _intervals(result: MeasuredResult, terms: Terms, row: LineRow) -> list[Interval]:
    baseline, metered = result.baseline_wh or [], result.metered_wh or []
    if result.starts_at is None or result.interval_s is None or row.program_event is None:
        return []
    prices = terms.prices(result.starts_at, result.interval_s, len(baseline), row.program_event.time_zone)
    step, found = timedelta(seconds=result.interval_s), []
    for number, (usual, used, price) in enumerate(zip(baseline, metered, prices, strict=True)):
        before, after, saved = (Decimal(wh) / 1000 for wh in (usual, used, usual - used))
        found.append(Interval(result.starts_at + number * step, before, after, saved, price, saved * price))
    return found


def _days(measurement: Measurement, result: MeasuredResult) -> list[date]:
    """The like days that the baseline was made of."""
    return [day for bit, day in enumerate(measurement.days) if result.days_used >> bit & 1]

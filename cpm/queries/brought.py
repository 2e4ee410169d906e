"""What events brought customers: settled by approved runs, or preliminary by the newest measurement and prices."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cpm.models.holidays import Holiday
from cpm.models.measuring import MeasuredResult
from cpm.models.program_events import ProgramEvent
from cpm.models.settlement import PriceVersion, SettlementMethod
from cpm.models.settlement_runs import SettlementLine, SettlementPart
from cpm.settlement import Terms, energy_amount

from ..choices import EVENT_KINDS, SETTLED_STATES, MethodKind
from .participations import ParticipationKey, ParticipationRow
from .settlement import latest_measurements, terms_of

WATTS = 1000  # in a kW, as Wh in a kWh
Results = Mapping[tuple[int | None, int], MeasuredResult]  # by measurement and device


class Brought(NamedTuple):
    """What a participation brought: kWh if they are measured, an amount if a method pays for it; one of them is there.

    It is settled once no method is left that may pay more. kWh are those that were paid for, else the newest. Amounts
    are of one currency: of methods in several, those in the currency of the first that settled it.
    """

    kwh: Decimal | None
    amount: Decimal | None = None
    decimals: int = 2
    currency: str = ""
    is_settled: bool = False


class _Method(NamedTuple):
    method: SettlementMethod
    terms: Terms


@dataclass
class _Settled:
    """What approved runs say of a participation, the earliest run first.

    `methods` have spoken of it, if only to leave it out; `amounts` are by method; `measurement` is that of the latest
    run that paid for energy.
    """

    methods: set[int] = field(default_factory=set)
    amounts: dict[SettlementMethod, Decimal] = field(default_factory=dict)
    measurement: int | None = None


def brought_by(rows: Sequence[ParticipationRow]) -> dict[ParticipationKey, Brought]:
    """What is known of each of these participations; those of which nothing is known are left out."""
    if not rows:
        return {}
    settled, methods = _settled(rows), _methods(rows)
    newest = latest_measurements([row.program_event.pk for row in rows])
    results = _results(rows, {*newest.values(), *(one.measurement for one in settled.values() if one.measurement)})
    found = {}
    for row in rows:
        known, latest = settled.get(row.key, _Settled()), newest.get(row.program_event.pk)
        result = results.get((latest, row.device.pk))
        counted = results.get((known.measurement or latest, row.device.pk))
        if brought := _brought(row, known, methods, result, _kwh(counted)):
            found[row.key] = brought
    return found


def _results(rows: Sequence[ParticipationRow], measurements: set[int]) -> Results:
    if not measurements:
        return {}
    devices = [row.device.pk for row in rows]
    found = MeasuredResult.objects.filter(measurement_id__in=list(measurements), device_id__in=devices)
    return {(one.measurement_id, one.device_id): one for one in found}


def _settled(rows: Sequence[ParticipationRow]) -> dict[ParticipationKey, _Settled]:
    """What all approved runs came to."""
    events = [row.program_event.pk for row in rows]
    parts = SettlementPart.objects.filter(program_event__in=events, run__state__in=SETTLED_STATES)
    by_run = {(part.run_id, part.program_event_id): part for part in parts.select_related("run__method")}
    lines = SettlementLine.objects.filter(
        run_id__in={run for run, _event in by_run},
        program_event_id__in=events,
        subject_id__in=[row.device.pk for row in rows],
    )
    found: defaultdict[ParticipationKey, _Settled] = defaultdict(_Settled)
    for line in lines.order_by("run_id") if by_run else ():
        part, known = (
            by_run[line.run_id, line.program_event_id],
            found[ParticipationKey(line.program_event_id, line.subject_id)],
        )
        method = part.run.method
        known.methods.add(method.pk)
        if line.amount is not None:
            known.amounts[method] = known.amounts.get(method, Decimal(0)) + line.amount
            known.measurement = part.measurement_id if method.kind == MethodKind.ENERGY else known.measurement
    return found


def _methods(rows: Sequence[ParticipationRow]) -> list[_Method]:
    """The methods of these rows' programs that pay by event, each with its newest prices."""
    programs = {row.program_event.program_id for row in rows}
    versions = PriceVersion.objects.filter(method__program__in=programs, method__kind__in=EVENT_KINDS)
    newest = (
        versions.order_by("method", "-number").distinct("method").select_related("method").prefetch_related("times")
    )
    found = list(newest)
    holidays = frozenset(Holiday.objects.values_list("day", flat=True)) if found else frozenset()
    return [_Method(one.method, terms_of(one.method, one, holidays)) for one in found]


def _brought(
    row: ParticipationRow,
    settled: _Settled,
    methods: Sequence[_Method],
    result: MeasuredResult | None,
    kwh: Decimal | None,
) -> Brought | None:
    """What is settled, and what the methods that have not settled it would pay."""
    holding = [one for one in methods if one.method not in settled.amounts and _holds(one.method, row.program_event)]
    due = [(one.method, amount) for one in holding if (amount := _due(one.terms, row, result)) is not None]
    amounts = [*settled.amounts.items(), *due]
    if not amounts:
        return None if kwh is None else Brought(kwh)
    first = amounts[0][0]
    amount = sum((amount for method, amount in amounts if method.currency == first.currency), Decimal(0))
    is_settled = not due and all(one.method.pk in settled.methods for one in holding)
    return Brought(kwh, amount, first.decimals, first.currency, is_settled)


def _holds(method: SettlementMethod, event: ProgramEvent) -> bool:
    day = event.starts_at.astimezone(ZoneInfo(event.time_zone)).date()
    is_in_time = method.starts_on <= day and (method.ends_on is None or day <= method.ends_on)
    return is_in_time and method.program_id == event.program_id


def _due(terms: Terms, row: ParticipationRow, result: MeasuredResult | None) -> Decimal | None:
    """What a method would pay; None without an outcome, or without the measurement that it needs."""
    percent = terms.percents.get(row.facts.code or "")
    if percent is None:
        return None
    if terms.kind == MethodKind.EVENT:
        return terms.amount(terms.price, percent)
    if terms.kind == MethodKind.RESERVED:
        return terms.amount(terms.price * row.facts.expected_w / WATTS, percent)
    if not percent:
        return terms.amount(Decimal(0), percent)
    if result is None or result.starts_at is None or result.interval_s is None:
        return None
    saved = [a - b for a, b in zip(result.baseline_wh or [], result.metered_wh or [], strict=True)]
    prices = terms.prices(result.starts_at, result.interval_s, len(saved), row.program_event.time_zone)
    return terms.amount(energy_amount(saved, prices), percent)


def _kwh(result: MeasuredResult | None) -> Decimal | None:
    return None if result is None or result.saved_wh is None else Decimal(result.saved_wh) / WATTS

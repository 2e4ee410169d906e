"""What events brought customers: settled by approved runs, or preliminary by the newest measurement and prices."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Sum

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
Results = Mapping[ParticipationKey, MeasuredResult]


class Brought(NamedTuple):
    """What a participation brought: kWh if they are measured, an amount if a method pays for it; one of them is there.

    Amounts are of one currency: of methods and runs in several, those in the currency of the first.
    """

    kwh: Decimal | None
    amount: Decimal | None = None
    decimals: int = 2
    currency: str = ""
    is_settled: bool = False


class _Method(NamedTuple):
    method: SettlementMethod
    terms: Terms


def brought_by(rows: Sequence[ParticipationRow]) -> dict[ParticipationKey, Brought]:
    """What is known of each of these participations; those of which nothing is known are left out."""
    if not rows:
        return {}
    results = _results(rows)
    found = _settled(rows, results)
    methods = _methods(rows) if any(row.key not in found for row in rows) else []
    for row in rows:
        if row.key not in found and (brought := _preliminary(row, results.get(row.key), methods)):
            found[row.key] = brought
    return found


def _results(rows: Sequence[ParticipationRow]) -> Results:
    measurements = latest_measurements([row.program_event.pk for row in rows])
    events = {measurement: event for event, measurement in measurements.items()}
    if not events:
        return {}
    devices = [row.device.pk for row in rows]
    found = MeasuredResult.objects.filter(measurement_id__in=list(events), device_id__in=devices)
    return {ParticipationKey(events[one.measurement_id], one.device_id): one for one in found}


def _settled(rows: Sequence[ParticipationRow], results: Results) -> dict[ParticipationKey, Brought]:
    """What all approved runs came to."""
    events = [row.program_event.pk for row in rows]
    parts = SettlementPart.objects.filter(program_event__in=events, run__state__in=SETTLED_STATES)
    runs = {part.run_id: part.run for part in parts.select_related("run__method").order_by("run")}
    if not runs:
        return {}
    method = next(iter(runs.values())).method
    lines = SettlementLine.objects.filter(
        run_id__in=[pk for pk, run in runs.items() if run.method.currency == method.currency],
        program_event_id__in=events,
        subject_id__in=[row.device.pk for row in rows],
        left_out="",
    )
    sums = lines.values_list("program_event_id", "subject_id").annotate(amount=Sum("amount"))
    return {
        (key := ParticipationKey(event, device)): Brought(
            _kwh(results.get(key)), amount, method.decimals, method.currency, is_settled=True
        )
        for event, device, amount in sums
    }


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


def _preliminary(row: ParticipationRow, result: MeasuredResult | None, methods: Sequence[_Method]) -> Brought | None:
    kwh, event = _kwh(result), row.program_event
    holding = [one for one in methods if _holds(one.method, event)]
    due = [(one.terms, amount) for one in holding if (amount := _due(one.terms, row, result)) is not None]
    if not due:
        return None if kwh is None else Brought(kwh)
    terms = due[0][0]
    amount = sum((amount for other, amount in due if other.currency == terms.currency), Decimal(0))
    return Brought(kwh, amount, terms.decimals, terms.currency)


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

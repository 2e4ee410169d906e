"""What is to be settled, and what runs of settlement came to."""

import json
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet

from cpm.models.customers import Customer, Device, DeviceLocation, Subscription
from cpm.models.measuring import Measurement
from cpm.models.program_events import ProgramEvent
from cpm.models.settlement import PriceVersion, SettlementMethod
from cpm.models.settlement_runs import SettlementLine, SettlementRun, SettlementSum
from cpm.settlement import Hours, Terms
from integration.seam import sql
from integration.seam.sql import statement

from ..choices import LEFT_OUT_REASONS, SUBSCRIPTION_KINDS, MethodKind, SettlementState, SettlementSumOf

DAY = timedelta(days=1)
FIRST = (-1, 0)  # before all lines


class Progress(NamedTuple):
    """How many parts of a run are settled."""

    done: int
    all: int


class SeasonEvent(NamedTuple):
    """What an event of a season is worth to a device's line.

    `percent` is what its outcome earns, None without an outcome, for the reason `left_out`. `drop_kw` is the highest
    drop, times that; None if it is not measured, for the reason `unmeasured`. `counts` says whether it is of the top.
    """

    program_event: ProgramEvent
    code: str
    percent: Decimal | None
    left_out: str
    drop_kw: Decimal | None
    unmeasured: str
    counts: bool

    @property
    def reason(self) -> Any:
        """Why it has no outcome or no drop, in words."""
        why = self.left_out or self.unmeasured
        return LEFT_OUT_REASONS.get(why, why)


class LineRow(NamedTuple):
    """A line of a run with what it is about: a device's participation or season, or a subscription."""

    line: SettlementLine
    customer: Customer
    location: DeviceLocation
    program_event: ProgramEvent | None
    device: Device | None
    subscription: Subscription | None
    currency: str

    @property
    def reason(self) -> Any:
        """Why it is left out, in words; empty if it isn't."""
        return LEFT_OUT_REASONS.get(self.line.left_out, self.line.left_out)

    @property
    def about(self) -> str:
        """What it settles, as people call it."""
        if self.subscription:
            return f"{self.subscription.program} {self.subscription.pk}"
        return str(self.device)


def run_ids_to_reckon(now: datetime) -> QuerySet[SettlementRun, int]:
    """Runs whose lines are still to be reckoned."""
    return SettlementRun.objects.filter(state=SettlementState.COMPUTING).order_by("pk").values_list("pk", flat=True)


def program_events_of(program_id: int, starts_on: date, ends_on: date) -> list[int]:
    """The program events of a program that start on these days, each in its own time zone; in their order."""
    around = (
        datetime.combine(starts_on, time(), ZoneInfo("UTC")) - DAY,
        datetime.combine(ends_on, time(), ZoneInfo("UTC")) + 2 * DAY,
    )
    events = ProgramEvent.objects.filter(program_id=program_id, starts_at__range=around).order_by("starts_at", "pk")
    return [
        event.pk
        for event in events
        if starts_on <= event.starts_at.astimezone(ZoneInfo(event.time_zone)).date() <= ends_on
    ]


def latest_measurements(program_events: Sequence[int]) -> dict[int, int]:
    """The newest finished measurement of each of these program events that has one."""
    finished = Measurement.objects.filter(program_event__in=program_events, finished_at__isnull=False)
    return dict(finished.order_by("version").values_list("program_event_id", "pk"))


def terms_of(method: SettlementMethod, prices: PriceVersion, holidays: frozenset[date]) -> Terms:
    """The terms that a run of the method with these prices has now."""
    times = sorted(prices.times.all(), key=lambda one: (one.weekday, one.from_minute))
    return Terms(
        kind=MethodKind(method.kind),
        currency=method.currency,
        decimals=method.decimals,
        percents={str(code): percent for code, percent in method.percents.items()},
        top_percent=method.top_percent,
        least_days=method.least_days,
        price=prices.price,
        hours=[Hours(one.weekday, one.from_minute, one.until_minute, one.price) for one in times],
        holidays=holidays,
    )


def settlement_runs() -> QuerySet[SettlementRun]:
    return SettlementRun.objects.select_related("program", "method", "prices")


def progress_of(run: SettlementRun) -> Progress:
    return Progress(**run.parts.aggregate(done=Count("pk", filter=Q(is_settled=True)), all=Count("pk")))


def sums_of(run: SettlementRun) -> dict[str, list[SettlementSum]]:
    """The sums of a run by what they are of, the largest amount first."""
    found: dict[str, list[SettlementSum]] = {str(of).replace(" ", "_"): [] for of in SettlementSumOf.values}
    for one in run.sums.exclude(Q(name="") & ~Q(of=SettlementSumOf.OUTCOME)).order_by("-amount", "-left_out", "name"):
        found[one.of.replace(" ", "_")].append(one)
    return found


def lines_of_run(run: SettlementRun, *, after: tuple[int, int] = FIRST, limit: int, **wanted: Any) -> list[LineRow]:
    """Lines of a run after one (program event, subject), in their order."""
    event, subject = after
    beyond = Q(program_event_id__gt=event) | Q(program_event_id=event, subject_id__gt=subject)
    lines = SettlementLine.objects.filter(beyond, run_id=run.pk, program_event_id__gte=event, **wanted)
    return with_subjects(run, list(lines.order_by("program_event_id", "subject_id")[:limit]))


def with_subjects(run: SettlementRun, lines: Sequence[SettlementLine]) -> list[LineRow]:
    """Lines with what they are about."""
    customers = Customer.objects.in_bulk({line.customer_id for line in lines})
    locations = DeviceLocation.objects.in_bulk({line.location_id for line in lines})
    events = ProgramEvent.objects.in_bulk({line.program_event_id for line in lines} - {0})
    subjects = {line.subject_id for line in lines}
    is_of_subscriptions = run.method.kind in SUBSCRIPTION_KINDS
    devices = {} if is_of_subscriptions else Device.objects.in_bulk(subjects)
    subscriptions = Subscription.objects.select_related("program").in_bulk(subjects) if is_of_subscriptions else {}
    return [
        LineRow(
            line,
            customers[line.customer_id],
            locations[line.location_id],
            events.get(line.program_event_id),
            devices.get(line.subject_id),
            subscriptions.get(line.subject_id),
            run.method.currency,
        )
        for line in lines
    ]


def season_events(run: SettlementRun, terms: Terms, device_id: int) -> list[SeasonEvent]:
    """The events of a run of a season that a device was reserved for, in the order of their ids."""
    part = run.parts.get(program_event=None)
    params = {
        "program_events": [one["program_event_id"] for one in part.events],
        "measurements": json.dumps(part.events),
        "percents": json.dumps(dict(terms.percents)),
        "top_percent": terms.top_percent or 100,
        "device": device_id,
    }
    drops = statement("cpm", "settlement_drop_events", outcomes=statement("cpm", "settlement_outcomes"))
    rows = sql.rows(statement("cpm", "settlement_season_events", drops=drops), params)
    events = ProgramEvent.objects.in_bulk([row[0] for row in rows])
    return [SeasonEvent(events[row[0]], *row[1:]) for row in rows]


def settlement_methods() -> QuerySet[SettlementMethod]:
    return SettlementMethod.objects.select_related("program").order_by("program__name", "name")

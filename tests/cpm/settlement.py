"""Settlement to test with: methods, measurements as if the meters had said so, and runs taken through their states."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cpm import operations
from cpm.models import Device, Program, ProgramEvent, SettlementLine, SettlementMethod, SettlementRun
from cpm.models.measuring import MeasuredResult, Measurement
from cpm.operations.settlement_lines import reckon_settlement_run
from cpm.settlement import Hours
from integration.seam import clock
from integration.seam.loads import Partition

INTERVAL_S = 900
MADE_BY, REVIEWED_BY, APPROVED_BY = "pia", "paul", "petra"


def method(kind: str, price: str = "0.50", *, hours: Sequence[Hours] = (), **fields: Any) -> SettlementMethod:
    """A method of the program."""
    given = {"name": kind, "kind": kind, "currency": "USD", "starts_on": date(2020, 1, 1), **fields}
    return operations.add_settlement_method(
        program_id=Program.objects.get().pk, fields=given, price=Decimal(price), hours=hours, by=MADE_BY,
        now=clock.now(),
    )  # fmt: skip


def day_of(event: ProgramEvent) -> date:
    return event.starts_at.astimezone(ZoneInfo(event.time_zone)).date()


def measure(
    event: ProgramEvent, saved: Mapping[int, Sequence[int] | str], *, starts_at: datetime | None = None
) -> Measurement:
    """What the meters say of devices, by id: Wh saved per interval of 15 min, or why it is not measured."""
    starts_at = starts_at or event.starts_at
    made = Measurement.objects.create(
        program_event=event, version=event.measurements.count() + 1, asked_at=event.ends_at, asked_by="",
        starts_at=event.starts_at, ends_at=event.ends_at, rebound_until=event.ends_at + timedelta(hours=4),
        finished_at=event.ends_at, days=[day_of(event) - timedelta(days=1)],
    )  # fmt: skip
    partition = Partition("cpm_measuredresult", "measurement_id", made.pk)
    partition.create()
    partition.finish(("measurement_id", "device_id"))
    partition.attach()
    MeasuredResult.objects.bulk_create(_result(made, pk, found, starts_at) for pk, found in saved.items())
    return made


def _result(made: Measurement, device_id: int, found: Sequence[int] | str, starts_at: datetime) -> MeasuredResult:
    alike: dict[str, Any] = {
        "measurement_id": made.pk, "device_id": device_id, "is_capped": False, "days_used": 1,
        "location_id": Device.objects.get(pk=device_id).location_id,
        "days_busy": 0, "days_incomplete": 0,
    }  # fmt: skip
    if isinstance(found, str) and found != "preliminary":
        return MeasuredResult(**alike, status="not measured", reason=found)
    wh = [100] if isinstance(found, str) else list(found)
    return MeasuredResult(
        **alike, status="preliminary" if isinstance(found, str) else "measured", reason="", starts_at=starts_at,
        interval_s=INTERVAL_S, unadjusted_wh=[1000] * len(wh), baseline_wh=[1000] * len(wh),
        metered_wh=[1000 - one for one in wh], saved_wh=sum(wh), mean_w=sum(wh) * 4 // len(wh),
        highest_drop_w=max(wh) * 4,
    )  # fmt: skip


def make(of: SettlementMethod, first: date, last: date | None = None, *, by: str = MADE_BY) -> SettlementRun:
    """A run, with its lines."""
    prices = of.prices.latest("number")
    run = operations.make_settlement_run(
        method_id=of.pk, prices_id=prices.pk, starts_on=first, ends_on=last or first, by=by, now=clock.now()
    )
    while run.state == "Computing":
        reckon_settlement_run(run.pk, now=clock.now())
        run = SettlementRun.objects.get(pk=run.pk)
    return run


def approve(run: SettlementRun) -> SettlementRun:
    now = clock.now()
    operations.review_settlement_run(run_id=run.pk, revision=run.revision, by=REVIEWED_BY, now=now)
    operations.approve_settlement_run(
        run_id=run.pk, revision=run.revision + 1, amount=run.amount, by=APPROVED_BY, now=now
    )
    return SettlementRun.objects.get(pk=run.pk)


def lines(run: SettlementRun) -> dict[int, tuple[str | None, str]]:
    """The amount of each line and why it is left out, by its subject."""
    found = SettlementLine.objects.filter(run_id=run.pk).order_by("program_event_id", "subject_id")
    return {
        one.subject_id: (None if one.amount is None else f"{one.amount.normalize():f}", one.left_out) for one in found
    }

"""Reckoning the lines of a run in the database, part by part, in the background."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Sum

from cpm.models.settlement_runs import SettlementPart, SettlementRun
from cpm.settlement import Terms
from integration.seam import sql
from integration.seam.loads import Partition
from integration.seam.recorded import SYSTEM
from integration.seam.sql import Sql, compose, identifier, integer, statement

from ..choices import SUBSCRIPTION_KINDS, MethodKind, SettlementState
from .settlement_runs import lines_of, save_run

PRIMARY_KEY = ("run_id", "program_event_id", "subject_id")
LINES_AT_ONCE = 100_000  # about so many are reckoned in one transaction, so that progress is seen
_OF_INTERVALS = """
CASE WHEN r.interval_s = (%(intervals_s)s::integer[])[{n}] AND r.starts_at = (%(intervals_at)s::timestamptz[])[{n}]
     THEN {total} ELSE {others} END
"""
_QUANTITY = {MethodKind.EVENT: Sql("1"), MethodKind.RESERVED: Sql("(expected_w * 0.001)")}


@transaction.atomic
def reckon_settlement_run(run_id: int, *, now: datetime) -> None:
    """Reckon the next parts of a run; after the last one it is a draft. Repeated, it changes nothing."""
    run = SettlementRun.objects.select_for_update(no_key=True).get(pk=run_id)
    if run.state != SettlementState.COMPUTING:
        return
    sql.execute("SET LOCAL TIME ZONE 'UTC'; SET LOCAL enable_nestloop = off")  # most of both sides are read
    lines, reckoned = lines_of(run), 0
    lines.create()
    waiting = run.parts.filter(is_settled=False).select_related("program_event").order_by("pk")
    for part in waiting:
        reckoned += _settle(run, part, lines)
        if reckoned >= LINES_AT_ONCE:
            break
    if not run.parts.filter(is_settled=False).exists():
        _finish(run, lines, now)


def _settle(run: SettlementRun, part: SettlementPart, lines: Partition) -> int:
    """Add the lines of a part; returns how many."""
    terms = Terms.of_json(run.terms)
    part.prices = _interval_prices(part, terms)
    prices = sorted({price for one in part.prices for price in one["prices"]})
    params = _params(run, part, terms) | {"prices": prices}
    due = statement("cpm", "settlement_due", found=_found(terms.kind, _priced(part.prices, prices)))
    if run.corrects:
        due = statement("cpm", "settlement_difference", due=due)
    digest = statement("cpm", "settlement_digest")
    settle = statement("cpm", "settle_part", table=identifier(lines.table), due=due, digest=digest)
    part.lines, part.left_out, part.amount = sql.row(settle, params)
    part.is_settled = True
    part.save(update_fields=["prices", "is_settled", "lines", "left_out", "amount"])
    return part.lines + part.left_out


def _params(run: SettlementRun, part: SettlementPart, terms: Terms) -> dict[str, Any]:
    events = [one["program_event_id"] for one in part.events]
    return {
        "run": run.pk,
        "corrects": run.corrects,
        "decimals": terms.decimals,
        "program_event": part.program_event_id or 0,
        "program_events": events or [part.program_event_id],
        "measurement": part.measurement_id,
        "measurements": json.dumps(part.events),
        "intervals_s": [one["interval_s"] for one in part.prices],
        "intervals_at": [one["starts_at"] for one in part.prices],
        "percents": json.dumps(dict(terms.percents)),
        "top_percent": terms.top_percent,
        "least_days": terms.least_days,
        "price": terms.price,
        "kind": str(terms.kind),
        "program": run.program_id,
        "starts_on": run.starts_on,
        "ends_on": run.ends_on,
    }


def _found(kind: MethodKind, priced: Sql) -> Sql:
    """The query that finds what there is to settle."""
    if kind in SUBSCRIPTION_KINDS:
        return statement("cpm", "settlement_subscriptions")
    if kind == MethodKind.REPAIR:
        return statement("cpm", "settlement_repairs")
    outcomes = statement("cpm", "settlement_outcomes")
    if kind == MethodKind.ENERGY:
        return statement("cpm", "settlement_energy", outcomes=outcomes, priced=priced)
    if kind == MethodKind.SEASON:
        return statement("cpm", "settlement_season", outcomes=outcomes)
    if kind == MethodKind.DROP:
        return statement("cpm", "settlement_drops", drops=statement("cpm", "settlement_drop_events", outcomes=outcomes))
    return statement("cpm", "settlement_flat", outcomes=outcomes, quantity=_QUANTITY[kind])


def _interval_prices(part: SettlementPart, terms: Terms) -> list[dict[str, Any]]:
    """The prices of the intervals that the results of a part have."""
    if terms.kind != MethodKind.ENERGY or part.measurement_id is None or part.program_event is None:
        return []
    found = sql.rows(statement("cpm", "settlement_intervals"), [part.measurement_id])
    zone = part.program_event.time_zone
    return [
        {
            "interval_s": interval_s,
            "starts_at": starts_at.isoformat(),
            "prices": [str(price) for price in terms.prices(starts_at, interval_s, intervals, zone)],
        }
        for interval_s, starts_at, intervals in found
    ]


def _priced(intervals: Sequence[Mapping[str, Any]], prices: Sequence[str]) -> Sql:
    """The sum of a result's Wh times their prices, as an expression over its arrays.

    Written out, since adding up a million small arrays by a subquery each takes several times as long. Intervals of
    one price are added first: numeric is slow.
    """
    found = compose("NULL::numeric")
    for number, one in enumerate(intervals, 1):
        total = compose("0")
        for price in dict.fromkeys(one["prices"]):
            wh = compose("0")
            for place, of_place in enumerate(one["prices"], 1):
                if of_place == price:
                    wh = compose("{wh} + r.baseline_wh[{n}]::bigint - r.metered_wh[{n}]", wh=wh, n=integer(place))
            number_of_price = integer(prices.index(price) + 1)
            times = "{total} + ({wh}) * (%(prices)s::numeric[])[{price}]"
            total = compose(times, total=total, wh=wh, price=number_of_price)
        found = compose(_OF_INTERVALS, n=integer(number), total=total, others=found)
    return found


def _finish(run: SettlementRun, lines: Partition, now: datetime) -> None:
    """Add the lines up, make them visible, and the run a draft."""
    table = identifier(lines.table)
    lines.finish(PRIMARY_KEY)
    totals = run.parts.aggregate(lines=Sum("lines"), left_out=Sum("left_out"), amount=Sum("amount"))
    run.lines, run.left_out, run.amount = totals["lines"], totals["left_out"], totals["amount"]
    is_of_devices = run.terms["kind"] not in SUBSCRIPTION_KINDS
    sql.execute(statement("cpm", "settlement_sums", table=table), {"run": run.pk, "is_of_devices": is_of_devices})
    sql.execute("SET LOCAL enable_sort = off")  # the new key has this order
    run.lines_sha256 = sql.value(statement("cpm", "settlement_seal", table=table), {"run": run.pk})
    sql.execute("SET LOCAL enable_sort TO DEFAULT")
    run.finish()
    save_run(run, SettlementState.COMPUTING, SYSTEM(), now)
    lines.attach()

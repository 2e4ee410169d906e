"""Files of a settlement run: statements of customers, a line each or an interval each, and kW drops."""

from typing import Any

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cpm.models.settlement_runs import SettlementRun
from integration.pages.access import allow
from integration.pages.exports import PAGE, Listing, export, listing
from integration.pages.http import SignedInRequest

from .. import operations
from ..choices import SETTLED_STATES
from ..pages.settlement import StatementRow, statement_rows
from ..queries.kw_drops import HEADER, Drops, events_named, kw_drops, measurements_of, most_intervals
from ..queries.settlement import FIRST, LineRow, lines_of_run, settlement_runs
from ..settlement_columns import SETTLEMENT_INTERVALS, SETTLEMENT_LINES
from .settlement import SEE


@require_safe
@allow(SEE)
def settlement_export(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """What customers are paid by an approved run, a line each, for billing."""
    run = _settled(pk)

    def next_page(last: LineRow | None) -> list[LineRow]:
        after = (last.line.program_event_id, last.line.subject_id) if last else FIRST
        return lines_of_run(run, after=after, limit=PAGE, left_out="")

    columns = SETTLEMENT_LINES.in_file(request.user)
    return export(request, listing(f"settlement-{run}", columns, next_page, lambda most: min(most, run.lines)))


@require_safe
@allow(SEE)
def settlement_intervals(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """What customers are paid by an approved run, a row for each interval of each line; one for a line without any."""
    run = _settled(pk)

    def next_page(last: StatementRow | None) -> list[StatementRow]:
        after = (last.row.line.program_event_id, last.row.line.subject_id) if last else FIRST
        return statement_rows(run, lines_of_run(run, after=after, limit=PAGE, left_out=""))

    columns = SETTLEMENT_INTERVALS.in_file(request.user)
    most = most_intervals(measurements_of(run)) or 1
    name = f"settlement-{run}-intervals"
    return export(request, listing(name, columns, next_page, lambda wanted: min(wanted, run.lines * most)))


@require_safe
@allow(SEE)
def settlement_kw_drops(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """What the devices of a run dropped by interval, in the reference system's layout; an empty cell is missing."""
    run = get_object_or_404(settlement_runs(), pk=pk)
    measurements = measurements_of(run)
    intervals, events, program = most_intervals(measurements), events_named(run), run.program.code

    def next_page(last: Drops | None) -> list[Drops]:
        return kw_drops(measurements, after=last, limit=PAGE)

    def cells(row: Drops) -> list[Any]:
        kw = [*row.kw(), *[None] * intervals][:intervals]
        highest = None if row.highest_w is None else row.highest_w / 1000
        times = [row.starts_at.isoformat(), row.ends_at.isoformat()]
        return [events[row.program_event_id], program, row.service_point, *times, row.interval_s, highest, *kw]

    header = [*HEADER, *(f"KwDrop{number}" for number in range(1, intervals + 1))]
    return export(request, Listing(f"kw-drops-{run}", header, next_page, lambda most: most, cells))


def _settled(pk: int) -> SettlementRun:
    run = get_object_or_404(settlement_runs(), pk=pk)
    if run.state not in SETTLED_STATES:
        raise operations.RunNotAllowed(_("%(run)s is not approved; only approved runs are given out.") % {"run": run})
    return run

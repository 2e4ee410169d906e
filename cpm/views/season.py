"""What a program's events of a season saved, by their meters."""

from datetime import date, timedelta

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from cpm.choices import SumOf
from cpm.models.programs import Program
from integration.pages.access import allow
from integration.pages.exports import export, listing
from integration.pages.http import SignedInRequest
from integration.seam import clock

from ..pages.measured_lines import SEASON, SEASON_GROUPS
from ..queries.measured import MeasuredStage, season, season_half_width, totals_of
from ..queries.season import SeasonSum, paid_for, season_sums

GROUPS = (SumOf.SEGMENT, SumOf.HEAD_END, SumOf.DEVICE_CLASS, SumOf.FEEDER)
GROUPS_SHOWN = 20  # of a kind; a program may have thousands of feeders
DAY = "day"  # a day of the season that is shown; without it, today


@require_safe
@allow("cpm.view_programevent")
def program_season(request: SignedInRequest, code: str) -> HttpResponse:
    """The stages of a program in the season that a day is in."""
    program = get_object_or_404(Program, code=code)
    begins, ends, stages = _season(request, program)
    measured = [stage for stage in stages if stage.measurement]
    totals = totals_of(measured)
    context = {
        "program": program,
        "begins": begins,
        "last_day": ends - timedelta(days=1),
        "stages": stages,
        "totals": totals,
        "paid": paid_for(program.pk, begins, ends, totals.saved_wh),
        "groups": _groups(measured),
        "half_width_wh": season_half_width(measured),
        "measured": len(measured),
        "events": len({stage.event.event_uid for stage in stages}),
    }
    return render(request, "cpm/season.html", context)


@require_safe
@allow("cpm.view_programevent")
def program_season_export(request: SignedInRequest, code: str) -> HttpResponseBase:
    """The same stages as a file."""
    _begins, _ends, stages = _season(request, get_object_or_404(Program, code=code))
    columns = SEASON.in_file(request.user)

    def next_page(last: MeasuredStage | None) -> list[MeasuredStage]:
        return [] if last else stages

    return export(request, listing(f"season-{code}", columns, next_page, lambda most: min(most, len(stages))))


@require_safe
@allow("cpm.view_programevent")
def program_season_groups(request: SignedInRequest, code: str) -> HttpResponseBase:
    """The sums of every group as a file; the page shows the first of them."""
    _begins, _ends, stages = _season(request, get_object_or_404(Program, code=code))
    sums = [one for of in GROUPS for one in season_sums(stages, of)]
    columns = SEASON_GROUPS.in_file(request.user)

    def next_page(last: SeasonSum | None) -> list[SeasonSum]:
        return [] if last else sums

    return export(request, listing(f"season-groups-{code}", columns, next_page, lambda most: min(most, len(sums))))


def _groups(measured: list[MeasuredStage]) -> list[tuple[str, list[SeasonSum], int]]:
    """Each kind of group with its first sums, and how many there are."""
    kinds = [(str(of.label), season_sums(measured, of)) for of in GROUPS]
    return [(label, sums[:GROUPS_SHOWN], len(sums)) for label, sums in kinds]


def _season(request: SignedInRequest, program: Program) -> tuple[date, date, list[MeasuredStage]]:
    """The season as [first day, day after the last), and its stages."""
    day = _day(request.GET.get(DAY, "")) or clock.now().date()
    begins, ends = program.rules_on(day).season(day)
    return begins, ends, season(program.pk, begins, ends)


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None

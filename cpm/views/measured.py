"""What the meters say of an event: the report, its lines as a file, and measuring again."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from cpm.choices import SumOf
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.confirm import confirm
from integration.pages.exports import PAGE, export, listing
from integration.pages.http import SignedInRequest
from integration.pages.moments import show_in
from integration.seam import clock

from .. import operations
from ..pages.measured import distribution_bars, hours_picture, method_sentences, out_sentences, profile_picture
from ..pages.measured_lines import MEASURED_LINES
from ..queries.measured import Line, MeasuredStage, event_hours, lines, measured_stages, totals_of

GROUPS = (SumOf.SEGMENT, SumOf.HEAD_END, SumOf.DEVICE_CLASS, SumOf.FEEDER)


@require_safe
@allow("cpm.view_programevent")
@vary_on_headers("HX-Request")
def measured_event(request: SignedInRequest, event_number: str) -> HttpResponse:
    """The measured report of an event; it refreshes itself while a stage is being measured."""
    stages = _stages(event_number)
    first = stages[0].event
    show_in(first.time_zone)
    hours = event_hours(stages)
    context = {
        "event": first,
        "stages": [_shown(stage) for stage in stages],
        "under_way": [stage.under_way for stage in stages if stage.under_way],
        "is_measured": any(stage.measurement for stage in stages),
        "totals": totals_of(stages),
        "hours": hours,
        "hours_picture": hours_picture(hours, first.time_zone),
    }
    template = "cpm/measured.html"
    return render(request, f"{template}#report" if request.htmx else template, context)


@ACTING
@allow("cpm.change_program")
@acts_once
def measured_again(request: SignedInRequest, event_number: str) -> HttpResponse:
    """Have the stages of an event measured by the readings that are there now."""
    stages = _stages(event_number)
    ready = [stage.event for stage in stages if operations.is_over(stage.event) and not stage.under_way]
    if request.method == "POST" and ready:
        for event in ready:
            operations.ask_measurement(event, by=request.user.username, now=clock.now())
        messages.success(request, _("The stages are being measured; this page shows how far it is."))
        return redirect("cpm:measured_event", event_number)
    return confirm(
        request,
        title=_("Measure %(event)s") % {"event": event_number},
        act=_("Measure"),
        keep=_("Keep what was measured"),
        keep_url=f"/program-events/{event_number}/measured/",
        consequences=[
            _("Each stage that is over gets a new version of its results, by the readings that are there now."),
            _("Earlier versions, and what was settled by them, stay as they are."),
        ],
        impossible="" if ready else _("No stage is over with its outcomes loaded, or all are being measured already."),
    )


@require_safe
@allow("cpm.view_participation")
def measured_export(request: SignedInRequest, event_number: str, stage_number: int) -> HttpResponseBase:
    """The latest results of a stage, a line for each participation."""
    stage = next((one for one in _stages(event_number) if one.event.stage_number == stage_number), None)
    if stage is None or stage.measurement is None:
        raise Http404(_("Nothing was measured of stage %(stage)s.") % {"stage": stage_number})
    measurement = stage.measurement

    def next_page(last: Line | None) -> list[Line]:
        return lines(measurement, after=last.device_id if last else 0, limit=PAGE)

    name = f"measured-{event_number}-{stage_number}"
    columns = MEASURED_LINES.in_file(request.user)
    return export(request, listing(name, columns, next_page, lambda most: min(most, measurement.participations)))


def _stages(event_number: str) -> list[MeasuredStage]:
    if stages := measured_stages(event_number):
        return stages
    raise Http404(_("There is no program event %(number)s.") % {"number": event_number})


def _shown(stage: MeasuredStage) -> dict[str, Any]:
    """What the page shows of a stage."""
    measurement, rule = stage.measurement, stage.rule
    if measurement is None or rule is None:
        return {"event": stage.event, "measurement": None}
    return {
        "event": stage.event,
        "measurement": measurement,
        "rule": rule,
        "total": stage.total,
        "groups": [(of.label, stage.sums_of(of)) for of in GROUPS],
        "profile": profile_picture(measurement, stage.event.time_zone),
        "bars": distribution_bars(measurement),
        "method": method_sentences(rule, measurement),
        "out": out_sentences(measurement.days_out),
    }

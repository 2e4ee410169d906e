"""A program over time: rules of certain days, entered ahead, and suspending it."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cpm.models.programs import Program
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.confirm import confirm
from integration.pages.editing import VERSION, Editing, seen_version
from integration.pages.http import SignedInRequest
from integration.pages.numbers import count_text
from integration.seam import clock
from integration.seam.dated_rules import DatedRules

from .. import operations
from ..forms import RuleDaysForm, RulesForm, SuspendForm
from ..queries import scheduled_stages

CHANGE = "cpm.change_program"


@ACTING
@allow(CHANGE)
@acts_once
def dated_rules_new(request: SignedInRequest, code: str) -> HttpResponse:
    """Rules of next season: those of the last one, a year later, to be changed."""
    program = get_object_or_404(Program, code=code)
    return _rules_page(request, program, None, _a_year_later(program))


@ACTING
@allow(CHANGE)
@acts_once
def dated_rules_edit(request: SignedInRequest, code: str, day: str) -> HttpResponse:
    program = get_object_or_404(Program, code=code)
    dated = _dated(program, day)
    return _rules_page(request, program, dated.effective_on, _initial(dated))


@ACTING
@allow(CHANGE)
@acts_once
def dated_rules_remove(request: SignedInRequest, code: str, day: str) -> HttpResponse:
    """Remove the rules of certain days; others hold for these days then."""
    program = get_object_or_404(Program, code=code)
    dated = _dated(program, day)
    if request.method == "POST":
        operations.remove_dated_rules(
            program_id=program.pk,
            effective_on=dated.effective_on,
            by=request.user.username,
            now=clock.now(),
            version=seen_version(request.POST, program),
        )
        messages.success(request, _("The rules from %(day)s on are removed.") % {"day": dated.effective_on})
        return redirect("cpm:program", code)
    return confirm(
        request,
        title=_("Remove the rules of %(program)s from %(day)s on?") % {"program": program, "day": dated.effective_on},
        consequences=[_("Stages that are chosen from now on follow the rules that hold without them.")],
        hidden=[(VERSION, str(program.version))],
        act=_("Remove the rules"),
        keep=_("Keep them"),
        keep_url=reverse("cpm:program", args=[code]),
    )


@ACTING
@allow(CHANGE)
@acts_once
def program_suspend(request: SignedInRequest, code: str) -> HttpResponse:
    """Suspend a program, and say whether its scheduled stages keep their devices."""
    program = get_object_or_404(Program, code=code)
    form = SuspendForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        operations.suspend_program(
            program_id=program.pk,
            releases_devices=form.cleaned_data["releases_devices"],
            by=request.user.username,
            now=clock.now(),
            version=seen_version(request.POST, program),
        )
        messages.success(request, _("%(program)s is suspended.") % {"program": program})
        return redirect("cpm:program", code)
    stages, devices = scheduled_stages(program)
    return confirm(
        request,
        title=_("Suspend %(program)s?") % {"program": program},
        consequences=[
            _("No event chooses its devices until it is resumed. Customers stay enrolled."),
            ngettext(
                "%(stages)s scheduled stage holds %(devices)s of its devices.",
                "%(stages)s scheduled stages hold %(devices)s of its devices.",
                stages,
            )
            % {"stages": count_text(stages), "devices": count_text(devices)},
        ],
        hidden=[(VERSION, str(program.version))],
        impossible=_("%(program)s is suspended already.") % {"program": program} if program.suspended else "",
        form=form,
        act=_("Suspend"),
        keep=_("Don't suspend it"),
        keep_url=reverse("cpm:program", args=[code]),
    )


@ACTING
@allow(CHANGE)
@acts_once
def program_resume(request: SignedInRequest, code: str) -> HttpResponse:
    program = get_object_or_404(Program, code=code)
    if request.method == "POST":
        version = seen_version(request.POST, program)
        operations.resume_program(program_id=program.pk, by=request.user.username, now=clock.now(), version=version)
        messages.success(request, _("%(program)s is resumed.") % {"program": program})
        return redirect("cpm:program", code)
    return confirm(
        request,
        title=_("Resume %(program)s?") % {"program": program},
        consequences=[_("Events may choose its devices again. Stages that were canceled stay canceled.")],
        hidden=[(VERSION, str(program.version))],
        impossible="" if program.suspended else _("%(program)s isn't suspended.") % {"program": program},
        act=_("Resume"),
        keep=_("Leave it suspended"),
        keep_url=reverse("cpm:program", args=[code]),
    )


def _rules_page(
    request: SignedInRequest, program: Program, replaces: date | None, initial: dict[str, Any]
) -> HttpResponse:
    def make(typed: QueryDict | None, row: Program | None) -> list[Any]:
        stored = (
            next((_initial(one) for one in row.dated_rules if one.effective_on == replaces), initial) if row else {}
        )
        return [RuleDaysForm(typed, initial=stored), RulesForm(typed, initial=stored)]

    def save(version: int | None) -> None:
        days, rules = editing.forms
        operations.save_dated_rules(
            program_id=program.pk,
            replaces=replaces,
            dated=DatedRules(**days.cleaned_data, rules=rules.rules),
            by=request.user.username,
            now=clock.now(),
            version=version,
        )

    editing = Editing(request, program, make)
    if editing.is_valid() and editing.is_saved(save):
        day = editing.forms[0].cleaned_data["effective_on"]
        messages.success(request, _("The rules from %(day)s on are saved.") % {"day": day})
        return redirect("cpm:program", program.code)
    days, rules = editing.forms
    context = {"program": editing.row, "days": days, "rules": rules, "editing": editing, "replaces": replaces}
    return render(request, "cpm/dated_rules.html", context, status=editing.status)


def _dated(program: Program, day: str) -> DatedRules:
    found = next((one for one in program.dated_rules if str(one.effective_on) == day), None)
    if found is None:
        raise Http404(_("No rules of this program take effect on %(day)s.") % {"day": day})
    return found


def _initial(dated: DatedRules) -> dict[str, Any]:
    return {"effective_on": dated.effective_on, "expires_on": dated.expires_on, **dated.rules.model_dump()}


def _a_year_later(program: Program) -> dict[str, Any]:
    """The latest rules, with the days of a year later; the program's own ones have no days."""
    latest = next(reversed(program.dated_rules), None)
    if latest is None:
        return program.rules.model_dump()
    days = {"effective_on": latest.effective_on, "expires_on": latest.expires_on}
    return {**_initial(latest), **{name: day and _next_year(day) for name, day in days.items()}}


def _next_year(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + 1, day=28 if is_leap_day else day.day)

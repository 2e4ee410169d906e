"""Programs: the list, Program Configuration and Program Type Configuration."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cpm.models.programs import Program, ProgramType
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.editing import Editing
from integration.pages.http import SignedInRequest
from integration.pages.limit_uses import LIMIT_USES
from integration.seam import clock

from .. import operations
from ..columns import DATED_RULES, PROGRAM_TYPES, PROGRAMS
from ..forms import ProgramForm, ProgramTypeForm, RulesForm
from ..queries import program_changes, program_type_changes, programs_with_use, uses_of_limits


@require_safe
@allow("cpm.view_program")
def program_list(request: SignedInRequest) -> HttpResponse:
    context = {
        "programs": programs_with_use(),
        "program_columns": PROGRAMS,
        "types": ProgramType.objects.order_by("name"),
        "type_columns": PROGRAM_TYPES,
    }
    return render(request, "cpm/program_list.html", context)


@ACTING
@allow("cpm.change_program")
@acts_once
def program(request: SignedInRequest, code: str) -> HttpResponse:
    """Program Configuration; changed rules are sent to DERMS."""
    found = get_object_or_404(Program.objects.select_related("type"), code=code)

    def save(version: int | None) -> None:
        form, rules = editing.forms
        operations.save_program(
            program_id=found.pk,
            fields=form.cleaned_data,
            rules=rules.rules,
            by=request.user.username,
            now=clock.now(),
            version=version,
        )

    editing = Editing(request, found, program_forms)
    if editing.is_valid() and editing.is_saved(save):
        messages.success(request, _("“%(name)s” is saved.") % {"name": editing.forms[0].cleaned_data["name"]})
        return redirect("cpm:program", code)
    form, rules = editing.forms
    zone, uses = uses_of_limits(found, clock.now())
    context = {"program": editing.row, "form": form, "rules": rules, "changes": program_changes(found)}
    context |= {
        "dated_columns": DATED_RULES,
        "uses": uses,
        "limit_columns": LIMIT_USES,
        "zone": zone,
        "editing": editing,
    }
    return render(request, "cpm/program.html", context, status=editing.status)


def program_forms(typed: QueryDict | None, program: Program | None) -> list[Any]:
    rules = program.rules.model_dump() if program else None
    return [ProgramForm(typed, instance=program), RulesForm(typed, initial=rules)]


@ACTING
@allow("cpm.change_program")
@acts_once
def program_type(request: SignedInRequest, code: str) -> HttpResponse:
    """Program Type Configuration: Event Opt Out Parameters."""
    found = get_object_or_404(ProgramType, code=code)

    def save(version: int | None) -> None:
        operations.save_program_type(
            program_type_id=found.pk,
            fields=editing.forms[0].cleaned_data,
            by=request.user.username,
            now=clock.now(),
            version=version,
        )

    editing = Editing(request, found, lambda typed, row: [ProgramTypeForm(typed, instance=row)])
    if editing.is_valid() and editing.is_saved(save):
        messages.success(request, _("“%(name)s” is saved.") % {"name": editing.forms[0].cleaned_data["name"]})
        return redirect("cpm:program_type", code)
    context = {
        "program_type": editing.row,
        "form": editing.forms[0],
        "editing": editing,
        "programs": found.programs.order_by("name"),
        "changes": program_type_changes(found),
    }
    return render(request, "cpm/program_type.html", context, status=editing.status)

"""Programs: the list, Program Configuration and Program Type Configuration."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cpm.models.programs import Program, ProgramType
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.http import SignedInRequest
from integration.pages.limit_uses import LIMIT_USES
from integration.seam import clock

from .. import operations
from ..columns import PROGRAM_TYPES, PROGRAMS
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
    given = request.POST if request.method == "POST" else None
    form = ProgramForm(given, instance=found)
    rules = RulesForm(given, initial=found.rules.model_dump())
    if request.method == "POST" and all([form.is_valid(), rules.is_valid()]):
        operations.save_program(
            program_id=found.pk, fields=form.cleaned_data, rules=rules.rules, by=request.user.username
        )
        messages.success(request, _("“%(name)s” is saved.") % {"name": form.cleaned_data["name"]})
        return redirect("cpm:program", code)
    has_errors = bool(form.errors or rules.errors)
    zone, uses = uses_of_limits(found, clock.now())
    context = {"program": found, "form": form, "rules": rules, "changes": program_changes(found)}
    context |= {"uses": uses, "limit_columns": LIMIT_USES, "zone": zone}
    return render(request, "cpm/program.html", context, status=422 if has_errors else 200)


@ACTING
@allow("cpm.change_program")
@acts_once
def program_type(request: SignedInRequest, code: str) -> HttpResponse:
    """Program Type Configuration: Event Opt Out Parameters."""
    found = get_object_or_404(ProgramType, code=code)
    form = ProgramTypeForm(request.POST if request.method == "POST" else None, instance=found)
    if request.method == "POST" and form.is_valid():
        operations.save_program_type(program_type_id=found.pk, fields=form.cleaned_data, by=request.user.username)
        messages.success(request, _("“%(name)s” is saved.") % {"name": form.cleaned_data["name"]})
        return redirect("cpm:program_type", code)
    context = {
        "program_type": found,
        "form": form,
        "programs": found.programs.order_by("name"),
        "changes": program_type_changes(found),
    }
    return render(request, "cpm/program_type.html", context, status=422 if form.errors else 200)

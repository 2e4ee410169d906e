"""Making programs and program types."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cpm.models.programs import Program, ProgramType
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.editing import Editing
from integration.pages.http import SignedInRequest
from integration.seam import clock

from .. import operations
from ..forms import ProgramTypeForm
from .programs import program_forms


@ACTING
@allow("cpm.change_program")
@acts_once
def program_new(request: SignedInRequest) -> HttpResponse:
    """A new program; its dated rules follow on its page."""
    editing = Editing[Program](request, None, program_forms)
    form, rules = editing.forms
    if editing.is_valid():
        fields = dict(form.cleaned_data)
        code = fields.pop("code")
        given = {"code": code, "fields": fields, "rules": rules.rules}
        operations.add_program(**given, by=request.user.username, now=clock.now())
        messages.success(request, _("“%(name)s” is saved.") % {"name": fields["name"]})
        return redirect("cpm:program", code)
    context = {"form": form, "rules": rules, "editing": editing}
    return render(request, "cpm/program.html", context, status=editing.status)


@ACTING
@allow("cpm.change_program")
@acts_once
def program_type_new(request: SignedInRequest) -> HttpResponse:
    """A new program type."""
    editing = Editing[ProgramType](request, None, lambda typed, row: [ProgramTypeForm(typed, instance=row)])
    (form,) = editing.forms
    if editing.is_valid():
        fields = dict(form.cleaned_data)
        code = fields.pop("code")
        operations.add_program_type(code=code, fields=fields, by=request.user.username, now=clock.now())
        messages.success(request, _("“%(name)s” is saved.") % {"name": fields["name"]})
        return redirect("cpm:program_list")
    return render(request, "cpm/program_type.html", {"form": form, "editing": editing}, status=editing.status)

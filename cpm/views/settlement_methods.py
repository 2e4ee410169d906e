"""Methods of settlement and the versions of their prices."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from cpm.models.programs import Program
from cpm.models.settlement import SettlementMethod
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.editing import Editing
from integration.pages.http import SignedInRequest
from integration.pages.object_log import object_log
from integration.seam import clock

from .. import operations
from ..forms import MethodForm, PriceForm
from ..queries.settlement import settlement_methods
from ..settlement_columns import SETTLEMENT_METHODS

CHANGE = "cpm.change_settlementmethod"


@ACTING
@allow(CHANGE)
def settlement_method_list(request: SignedInRequest) -> HttpResponse:
    """All methods, and the programs that may get one."""
    context = {
        "columns": SETTLEMENT_METHODS,
        "methods": settlement_methods(),
        "programs": Program.objects.order_by("name"),
    }
    return render(request, "cpm/settlement_method_list.html", context)


@ACTING
@allow(CHANGE)
@acts_once
def settlement_method_new(request: SignedInRequest, code: str) -> HttpResponse:
    """A method of a program with its first prices."""
    program = get_object_or_404(Program, code=code)

    def forms(typed: QueryDict | None, row: SettlementMethod | None) -> list[Any]:
        return [MethodForm(typed, instance=row), PriceForm(typed)]

    editing = Editing[SettlementMethod](request, None, forms)
    form, prices = editing.forms
    if editing.is_valid():
        operations.add_settlement_method(
            program_id=program.pk,
            fields=form.cleaned_data,
            price=prices.cleaned_data["price"],
            note=prices.cleaned_data["note"],
            hours=prices.hours,
            by=request.user.username,
            now=clock.now(),
        )
        messages.success(request, _("“%(name)s” is saved.") % {"name": form.cleaned_data["name"]})
        return redirect("cpm:settlement_method_list")
    context = {"program": program, "form": form, "prices": prices, "editing": editing}
    return render(request, "cpm/settlement_method.html", context, status=editing.status)


@ACTING
@allow(CHANGE)
@acts_once
def settlement_method(request: SignedInRequest, pk: int) -> HttpResponse:
    """A method: runs that are made already keep what they pay by."""
    found = get_object_or_404(SettlementMethod.objects.select_related("program"), pk=pk)

    def save(version: int | None) -> None:
        given = editing.forms[0].cleaned_data
        operations.save_settlement_method(
            method_id=found.pk, fields=given, by=request.user.username, now=clock.now(), version=version
        )

    editing = Editing(request, found, lambda typed, row: [MethodForm(typed, instance=row)])
    if editing.is_valid() and editing.is_saved(save):
        messages.success(request, _("“%(name)s” is saved.") % {"name": editing.forms[0].cleaned_data["name"]})
        return redirect("cpm:settlement_method", pk)
    context = {
        "program": found.program,
        "method": editing.row,
        "form": editing.forms[0],
        "editing": editing,
        "versions": found.prices.prefetch_related("times").order_by("-number"),
        "log": object_log("settlement method", object=str(found.pk)),
    }
    return render(request, "cpm/settlement_method.html", context, status=editing.status)


@ACTING
@allow(CHANGE)
@acts_once
def settlement_prices_new(request: SignedInRequest, pk: int) -> HttpResponse:
    """The next version of a method's prices."""
    found = get_object_or_404(SettlementMethod.objects.select_related("program"), pk=pk)

    def save(version: int | None) -> None:
        form = editing.forms[0]
        operations.add_prices(
            method_id=found.pk,
            price=form.cleaned_data["price"],
            note=form.cleaned_data["note"],
            hours=form.hours,
            by=request.user.username,
            now=clock.now(),
            version=version,
        )

    editing = Editing(request, found, lambda typed, row: [PriceForm(typed)])
    if editing.is_valid() and editing.is_saved(save):
        messages.success(request, _("The prices are saved. Runs that are made from now on may use them."))
        return redirect("cpm:settlement_method", pk)
    context = {"method": found, "prices": editing.forms[0], "editing": editing}
    return render(request, "cpm/settlement_prices.html", context, status=editing.status)

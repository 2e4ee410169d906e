"""Pages of the four event types and their parameters."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.http import SignedInRequest

from .. import operations
from ..columns import EVENT_TYPES
from ..forms import EventTypeForm
from ..models import EventType


@require_safe
@allow("derms.change_eventtype")
def event_type_list(request: SignedInRequest) -> HttpResponse:
    return render(
        request, "derms/event_type_list.html", {"types": EventType.objects.order_by("category"), "columns": EVENT_TYPES}
    )


@ACTING
@allow("derms.change_eventtype")
@acts_once
def event_type_edit(request: SignedInRequest, category: str) -> HttpResponse:
    found = get_object_or_404(EventType, category=category)
    form = EventTypeForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        operations.save_event_type(category=category, fields=form.cleaned_data)
        messages.success(request, _("“%(type)s” is saved.") % {"type": category})
        return redirect("derms:event_type_list")
    context = {"type": found, "form": form}
    return render(request, "derms/event_type_form.html", context, status=422 if form.errors else 200)

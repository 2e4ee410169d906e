"""Pages of the four event types and their parameters."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.editing import Editing
from integration.pages.http import SignedInRequest
from integration.seam import clock

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

    def save(version: int | None) -> None:
        operations.save_event_type(
            category=category,
            fields=editing.forms[0].cleaned_data,
            by=request.user.username,
            now=clock.now(),
            version=version,
        )

    editing = Editing(request, found, lambda typed, row: [EventTypeForm(typed, instance=row)])
    if editing.is_valid() and editing.is_saved(save):
        messages.success(request, _("“%(type)s” is saved.") % {"type": category})
        return redirect("derms:event_type_list")
    context = {"type": editing.row, "form": editing.forms[0], "editing": editing}
    return render(request, "derms/event_type_form.html", context, status=editing.status)

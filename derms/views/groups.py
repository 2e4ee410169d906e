"""Pages of DER groups: their criteria and their devices."""

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.editing import Editing
from integration.pages.exports import PAGE as EXPORT_PAGE
from integration.pages.exports import export, listing
from integration.pages.http import SignedInRequest
from integration.pages.keyset import SIZE, page_of, place_after
from integration.seam import clock

from .. import operations
from ..columns import GROUP_DEVICES, GROUPS
from ..forms import GroupForm
from ..models import DerGroup
from ..queries.groups import GroupDevice, group_devices, group_rows


@require_safe
@allow("derms.view_event")
def group_list(request: SignedInRequest) -> HttpResponse:
    return render(request, "derms/group_list.html", {"groups": group_rows(), "columns": GROUPS})


@ACTING
@allow("derms.plan_event")
@acts_once
def group_new(request: SignedInRequest) -> HttpResponse:
    return _group_page(request, None)


@ACTING
@allow("derms.plan_event")
@acts_once
def group_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    return _group_page(request, get_object_or_404(DerGroup, pk=pk))


@require_safe
@allow("derms.view_event")
def group_device_list(request: SignedInRequest, pk: int) -> HttpResponse:
    """The devices of a group that are enrolled now, by id, and what they could draw together."""
    group = get_object_or_404(DerGroup, pk=pk)
    rows = group_devices(group, clock.now(), after=place_after(request.GET), limit=SIZE + 1)
    context = {
        "group": group,
        "columns": GROUP_DEVICES,
        "page": page_of(rows, request.GET, str(rows[:SIZE][-1].device_id) if rows else "", size=SIZE),
        "devices": rows[0].devices if rows else 0,
        "devices_w": rows[0].devices_w if rows else 0,
    }
    return render(request, "derms/group_devices.html", context)


@require_safe
@allow("derms.view_event")
def group_export(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """Export the devices of a group that are enrolled now."""
    group, now = get_object_or_404(DerGroup, pk=pk), clock.now()

    def next_page(last: GroupDevice | None) -> list[GroupDevice]:
        return group_devices(group, now, after=last.device_id if last else 0, limit=EXPORT_PAGE)

    def count(most: int) -> int:
        found = group_devices(group, now, limit=1)
        return min(most, found[0].devices) if found else 0

    return export(request, listing(f"group-{pk}-devices", GROUP_DEVICES.in_file(request.user), next_page, count))


def _group_page(request: SignedInRequest, group: DerGroup | None) -> HttpResponse:
    def save(version: int | None) -> None:
        operations.save_group(
            group_id=group.pk if group else None,
            fields=editing.forms[0].cleaned_data,
            by=request.user.username,
            now=clock.now(),
            version=version,
        )

    editing = Editing(request, group, lambda typed, row: [GroupForm(typed, instance=row)])
    if editing.is_valid() and editing.is_saved(save):
        messages.success(request, _("“%(name)s” is saved.") % {"name": editing.forms[0].cleaned_data["name"]})
        return redirect("derms:group_list")
    context = {"group": editing.row, "form": editing.forms[0], "editing": editing}
    return render(request, "derms/group_form.html", context, status=editing.status)

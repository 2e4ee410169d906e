"""Pages of the grid and the head end systems: lists, and making, changing and deleting their parts."""

from typing import Any, NamedTuple

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.confirm import confirm
from integration.pages.editing import VERSION, Editing, seen_version
from integration.pages.filters import known
from integration.pages.http import SignedInRequest
from integration.pages.keyset import keyset_page
from integration.seam import clock

from .. import columns, forms, models, operations
from ..filters import GridForm

CHANGE = "derms.change_controlzone"


class Kind(NamedTuple):
    """A kind of parts: what it is called, its rows with what its list shows, its columns, its form."""

    name: str  # in history
    label: str | Promise
    new: str | Promise
    model: Any
    related: tuple[str, ...]
    columns: Any
    form: Any


KINDS = {
    "zones": Kind(
        "control zone",
        gettext_lazy("Control zones"),
        gettext_lazy("New control zone"),
        models.ControlZone,
        (),
        columns.ZONES,
        forms.ZoneForm,
    ),
    "substations": Kind(
        "substation",
        gettext_lazy("Substations"),
        gettext_lazy("New substation"),
        models.Substation,
        ("zone",),
        columns.SUBSTATIONS,
        forms.SubstationForm,
    ),
    "feeders": Kind(
        "feeder",
        gettext_lazy("Feeders"),
        gettext_lazy("New feeder"),
        models.Feeder,
        ("substation__zone",),
        columns.FEEDERS,
        forms.FeederForm,
    ),
    "transformers": Kind(
        "transformer",
        gettext_lazy("Transformers"),
        gettext_lazy("New transformer"),
        models.Transformer,
        ("feeder",),
        columns.TRANSFORMERS,
        forms.TransformerForm,
    ),
    "head-ends": Kind(
        "head end system",
        gettext_lazy("Head end systems"),
        gettext_lazy("New head end system"),
        models.HeadEnd,
        (),
        columns.HEAD_ENDS,
        forms.HeadEndForm,
    ),
}


@require_safe
@allow("derms.view_event", CHANGE)
def grid_list(request: SignedInRequest, kind: str) -> HttpResponse:
    """The parts of a kind by code."""
    found, search = _kind(kind), GridForm(request.GET)
    rows = found.model.objects.select_related(*found.related).filter(code__icontains=known(search).cleaned_data["q"])
    context = {
        "kinds": KINDS,
        "slug": kind,
        "kind": found,
        "form": search,
        "page": keyset_page(rows, ("code",), request.GET),
        "columns": found.columns,
    }
    return render(request, "derms/grid_list.html", context)


@ACTING
@allow(CHANGE)
@acts_once
def grid_new(request: SignedInRequest, kind: str) -> HttpResponse:
    return _part_page(request, kind, None)


@ACTING
@allow(CHANGE)
@acts_once
def grid_edit(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    return _part_page(request, kind, get_object_or_404(_kind(kind).model, pk=pk))


@ACTING
@allow(CHANGE)
@acts_once
def grid_delete(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    """Delete a part that nothing refers to."""
    found = _kind(kind)
    part = get_object_or_404(found.model, pk=pk)
    if request.method == "POST":
        operations.delete_grid_part(part=found.model, pk=pk, version=seen_version(request.POST, part))
        messages.success(request, _("“%(code)s” is deleted.") % {"code": part.code})
        return redirect("derms:grid_list", kind)
    referring = ", ".join(operations.referring_to(part))
    return confirm(
        request,
        title=_("Delete “%(code)s”?") % {"code": part.code},
        consequences=[_("Nothing refers to it. Its history stays.")],
        hidden=[(VERSION, str(part.version))],
        impossible=referring
        and _("It can't be deleted, because there is something that refers to it: %(what)s.") % {"what": referring},
        act=_("Delete"),
        keep=_("Keep it"),
        keep_url=reverse("derms:grid_edit", args=[kind, pk]),
    )


def _part_page(request: SignedInRequest, slug: str, part: Any) -> HttpResponse:
    kind = _kind(slug)

    def save(version: int | None) -> None:
        operations.save_grid_part(
            part=kind.model,
            pk=part.pk if part else None,
            fields=editing.forms[0].cleaned_data,
            by=request.user.username,
            now=clock.now(),
            version=version,
        )

    editing = Editing[Any](request, part, lambda typed, row: [kind.form(typed, instance=row)])
    if editing.is_valid() and editing.is_saved(save):
        code = part.code if part else editing.forms[0].cleaned_data["code"]
        messages.success(request, _("“%(name)s” is saved.") % {"name": code})
        return redirect("derms:grid_list", slug)
    context = {"part": editing.row, "kind": kind, "slug": slug, "form": editing.forms[0], "editing": editing}
    return render(request, "derms/grid_form.html", context, status=editing.status)


def _kind(slug: str) -> Kind:
    if slug not in KINDS:
        raise Http404(_("There is no such list."))
    return KINDS[slug]

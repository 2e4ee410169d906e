"""Pages of strategies: list, create, edit, archive."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.confirm import confirm
from integration.pages.editing import VERSION, Editing, seen_version
from integration.pages.http import SignedInRequest
from integration.seam import clock

from .. import operations
from ..choices import StrategyState
from ..columns import STRATEGIES
from ..forms import StrategyForm, stage_rows
from ..models import Strategy

# The confirm page of each move: title, consequence, the button that does it, and the button that doesn't.
MOVES = {
    StrategyState.ARCHIVED: (
        gettext_lazy("Archive “%(name)s”?"),
        gettext_lazy("No new events can be created from it. Existing events go on."),
        gettext_lazy("Archive"),
        gettext_lazy("Keep it active"),
    ),
    StrategyState.ACTIVE: (
        gettext_lazy("Activate “%(name)s”?"),
        gettext_lazy("Events can be created from it again."),
        gettext_lazy("Activate"),
        gettext_lazy("Leave it archived"),
    ),
}


@require_safe
@allow("derms.view_event")
def strategy_list(request: SignedInRequest) -> HttpResponse:
    strategies = Strategy.objects.select_related("zone", "type").prefetch_related("stages__program")
    return render(
        request, "derms/strategy_list.html", {"strategies": strategies.order_by("state", "name"), "columns": STRATEGIES}
    )


@ACTING
@allow("derms.plan_event")
@acts_once
def strategy_new(request: SignedInRequest) -> HttpResponse:
    return _strategy_page(request, None)


@ACTING
@allow("derms.plan_event")
@acts_once
def strategy_edit(request: SignedInRequest, uid: UUID) -> HttpResponse:
    return _strategy_page(request, get_object_or_404(Strategy, uid=uid))


@ACTING
@allow("derms.plan_event")
@acts_once
def strategy_move(request: SignedInRequest, uid: UUID, to: StrategyState) -> HttpResponse:
    """Archive a strategy, or activate it again."""
    strategy = get_object_or_404(Strategy, uid=uid)
    if request.method == "POST":
        version = seen_version(request.POST, strategy)
        operations.move_strategy(
            strategy_id=strategy.pk, to=to, by=request.user.username, now=clock.now(), version=version
        )
        return redirect("derms:strategy_list")
    title, consequence, act, keep = MOVES[to]
    return confirm(
        request,
        title=str(title) % {"name": strategy.name},
        consequences=[str(consequence)],
        act=str(act),
        keep=str(keep),
        keep_url=reverse("derms:strategy_edit", args=[uid]),
        hidden=[(VERSION, str(strategy.version))],
    )


def _strategy_page(request: SignedInRequest, strategy: Strategy | None) -> HttpResponse:
    def save(version: int | None) -> None:
        form, formset = editing.forms
        operations.save_strategy(
            strategy_id=strategy.pk if strategy else None,
            fields=form.cleaned_data,
            stages=_stages(formset),
            by=request.user.username,
            now=clock.now(),
            version=version,
        )

    editing = Editing(request, strategy, _strategy_forms)
    if editing.is_valid() and editing.is_saved(save):
        messages.success(request, _("“%(name)s” is saved.") % {"name": editing.forms[0].cleaned_data["name"]})
        return redirect("derms:strategy_list")
    form, formset = editing.forms
    context = {"strategy": editing.row, "form": form, "formset": formset, "editing": editing}
    return render(request, "derms/strategy_form.html", context, status=editing.status)


def _strategy_forms(typed: QueryDict | None, strategy: Strategy | None) -> list[Any]:
    return [StrategyForm(typed, instance=strategy), stage_rows(typed, strategy)]


def _stages(formset: Any) -> list[dict[str, Any]]:
    """The rows that are filled and not removed, in the page's order."""
    rows = (f.cleaned_data for f in formset.forms if f.cleaned_data.get("program") and not f.cleaned_data["DELETE"])
    return [{name: value for name, value in row.items() if name != "DELETE"} for row in rows]

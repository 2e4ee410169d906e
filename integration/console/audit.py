"""The audit trail: who changed what, when, from what to what and why, from the history of all systems."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from integration.pages.access import allow
from integration.pages.exports import PAGE, export, listing
from integration.pages.filters import known
from integration.pages.http import SignedInRequest
from integration.pages.keyset import AFTER, SIZE, join_key, page_of, split_key

from .changes import KINDS, Change, change_count, changes
from .columns import CHANGES

ALWAYS, NEVER = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


class AuditFilter(forms.Form):
    """The filter of the trail; days are days in UTC."""

    q = forms.CharField(label=gettext_lazy("Event, device or program"), required=False, max_length=60)
    by = forms.CharField(label=gettext_lazy("Person"), required=False, max_length=150)
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), required=False, choices=[("", gettext_lazy("All kinds")), *KINDS.items()]
    )
    since = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=gettext_lazy("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


def wanted_by(form: AuditFilter) -> dict[str, Any]:
    """The parameters of the query. Raises FilterRefused if a value does not exist."""
    known(form)
    given: dict[str, Any] = form.cleaned_data
    first, last = given.get("since"), given.get("until")
    return {
        "object": f"%{given['q']}%" if given.get("q") else "",
        "by": given.get("by", ""),
        "kind": given.get("kind", ""),
        "since": datetime.combine(first, time(), UTC) if first else ALWAYS,
        "until": datetime.combine(last, time(), UTC) + timedelta(days=1) if last else NEVER,
    }


@require_safe
@allow("config.view_audit_trail")
def audit_trail(request: SignedInRequest) -> HttpResponse:
    """The changes, newest first, one keyset page at a time."""
    form = AuditFilter(request.GET)
    found = changes(wanted_by(form), before=_place(request), limit=SIZE + 1)
    last = found[:SIZE][-1] if found else None
    page = page_of(found, request.GET, join_key([last.at, last.key]) if last else "", size=SIZE)
    return render(request, "console/audit_trail.html", {"form": form, "page": page, "columns": CHANGES})


@require_safe
@allow("config.view_audit_trail")
def audit_export(request: SignedInRequest) -> HttpResponseBase:
    """Every change that matches the filter."""
    wanted = wanted_by(AuditFilter(request.GET))

    def next_page(last: Change | None) -> list[Change]:
        return changes(wanted, before=(last.at, last.key) if last else None, limit=PAGE)

    columns = CHANGES.in_file(request.user)
    return export(request, listing("audit-trail", columns, next_page, lambda most: change_count(wanted, most=most)))


def _place(request: SignedInRequest) -> tuple[datetime, str] | None:
    text = request.GET.get(AFTER, "")
    if not text:
        return None
    at, key = split_key(text, 2)
    try:
        return datetime.fromisoformat(at), key
    except ValueError as problem:
        raise BadRequest(_("This address does not lead to a place in the list.")) from problem

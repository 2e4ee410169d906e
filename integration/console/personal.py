"""Each person's own settings: language, time zone, theme, keyboard shortcuts."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import Resolver404, resolve
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from integration.pages.access import allow
from integration.pages.editing import Editing
from integration.pages.http import SignedInRequest
from integration.pages.time_zones import TimeZoneField
from integration.seam import clock
from integration.seam.versions import lock_version, save_version

from .models import AlertsFrom, SavedView, User


class Personal:
    """Activates the person's language, and their time zone for lists that mix zones."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        person = request.user
        language, zone = translation.get_language_from_request(request), "UTC"
        if isinstance(person, User):
            language, zone = person.language, person.time_zone
        with translation.override(language), timezone.override(zone):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
        return response


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in its stubs
    time_zone = TimeZoneField()

    class Meta:
        model = User
        fields = ["language", "time_zone", "theme", "shortcuts", "alerts_from", "alerts_after_min"]

    def __init__(self, *args: Any, sees_alerts: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if sees_alerts:
            chosen_from = [("", _("none")), *AlertsFrom.choices]
            self.fields["alerts_from"].choices = chosen_from  # type: ignore[attr-defined]  # it is a field with choices
        else:
            del self.fields["alerts_from"], self.fields["alerts_after_min"]

    def clean_alerts_from(self) -> int | None:
        chosen: int | None = self.cleaned_data["alerts_from"]
        if chosen and not self.instance.email:
            raise forms.ValidationError(
                _("Your account has no e-mail address. An administrator adds it under Users and roles.")
            )
        return chosen


@require_http_methods(["GET", "HEAD", "POST"])
@allow()
def profile(request: SignedInRequest) -> HttpResponse:
    """The page of the person's own settings."""

    def save(version: int | None) -> None:
        save_settings(person_id=request.user.pk, fields=editing.forms[0].cleaned_data, version=version)

    own = get_object_or_404(User, pk=request.user.pk)
    sees_alerts = request.user.has_perm("integration.view_alert")
    editing = Editing(request, own, lambda typed, row: [ProfileForm(typed, instance=row, sees_alerts=sees_alerts)])
    if editing.is_valid() and editing.is_saved(save):
        with translation.override(editing.forms[0].cleaned_data["language"]):
            messages.success(request, _("Your settings are saved."))
        return redirect("profile")
    return render(
        request, "console/profile.html", {"form": editing.forms[0], "editing": editing}, status=editing.status
    )


@transaction.atomic
def save_settings(*, person_id: int, fields: dict[str, Any], version: int | None = None) -> None:
    """Change a person's own settings and nothing else of their account. Raises SavedMeanwhile."""
    person = lock_version(User.objects.filter(pk=person_id), version)
    save_version(person, fields, by=person.username, now=clock.now())


class SavedViewForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in its stubs
    class Meta:
        model = SavedView
        fields = ["path", "name", "query"]

    def clean_path(self) -> str:
        """Require one of this project's pages, since the saved name becomes a link."""
        path: str = self.cleaned_data["path"]
        try:
            resolve(path)
        except Resolver404 as problem:
            raise forms.ValidationError(_("“%(path)s” is not a page."), params={"path": path}) from problem
        return path


@allow()
@require_POST
def saved_view_add(request: SignedInRequest) -> HttpResponse:
    """Save a list's filter and order under a name; the same name is overwritten."""
    form = SavedViewForm(request.POST)
    if not form.is_valid():
        reasons = [str(reason) for field in form.errors.values() for reason in field]
        messages.error(request, _("The view was not saved: %(why)s") % {"why": " ".join(reasons)})
        return redirect("overview")
    given = form.cleaned_data
    SavedView.objects.update_or_create(
        person_id=request.user.pk, path=given["path"], name=given["name"], defaults={"query": given["query"]}
    )
    return redirect(f"{given['path']}?{given['query']}")


@allow()
@require_POST
def saved_view_remove(request: SignedInRequest, pk: int) -> HttpResponse:
    """Remove one of the person's own views."""
    saved = get_object_or_404(SavedView, pk=pk, person_id=request.user.pk)
    saved.delete()
    return redirect(saved.path)

"""How the apps show their small tables in Django's admin: read-only, or saved by version."""

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, QueryDict

from integration.seam import clock
from integration.seam.versions import SavedMeanwhile, lock_version, save_version

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Model]
else:
    ModelAdmin = admin.ModelAdmin


class Shown(ModelAdmin):
    """Read-only rows; changes go through the project's own pages, which lock, check and keep history."""

    actions = None

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


SEEN = "seen_version"


class VersionedForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in its stubs
    """A form of a versioned row that carries the version it was opened on, and locks the row while it is checked."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    is_late = False  # somebody else has saved the row meanwhile

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial[SEEN] = self.instance.version

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        self.locked = self._lock(None)
        try:
            self.locked = self._lock(given.get(SEEN, 0))
        except SavedMeanwhile as late:
            self.is_late = True
            # The page that comes back was opened on the version that it names.
            self.data = cast(QueryDict, self.data).copy()
            self.data[SEEN] = str(self.locked.version)
            raise forms.ValidationError(f"{late} {self._changed_meanwhile()}") from late
        return given

    def _lock(self, version: int | None) -> Any:
        return lock_version(type(self.instance)._default_manager.filter(pk=self.instance.pk), version)

    def _changed_meanwhile(self) -> str:
        """What is stored now in fields that contain something else."""
        other = [name for name in self.fields if name != SEEN and name in self.cleaned_data]
        other = [name for name in other if getattr(self.locked, name) != self.cleaned_data[name]]
        return "; ".join(f"{self[name].label}: {getattr(self.locked, name)}" for name in other)


class Edited(Shown):
    """Rows that have no page of their own and are changed here, each save a version."""

    form = VersionedForm

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        fields = {name: form.cleaned_data[name] for name in form.changed_data if name != SEEN}
        save_version(form.locked, fields, by=request.user.get_username(), now=clock.now())

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer a late save with 409, as every other page does."""
        answer = super().render_change_form(request, context, *args, **kwargs)
        if getattr(context["adminform"].form, "is_late", False):
            answer.status_code = 409
        return answer

"""Users and roles: who may sign in, and with which roles."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.editing import Editing
from integration.pages.http import SignedInRequest
from integration.seam import clock
from integration.seam.versions import lock_version, save_version

from .columns import USERS
from .given_roles import report_given_roles
from .models import User
from .roles import ADMINISTRATOR, ROLES
from .second_factor import signed_in_lately


class RolesField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # generic only in its stubs
    def __init__(self, **kwargs: Any) -> None:
        known = Group.objects.filter(name__in=ROLES).order_by("name")
        super().__init__(known, required=False, widget=forms.CheckboxSelectMultiple, **kwargs)

    def label_from_instance(self, role: Any) -> str:
        return str(gettext_lazy(role.name))


class NewUserForm(BaseUserCreationForm):  # type: ignore[type-arg]  # generic only in its stubs
    """A new person with an initial password, which they change after signing in."""

    groups = RolesField(label=gettext_lazy("Roles"))

    class Meta:
        model = User
        fields = ["username", "email"]


class UserForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in its stubs
    groups = RolesField(label=gettext_lazy("Roles"))

    class Meta:
        model = User
        fields = ["email", "is_active", "groups"]
        labels = {"is_active": gettext_lazy("May sign in")}
        help_texts = {"is_active": ""}


@require_safe
@allow("config.change_user")
def user_list(request: SignedInRequest) -> HttpResponse:
    people = User.objects.prefetch_related("groups").order_by("-is_active", "username")
    return render(request, "console/user_list.html", {"columns": USERS, "people": people})


@ACTING
@allow("config.change_user")
@signed_in_lately
@acts_once
def user_new(request: SignedInRequest) -> HttpResponse:
    form = NewUserForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        add_user(form.instance, roles=given["groups"], password=given["password1"], by=request.user.username)
        messages.success(request, _("%(name)s can sign in.") % {"name": form.instance.username})
        return redirect("user_list")
    return render(request, "console/user_form.html", {"form": form}, status=422 if form.errors else 200)


@ACTING
@allow("config.change_user")
@signed_in_lately
@acts_once
def user_edit(request: SignedInRequest, username: str) -> HttpResponse:
    person = get_object_or_404(User, username=username)

    def save(version: int | None) -> None:
        given = dict(editing.forms[0].cleaned_data)
        roles = given.pop("groups")
        save_user(username=username, fields=given, roles=roles, by=request.user.username, version=version)

    editing = Editing(request, person, lambda typed, row: [UserForm(typed, instance=row)])
    if editing.is_valid() and _keeps_an_administrator(editing.forms[0]) and editing.is_saved(save):
        messages.success(request, _("%(name)s is saved.") % {"name": username})
        return redirect("user_list")
    context = {"person": editing.row, "form": editing.forms[0], "editing": editing}
    return render(request, "console/user_form.html", context, status=editing.status)


@transaction.atomic
def add_user(person: User, *, roles: Any, password: str, by: str, is_first: bool = False) -> None:
    """Store a new person with these roles and this password.

    That `is_first` got the role of administrator is no news to anybody: it raises no alert.
    """
    person.set_password(password)
    person.saved_by, person.saved_at = by, clock.now()
    person.save()
    person.groups.set(roles)
    if not is_first:
        report_given_roles(person.username, [], names_of(roles), by=by)


@transaction.atomic
def save_user(*, username: str, fields: dict[str, Any], roles: Any, by: str, version: int | None = None) -> None:
    """Change a person's account, and give them exactly these roles.

    `version` is the one that the administrator saw. Raises SavedMeanwhile.
    """
    person = lock_version(User.objects.filter(username=username), version)
    before = names_of(person.groups.all())
    save_version(person, fields, by=by, now=clock.now(), also=before != names_of(roles))
    person.groups.set(roles)
    report_given_roles(username, before, names_of(roles), by=by)


def names_of(roles: Iterable[Group]) -> set[str]:
    return {role.name for role in roles}


def _keeps_an_administrator(form: UserForm) -> bool:
    """Refuse to remove the last administrator who may sign in: nobody could give the role back.

    The role's row is locked until the person is saved, so that two administrators can't remove each other at once.
    """
    Group.objects.select_for_update(no_key=True).get(name=ADMINISTRATOR)
    stays = form.cleaned_data["is_active"] and any(g.name == ADMINISTRATOR for g in form.cleaned_data["groups"])
    others = User.objects.filter(is_active=True, groups__name=ADMINISTRATOR).exclude(pk=form.instance.pk)
    if stays or others.exists():
        return True
    form.add_error("groups", _("This is the last administrator. Give the role to somebody else first."))
    return False

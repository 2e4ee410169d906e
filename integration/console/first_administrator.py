"""The first administrator of an empty Gridcall, made once with a code that only the terminal shows."""

import secrets
from hashlib import sha256

from django import forms
from django.contrib import messages
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.models import Group
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration.pages.access import allow_anyone
from integration.pages.acting import ACTING, acts_once
from integration.pages.http import SignedInRequest
from integration.pages.limits import is_over
from integration.seam import clock

from .models import SetupCode, User
from .roles import ADMINISTRATOR
from .users import add_user

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without characters that look alike
GROUPS, GROUP_LENGTH = 4, 4  # 80 bits
TRIES_A_MINUTE = 10


class FirstAdministratorForm(BaseUserCreationForm):  # type: ignore[type-arg]  # generic only in its stubs
    """The person who then makes all other accounts."""

    code = forms.CharField(label=gettext_lazy("Code from the terminal"), max_length=40)
    field_order = ["code", "username", "email", "password1", "password2"]

    class Meta:
        model = User
        fields = ["username", "email"]

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if not SetupCode.objects.filter(sha256=_digest(code), made_at__gt=clock.now() - SetupCode.LASTS).exists():
            raise forms.ValidationError(
                _("This isn't the code, or it is older than a day. manage.py first_administrator prints a new one.")
            )
        return code


@ACTING
@allow_anyone
def first_administrator(request: HttpRequest) -> HttpResponseBase:
    """Make the first administrator; only whoever can read the terminal knows the code."""
    # Counted here, since a refused form undoes whatever its transaction wrote.
    if request.method == "POST" and is_over("first administrator", "", per_minute=TRIES_A_MINUTE):
        return render(request, "429.html", status=429)
    return _make(request)


@acts_once
def _make(request: SignedInRequest) -> HttpResponse:
    # Locked until the person is saved, so that the code makes one administrator only.
    administrators = Group.objects.select_for_update(no_key=True) if request.method == "POST" else Group.objects
    role = administrators.get(name=ADMINISTRATOR)
    if has_administrator():
        messages.info(request, _("There is an administrator already, who makes all other accounts."))
        return redirect("account_login")
    form = FirstAdministratorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        person = form.instance
        add_user(person, roles=[role], password=form.cleaned_data["password1"], by=person.username, is_first=True)
        SetupCode.objects.all().delete()
        messages.success(request, _("%(name)s can sign in.") % {"name": form.instance.username})
        return redirect("account_login")
    return render(request, "console/first_administrator.html", {"form": form}, status=422 if form.errors else 200)


def has_administrator() -> bool:
    """Whether somebody who may sign in can make accounts."""
    may = Q(groups__name=ADMINISTRATOR) | Q(is_superuser=True)
    return User.objects.filter(may, is_active=True).exists()


def new_code() -> str:
    """Return a new code for the first administrator; earlier ones are void."""
    groups = ["".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS)]
    code = "-".join(groups)
    SetupCode.objects.update_or_create(pk=SetupCode.ONLY, defaults={"sha256": _digest(code), "made_at": clock.now()})
    return code


def _digest(code: str) -> str:
    """A random code of 80 bits needs no slow hash. Case, blanks and hyphens don't matter."""
    letters = "".join(each for each in code.upper() if each.isalnum())
    return sha256(letters.encode()).hexdigest()

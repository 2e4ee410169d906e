"""Personal keys: with one, a person's own scripts call the API with a part of what the person may do."""

from datetime import date, datetime, timedelta
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.callers import ACTOR, LONGEST_ACTOR
from integration.pages.confirm import confirm
from integration.pages.http import SignedInRequest
from integration.seam import clock
from integration.seam.refusals import Refused
from integration.seam.scopes import PERSONAL
from integration.seam.service_accounts import LONGEST_NAME, ServiceAccount, digest_of, new_secret

from .columns import KEYS
from .models import User
from .service_accounts import save_account

LONGEST_DAYS = 90
MOST_KEYS = 20  # of a person, that can be used
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class TooManyKeys(Refused):
    """The person has as many keys as one may have."""


class KeyForm(forms.Form):
    """A key's name, what it may do, and its last day."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=LONGEST_NAME)
    scopes = forms.MultipleChoiceField(label=gettext_lazy("Scopes"), widget=forms.CheckboxSelectMultiple)
    expires_on = forms.DateField(
        label=gettext_lazy("Last day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, person: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person, self.today, self.last = person, today, today + timedelta(days=LONGEST_DAYS)
        offered: Any = self.fields["scopes"]
        offered.choices = [(name, name) for name in scopes_of(person)]
        self.fields["expires_on"].help_text = _("In UTC; at most %(days)s days from now, %(last)s.") % {
            "days": LONGEST_DAYS,
            "last": self.last.isoformat(),
        }

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise forms.ValidationError(_("A name is one line without control characters."))
        most = max(LONGEST_ACTOR - len(ACTOR % full_name(self.person, "")), 0)  # history names the key with its person
        if len(name) > most:
            sentence = _("Next to your user name, a key's name may have at most %(most)s characters.")
            raise forms.ValidationError(sentence, params={"most": most})
        if ServiceAccount.objects.filter(name__iexact=full_name(self.person, name)).exists():
            raise forms.ValidationError(_("You have a key with this name already; a revoked one keeps its name."))
        return name

    def clean_expires_on(self) -> date:
        day: date = self.cleaned_data["expires_on"]
        if not self.today <= day <= self.last:
            raise forms.ValidationError(
                _("Choose a day from %(first)s to %(last)s."),
                params={"first": self.today.isoformat(), "last": self.last.isoformat()},
            )
        return day


@require_safe
@allow()
def key_list(request: SignedInRequest) -> HttpResponse:
    """The person's own keys, those that can be used first."""
    context = {"columns": KEYS, "keys": keys_of(request.user).order_by("-is_active", "-pk")}
    return render(request, "console/key_list.html", context)


@ACTING
@allow()
@never_cache
def key_new(request: SignedInRequest) -> HttpResponseBase:
    """Make a key, and show its secret this once: it is not `acts_once`, for which the secret would have to be kept.

    A form that is sent again has the name of the key that it made, and is refused.
    """
    if elsewhere := _factor_first(request):
        return elsewhere
    now = clock.now()
    form = KeyForm(request.POST or None, person=request.user, today=now.date())
    if request.method == "POST" and form.is_valid():
        key, secret = add_key(request.user, form.cleaned_data, now=now)
        return render(request, "console/key_secret.html", {"key": key, "secret": secret})
    return render(request, "console/key_form.html", {"form": form}, status=422 if form.errors else 200)


@ACTING
@allow()
@acts_once
def key_revoke(request: SignedInRequest, client_id: str) -> HttpResponse:
    """End a key and every token that was given for it."""
    key = get_object_or_404(keys_of(request.user), client_id=client_id)
    name = key.name.partition("/")[2]
    if request.method == "POST":
        save_account(client_id=client_id, fields={"is_active": False}, by=request.user.username, now=clock.now())
        messages.success(request, _("The key %(name)s is revoked.") % {"name": name})
        return redirect("key_list")
    return confirm(
        request,
        title=_("Revoke the key %(name)s?") % {"name": name},
        act=_("Revoke"),
        keep=_("Keep the key"),
        keep_url=reverse("key_list"),
        consequences=[_("What uses it can't call any more, at once. It can't be used again.")],
        dangerous=True,
    )


def keys_of(person: Any) -> Any:
    return ServiceAccount.objects.filter(owner_id=person.pk, is_personal=True)


def scopes_of(person: Any) -> list[str]:
    """The scopes of which a person may do something now."""
    may = person.get_all_permissions()
    return [name for name, carried in PERSONAL.items() if carried & may]


def full_name(person: Any, name: str) -> str:
    """A key as the log and history name it: whose it is, and its own name."""
    return f"{person.get_username()}/{name}"


@transaction.atomic
def add_key(person: Any, given: dict[str, Any], *, now: datetime) -> tuple[ServiceAccount, str]:
    """Store a key and return it with its secret, of which only the digest is kept. Raises TooManyKeys."""
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    usable = keys_of(person).filter(is_active=True, expires_on__gte=now.date()).count()
    if usable >= MOST_KEYS:
        raise TooManyKeys(_("You have %(count)s keys, the most there may be. Revoke one first.") % {"count": usable})
    secret, by = new_secret(), person.get_username()
    key = ServiceAccount.objects.create(
        name=full_name(person, given["name"]),
        owner_id=person.pk,
        scopes=given["scopes"],
        expires_on=given["expires_on"],
        is_personal=True,
        secret_sha256=digest_of(secret),
        secret_by=by,
        secret_at=now,
        saved_by=by,
        saved_at=now,
    )
    return key, secret


def _factor_first(request: SignedInRequest) -> HttpResponse | None:
    """Where the person must go first: to set up a second factor, or to show it again. None if they did lately."""
    if not Authenticator.objects.filter(user_id=request.user.pk, type__in=FACTORS).exists():
        messages.warning(request, _("A key takes a second factor. Set up an authenticator app or a passkey."))
        return redirect("mfa_index")
    shown = [one for one in get_authentication_records(request, request.user) if one.get("method") == "mfa"]
    if shown and clock.now().timestamp() - shown[-1]["at"] <= settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
        return None
    return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': request.path})}")

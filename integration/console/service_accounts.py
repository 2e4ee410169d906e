"""Service accounts: how other systems sign in, with which scopes, and the secret that is shown once."""

from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.db import transaction
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.http import SignedInRequest
from integration.seam.scopes import SCOPES
from integration.seam.service_accounts import LONGEST_NAME, ServiceAccount, digest_of, new_secret
from integration.seam.versions import lock_version, save_version

from .columns import SERVICE_ACCOUNTS
from .owned import Owned
from .owners import OwnerField
from .second_factor import signed_in_lately

PERMISSION = "integration.change_serviceaccount"
OF_SYSTEMS = ServiceAccount.objects.filter(is_personal=False)  # keys are their persons' own (keys.py)
MOST_NETWORKS = 50
# A token that was given before such a change must not outlive it.
ENDS_TOKENS = {"owner", "scopes", "addresses", "expires_on", "is_active"}


class NetworksField(forms.CharField):
    """Addresses and networks, separated by commas or blanks; its value is a list of networks."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        found = []
        for text in super().clean(value).replace(",", " ").split():
            try:
                found.append(str(_network(text)))
            except ValueError as problem:
                raise forms.ValidationError(
                    _("“%(text)s” is no address or network, such as 192.0.2.7 or 192.0.2.0/24."),
                    params={"text": text[:60]},
                ) from problem
        if len(found) > MOST_NETWORKS:
            raise forms.ValidationError(
                _("At most %(most)s networks; use larger ones."), params={"most": MOST_NETWORKS}
            )
        return found


def _network(text: str) -> IPv4Network | IPv6Network:
    """A network; IPv4 mapped into IPv6 is the IPv4 that callers have. Raises ValueError."""
    found = ip_network(text)
    mapped = found.network_address.ipv4_mapped if isinstance(found, IPv6Network) else None
    return found if mapped is None else IPv4Network((mapped, max(found.prefixlen - 96, 0)))


class ServiceAccountForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in its stubs
    owner = OwnerField(
        label=gettext_lazy("Owner"),
        help_text=gettext_lazy("The account may never do more than its owner, and stops if the owner may not sign in."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Scopes"),
        required=False,
        choices=[(name, name) for name in SCOPES],
        widget=forms.CheckboxSelectMultiple,
    )
    addresses = NetworksField(
        label=gettext_lazy("Addresses"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("From where it may call, such as 192.0.2.0/24; empty: from anywhere."),
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("In UTC; empty: it does not expire."),
    )

    class Meta:
        model = ServiceAccount
        fields = ["name", "owner", "scopes", "addresses", "expires_on", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["maxlength"] = LONGEST_NAME
        self.fields["name"].validators.append(MaxLengthValidator(LONGEST_NAME))
        people: Any = self.fields["owner"]
        people.offer(self.instance.owner_id)
        self.initial["owner"] = self.instance.owner.username if self.instance.pk else None


@require_safe
@allow(PERMISSION)
def service_account_list(request: SignedInRequest) -> HttpResponse:
    accounts = ServiceAccount.objects.select_related("owner").order_by("-is_active", Lower("name"))
    context = {"columns": SERVICE_ACCOUNTS, "accounts": accounts}
    return render(request, "console/service_account_list.html", context)


@ACTING
@allow(PERMISSION)
@signed_in_lately
@acts_once
def service_account_new(request: SignedInRequest) -> HttpResponse:
    return ACCOUNT.new(request)


@ACTING
@allow(PERMISSION)
@signed_in_lately
@acts_once
def service_account_edit(request: SignedInRequest, client_id: str) -> HttpResponse:
    return ACCOUNT.edit(request, client_id)


@ACTING
@allow(PERMISSION)
@signed_in_lately
@never_cache
def service_account_secret(request: SignedInRequest, client_id: str) -> HttpResponse:
    return ACCOUNT.secret(request, client_id)


@transaction.atomic
def add_account(fields: dict[str, Any], *, by: str, now: datetime) -> ServiceAccount:
    """Store a new account, which has no secret yet."""
    return ServiceAccount.objects.create(**fields, saved_by=by, saved_at=now)


@transaction.atomic
def save_account(
    *, client_id: str, fields: dict[str, Any], by: str, now: datetime, version: int | None = None
) -> ServiceAccount:
    """Change an account; tokens given before end with any change of what it may do. Raises SavedMeanwhile."""
    account = lock_version(ServiceAccount.objects.filter(client_id=client_id), version)
    if any(getattr(account, name) != fields[name] for name in ENDS_TOKENS & fields.keys()):
        fields = {**fields, "epoch": account.epoch + 1}
    save_version(account, fields, by=by, now=now)
    return account


@transaction.atomic
def make_secret(*, client_id: str, by: str, now: datetime, version: int | None = None) -> str:
    """Give the account another secret and return it; the former one and its tokens end. Raises SavedMeanwhile."""
    account = lock_version(ServiceAccount.objects.filter(client_id=client_id), version)
    secret = new_secret()
    made = {"secret_sha256": digest_of(secret), "secret_by": by, "secret_at": now, "epoch": account.epoch + 1}
    save_version(account, made, by=by, now=now)
    return secret


def _own(client_id: str) -> ServiceAccount:
    return get_object_or_404(OF_SYSTEMS.select_related("owner"), client_id=client_id)


ACCOUNT = Owned(
    word="account",
    key="client_id",
    form=ServiceAccountForm,
    form_page="console/service_account_form.html",
    once_page="console/service_account_secret.html",
    once_address="service_account_secret",
    own=_own,
    stored=_own,
    saved=lambda client_id: redirect("service_account_list"),
    add=add_account,
    save=lambda key, **more: save_account(client_id=key, **more),
    make_secret=lambda key, **more: make_secret(client_id=key, **more),
)

"""People who sign in at an OpenID provider: it says who they are and, at every sign-in, which roles they have."""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pghistory
import requests
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter, login
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.checks import Error, register
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from integration.pages.access import allow_anyone
from integration.seam import clock
from integration.seam.logs import request_id
from integration.seam.versions import save_version

from .given_roles import report_given_roles
from .models import User
from .roles import ROLES
from .users import names_of

log = logging.getLogger(__name__)
BY = "OpenID Connect"  # who changes roles, in history: no user name has a blank
CONNECT = "connect"


class SignInRefused(Exception):
    """The provider knows the person, and Gridcall does not let them in; a sentence for them."""


@allow_anyone
def openid_login(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Send the browser to the provider, if its addresses can be read."""
    try:
        response: HttpResponseBase = login(request, provider_id)
    except (requests.RequestException, KeyError, ValueError) as problem:
        log.warning("the OpenID provider's addresses can't be read: %s", type(problem).__name__)
        return _page(request, _not_completed(), 503)
    return response


class OpenIdAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # the library carries no types
    """Takes people in with the provider's claims. Accounts of this installation are never joined by name or address."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: Any) -> Any:
        """Nothing: `take_in` makes the person."""
        return sociallogin.user

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        if sociallogin.state.get("process") == CONNECT:
            return
        try:
            take_in(request, sociallogin)
        except SignInRefused as refused:
            raise ImmediateHttpResponse(_page(request, str(refused), 403)) from refused

    def on_authentication_error(self, request: HttpRequest, provider: Any, **details: Any) -> None:
        log.warning("OpenID sign-in failed: %s", type(details.get("exception")).__name__)
        raise ImmediateHttpResponse(_page(request, _not_completed(), 403))

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:
        return reverse("profile")

    def validate_disconnect(self, account: Any, accounts: Any) -> None:
        """Whoever has no password could not sign in any more."""
        if not account.user.has_usable_password():
            raise ValidationError(_("You have no password here, so you could not sign in any more."))

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """None: history has it."""


def take_in(request: HttpRequest, sociallogin: Any) -> None:
    """Renew the person's roles, or make their account at their first sign-in. Raises SignInRefused."""
    claims = claims_of(sociallogin.account.extra_data)
    roles = list(Group.objects.filter(name__in=roles_of(claims)))
    if not (sociallogin.is_existing or roles):
        raise SignInRefused(_no_role())
    with transaction.atomic(), pghistory.context(by=BY, request_id=request_id() and str(request_id())):
        if sociallogin.is_existing:
            _renew(sociallogin.user.pk, claims, roles)
        else:
            sociallogin.connect(request, _add(claims, roles))
        # What the provider tells of a person is not kept.
        SocialAccount.objects.filter(pk=sociallogin.account.pk).update(extra_data={})
    if not roles:
        raise SignInRefused(_no_role())


def claims_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of the token and of the provider's answer about the person, which may each lack some."""
    return {**(told.get("id_token") or {}), **(told.get("userinfo") or {})}


def roles_of(claims: Mapping[str, Any]) -> set[str]:
    """The roles that the claim's values stand for; others are not looked at. A claim may be within another, by dots."""
    found: Any = claims
    for name in settings.OPENID_ROLES_CLAIM.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    values = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    return {role for value, role in settings.OPENID_ROLES if value in values}


def sign_out_url(request: HttpRequest) -> str | None:
    """Where the provider's own session ends; None if the person did not sign in there, or it has no such address."""
    records = get_authentication_records(request, request.user if request.user.is_authenticated else None)
    if not settings.OPENID_ISSUER or not any(one.get("method") == "socialaccount" for one in records):
        return None
    try:
        end = OpenIDConnectOAuth2Adapter(request, settings.OPENID_PROVIDER).openid_config.get("end_session_endpoint")
    except (requests.RequestException, ValueError) as problem:
        log.warning("the OpenID provider's addresses can't be read: %s", type(problem).__name__)
        return None
    back = request.build_absolute_uri(reverse("account_login"))
    query = urlencode({"client_id": settings.OPENID_CLIENT_ID, "post_logout_redirect_uri": back})
    return f"{end}?{query}" if end else None


@register()
def openid_is_set_up(**kwargs: Any) -> list[Error]:
    """An error for each role that there isn't, and if people could not sign in at all."""
    unknown = sorted({role for _value, role in settings.OPENID_ROLES} - ROLES.keys())
    errors = [
        Error(f"OPENID_ROLES names “{role}”; the roles are {', '.join(ROLES)}.", id="gridcall.E006") for role in unknown
    ]
    if settings.OPENID_ISSUER and not (settings.OPENID_CLIENT_ID and settings.OPENID_ROLES):
        errors.append(Error("OPENID_ISSUER takes OPENID_CLIENT_ID and OPENID_ROLES, too.", id="gridcall.E007"))
    if not settings.LOCAL_ACCOUNTS and not settings.OPENID_ISSUER:
        errors.append(Error("LOCAL_ACCOUNTS=0 takes OPENID_ISSUER: nobody could sign in.", id="gridcall.E008"))
    return errors


def _add(claims: Mapping[str, Any], roles: list[Group]) -> User:
    """A person without a password here. Raises SignInRefused if the name can't be theirs."""
    name = claims.get(settings.OPENID_USERNAME_CLAIM)
    if not isinstance(name, str) or not _is_username(name):
        raise SignInRefused(
            _("%(provider)s says no user name that can be used here. Ask its administrator for the claim %(claim)s.")
            % {"provider": settings.OPENID_NAME, "claim": settings.OPENID_USERNAME_CLAIM}
        )
    if User.objects.filter(username__iexact=name).exists():
        raise SignInRefused(
            _(
                "There is an account %(name)s of this installation already. Sign in with its password, and connect it"
                " under Your settings."
            )
            % {"name": name}
        )
    person = User(username=name, email=_email(claims), saved_by=BY, saved_at=clock.now())
    person.set_unusable_password()
    person.save()
    person.groups.set(roles)
    report_given_roles(name, [], names_of(roles), by=BY)
    return person


def _renew(pk: int, claims: Mapping[str, Any], roles: list[Group]) -> None:
    person = User.objects.select_for_update(no_key=True).get(pk=pk)
    before = names_of(person.groups.all())
    fields = {"email": _email(claims) or person.email}
    save_version(person, fields, by=BY, now=clock.now(), also=before != names_of(roles))
    person.groups.set(roles)
    report_given_roles(person.username, before, names_of(roles), by=BY)


def _is_username(name: str) -> bool:
    try:
        User._meta.get_field("username").run_validators(name)
    except ValidationError:
        return False
    return name != ""


def _email(claims: Mapping[str, Any]) -> str:
    found = claims.get("email")
    return found if isinstance(found, str) and len(found) <= 254 and "@" in found else ""


def _not_completed() -> str:
    return _("The sign-in at %(name)s was not completed. Try again, or ask an administrator.") % {
        "name": settings.OPENID_NAME
    }


def _no_role() -> str:
    return _("%(provider)s gives you no role here. Ask an administrator for one.") % {"provider": settings.OPENID_NAME}


def _page(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    return render(request, "account/openid_refused.html", {"sentence": sentence}, status=status)

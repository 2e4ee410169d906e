"""The account library's behaviour in this project."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from integration.pages.limits import is_over

from .models import User
from .openid import sign_out_url

WRONG_PASSWORDS_A_MINUTE = 30  # for one name, from all addresses together


class ClosedSignupAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # the library carries no types
    """Closes sign-up, since administrators make accounts, and locks names out by the address of wrong passwords.

    Otherwise five wrong passwords from anywhere would lock a person out on the day they are needed. Passkeys are no
    passwords, so they pass.
    """

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        return f"{super()._get_login_attempts_cache_key(request, **credentials)}:{self.get_client_ip(request)}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        name = str(credentials.get("username", "")).lower()
        if is_over("sign-in", name, per_minute=WRONG_PASSWORDS_A_MINUTE):
            raise self.validation_error("too_many_login_attempts")
        super().pre_authenticate(request, **credentials)

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Send whoever belongs to the OpenID provider there, by whatever they would sign in here."""
        is_theirs = "sociallogin" in (kwargs.get("signal_kwargs") or {})
        if not is_theirs and not may_sign_in_here(user):
            messages.error(request, _("Sign in with %(name)s.") % {"name": settings.OPENID_NAME})
            return redirect("account_login")
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return sign_out_url(request) or str(super().get_logout_redirect_url(request))


def may_sign_in_here(person: User) -> bool:
    """Whether a person may sign in without the OpenID provider.

    Whoever has no password here came from there, and a passkey set up since then must not outlive their account there.
    Superusers, whom only the terminal makes, always may.
    """
    return person.is_superuser or (settings.LOCAL_ACCOUNTS and person.has_usable_password())

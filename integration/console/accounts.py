"""The account library's behaviour in this project."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from integration.pages.limits import is_over

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

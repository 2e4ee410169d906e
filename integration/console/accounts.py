"""The account library's behaviour in this project."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedSignupAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # the library carries no types
    """Closes sign-up: administrators make accounts."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

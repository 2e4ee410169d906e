"""The account library's passkey forms, which treat a malformed answer as a wrong one instead of a server error."""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn import forms

WRONG_SHAPE = (KeyError, TypeError, ValueError, AttributeError, IndexError)


class AddForm(forms.AddWebAuthnForm):  # type: ignore[misc]  # the library carries no types
    def clean(self) -> Any:
        try:
            return super().clean()
        except WRONG_SHAPE as problem:
            raise get_adapter().validation_error("incorrect_code") from problem


class _Answer:
    """Mixed into the library's forms that take a passkey's answer."""

    def clean_credential(self) -> Any:
        form: Any = super()
        try:
            return form.clean_credential()
        except WRONG_SHAPE as problem:
            raise get_adapter().validation_error("incorrect_code") from problem


class AuthenticateForm(_Answer, forms.AuthenticateWebAuthnForm):  # type: ignore[misc]  # the library carries no types
    pass


class LoginForm(_Answer, forms.LoginWebAuthnForm):  # type: ignore[misc]  # the library carries no types
    pass


class ReauthenticateForm(_Answer, forms.ReauthenticateWebAuthnForm):  # type: ignore[misc]  # the library carries no types
    pass

"""Who needs a second factor, and who must authenticate again."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from integration.pages.access import View
from integration.pages.http import SignedInRequest
from integration.seam import clock

from .models import User


def signed_in_lately(view: View) -> View:
    """Require a recent sign-in (ACCOUNT_REAUTHENTICATION_TIMEOUT) before a change of anyone's permissions."""

    @wraps(view)
    def guarded(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        shown = get_authentication_records(request, request.user)
        if not shown or clock.now().timestamp() - shown[-1]["at"] > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
            raise ReauthenticationRequired
        return view(request, *args, **kwargs)

    return guarded


class RequireSecondFactor:
    """Sends people with MFA_REQUIRED_ROLES to set up a second factor before any page but those of their account."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: object, kwargs: object
    ) -> HttpResponseBase | None:
        asks_who = getattr(view, "allow", None) is not None
        if not (asks_who and needs_factor(request.user.pk or 0)):
            return None
        messages.warning(request, _("Your role needs a second factor. Set up an authenticator app or a passkey."))
        return redirect("mfa_index")


def needs_factor(person_id: int) -> bool:
    """Whether a person must set up a second factor before any page but those of their account opens."""
    return bool(person_id and settings.MFA_REQUIRED_ROLES) and lacks_factor(person_id)


def lacks_factor(person_id: int) -> bool:
    """Whether a person's role needs a second factor and they have none; recovery codes alone don't count."""
    factors = Authenticator.objects.filter(
        user=OuterRef("pk"), type__in=[Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    )
    needs = Q(groups__name__in=settings.MFA_REQUIRED_ROLES) | Q(is_superuser=True)
    return User.objects.filter(needs, ~Exists(factors), pk=person_id).exists()

"""Who may open a view: every view declares it, and a view that doesn't is refused."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from .http import SignedInRequest

View = Callable[..., HttpResponseBase]
# The account library guards its own pages; the adapter closes sign-up.
OPEN_MODULES = ("allauth.", "django.views.static", "django.contrib.staticfiles")


def allow(*permissions: str) -> Callable[[View], View]:
    """Open a view to signed-in people with any of these permissions; without permissions, to all signed-in people.

    For anybody else who is signed in it raises PermissionDenied with a sentence.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if permissions and not any(request.user.has_perm(name) for name in permissions):
                raise PermissionDenied(
                    _("Your roles do not include this page. Ask an administrator for the role you need.")
                )
            return view(request, *args, **kwargs)

        guarded.allow = permissions  # type: ignore[attr-defined]  # the mark DenyByDefault looks for
        return guarded

    return mark


def allow_anyone(view: View) -> View:
    """Open a view to everyone, signed in or not."""
    view.allow = None  # type: ignore[attr-defined]  # the mark DenyByDefault looks for
    return view


def says_who_may(view: Callable[..., Any]) -> bool:
    """Whether a view has a mark of this module, or belongs to a library that guards its own pages."""
    return hasattr(view, "allow") or view.__module__.startswith(OPEN_MODULES)


class DenyByDefault:
    """Refuses every view that does not declare who may open it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: object, kwargs: object) -> None:
        if not says_who_may(view):
            raise PermissionDenied(f"{view.__module__}.{view.__name__} does not declare who may open it.")

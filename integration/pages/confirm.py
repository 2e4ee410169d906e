"""The page that asks for confirmation."""

from collections.abc import Iterable

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from .http import SignedInRequest


def confirm(
    request: SignedInRequest,
    *,
    title: str,
    act: str,
    keep: str,
    keep_url: str,
    consequences: Iterable[str] = (),
    form: Form | None = None,
    hidden: Iterable[tuple[str, str]] = (),
    dangerous: bool = False,
    about: str = "",
    impossible: str = "",
) -> HttpResponse:
    """Show what would happen, with a form if more is asked. 422 if the form has errors.

    `act` is the text of the button that does it, `keep` of the one that doesn't; `hidden` are names and values that the
    form sends along; `about` says what it would be done to. If it is `impossible`, that sentence takes the place of
    consequences, form and button.
    """
    if impossible:
        consequences, form, act, keep = [impossible], None, "", _("Back")
    context = {
        "title": title,
        "act": act,
        "keep": keep,
        "keep_url": keep_url,
        "consequences": [*filter(None, [about]), *consequences],
        "form": form,
        "hidden": hidden,
        "dangerous": dangerous,
    }
    return render(request, "confirm.html", context, status=422 if form and form.errors else 200)

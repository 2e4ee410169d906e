"""The page that asks for confirmation."""

from collections.abc import Iterable

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render

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
) -> HttpResponse:
    """Show what would happen, with a form if more is asked. 422 if the form has errors.

    `act` is the text of the button that does it, empty if it can't be done; `keep` is that of the one that doesn't.
    `hidden` are names and values that the form sends along.
    """
    context = {
        "title": title,
        "act": act,
        "keep": keep,
        "keep_url": keep_url,
        "consequences": consequences,
        "form": form,
        "hidden": hidden,
        "dangerous": dangerous,
    }
    return render(request, "confirm.html", context, status=422 if form and form.errors else 200)

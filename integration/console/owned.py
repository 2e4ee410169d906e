"""What people keep for other systems: a name, an owner, and a secret that is made on its own page and shown once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from integration.pages.editing import Editing, seen_version
from integration.pages.http import SignedInRequest
from integration.seam import clock


@dataclass(frozen=True)
class Owned:
    """One kind of it, by the word that its templates use, and the field that its addresses name it by.

    own: the one that people keep under such a name; raises Http404. stored: any, as it is stored. saved: where one is
    shown after it is saved. once_page, once_address: of its secret. add, save and make_secret are the operations; the
    last two take the name as `key`.
    """

    word: str
    key: str
    form: type[Any]
    form_page: str
    once_page: str
    once_address: str
    own: Callable[[Any], Any]
    stored: Callable[[Any], Any]
    saved: Callable[[Any], HttpResponse]
    add: Callable[..., Any]
    save: Callable[..., object]
    make_secret: Callable[..., str]

    def new(self, request: SignedInRequest) -> HttpResponse:
        """Make one; its secret is made on the next page."""
        form = self.form(request.POST or None)
        if request.method == "POST" and form.is_valid():
            made = self.add(form.cleaned_data, by=request.user.username, now=clock.now())
            return redirect(self.once_address, getattr(made, self.key))
        return render(request, self.form_page, {"form": form}, status=422 if form.errors else 200)

    def edit(self, request: SignedInRequest, key: Any) -> HttpResponse:
        found = self.own(key)

        def save(version: int | None) -> None:
            given, by = editing.forms[0].cleaned_data, request.user.username
            self.save(key=key, fields=given, by=by, now=clock.now(), version=version)

        editing = Editing(request, found, lambda typed, row: [self.form(typed, instance=row)])
        if editing.is_valid() and editing.is_saved(save):
            messages.success(request, _("%(name)s is saved.") % {"name": editing.forms[0].cleaned_data["name"]})
            return self.saved(key)
        # The form's validation writes what was typed into its row; the page names what is stored.
        context = {self.word: self.stored(key), "form": editing.forms[0], "editing": editing}
        return render(request, self.form_page, context, status=editing.status)

    def secret(self, request: SignedInRequest, key: Any) -> HttpResponse:
        """Make the secret, or another in its place, and show it this once.

        It is not `acts_once`, which answers with a redirect: the secret would have to be kept for it. A form that is
        sent again has an older version, and is refused.
        """
        found, secret = self.own(key), ""
        if request.method == "POST":
            version = seen_version(request.POST, found)
            secret = self.make_secret(key=key, by=request.user.username, now=clock.now(), version=version)
            found.refresh_from_db()
        return render(request, self.once_page, {self.word: found, "secret": secret})

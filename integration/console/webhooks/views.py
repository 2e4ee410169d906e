"""Webhooks: which other systems are told of what, and the log of what was posted to each."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.editing import Editing, seen_version
from integration.pages.http import SignedInRequest
from integration.pages.keyset import keyset_page
from integration.seam import clock
from integration.seam.models import Webhook, WebhookNotice
from integration.seam.webhooks.keeping import add_webhook, make_secret, save_webhook
from integration.seam.webhooks.rows import WAITS

from ..second_factor import signed_in_lately
from .columns import NOTICES, WEBHOOKS
from .forms import WebhookForm

PERMISSION = "integration.change_webhook"


@require_safe
@allow(PERMISSION)
def webhook_list(request: SignedInRequest) -> HttpResponse:
    webhooks = Webhook.objects.select_related("owner").order_by("-is_active", Lower("name"))
    return render(request, "console/webhooks/list.html", {"columns": WEBHOOKS, "webhooks": webhooks})


@require_safe
@allow(PERMISSION)
def webhook(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """One webhook: how posting goes, and its log, newest first. The page renews itself while something is posted."""
    found = webhook_of(uid)
    notices = WebhookNotice.objects.filter(webhook=found)
    waiting = notices.filter(WAITS, dead_at=None)
    context = {
        "webhook": found,
        "columns": NOTICES,
        "page": keyset_page(notices, ("-id",), request.GET),
        "waiting": waiting.count(),
        "is_posting": waiting.filter(Q(due_at__lte=clock.now()) | Q(attempts__gt=0, error="")).exists(),
    }
    return render(request, "console/webhooks/webhook.html", context)


@ACTING
@allow(PERMISSION)
@signed_in_lately
@acts_once
def webhook_new(request: SignedInRequest) -> HttpResponse:
    """Make a webhook; its secret is made on the next page."""
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = add_webhook(form.cleaned_data, by=request.user.username, now=clock.now())
        return redirect("webhook_secret", made.uid)
    return render(request, "console/webhooks/form.html", {"form": form}, status=422 if form.errors else 200)


@ACTING
@allow(PERMISSION)
@signed_in_lately
@acts_once
def webhook_edit(request: SignedInRequest, uid: UUID) -> HttpResponse:
    found = own_webhook_of(uid)

    def save(version: int | None) -> None:
        given, by = editing.forms[0].cleaned_data, request.user.username
        save_webhook(pk=found.pk, fields=given, by=by, now=clock.now(), version=version)

    editing = Editing(request, found, lambda typed, row: [WebhookForm(typed, instance=row)])
    if editing.is_valid() and editing.is_saved(save):
        messages.success(request, _("%(name)s is saved.") % {"name": editing.forms[0].cleaned_data["name"]})
        return redirect("webhook", uid)
    # The form's validation writes what was typed into its row; the page names what is stored.
    context = {"webhook": webhook_of(uid), "form": editing.forms[0], "editing": editing}
    return render(request, "console/webhooks/form.html", context, status=editing.status)


@ACTING
@allow(PERMISSION)
@signed_in_lately
@never_cache
def webhook_secret(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """Make the secret, or another in its place, and show it this once.

    It is not `acts_once`, which answers with a redirect. A form sent again has an older version, and is refused.
    """
    found, secret = own_webhook_of(uid), ""
    if request.method == "POST":
        version = seen_version(request.POST, found)
        secret = make_secret(pk=found.pk, by=request.user.username, now=clock.now(), version=version)
        found.refresh_from_db()
    return render(request, "console/webhooks/secret.html", {"webhook": found, "secret": secret})


def own_webhook_of(uid: UUID) -> Webhook:
    """A webhook that people keep; a callback of a door is its client's."""
    return get_object_or_404(Webhook.objects.select_related("owner"), uid=uid, door="")


def webhook_of(uid: UUID) -> Webhook:
    return get_object_or_404(Webhook.objects.select_related("owner"), uid=uid)

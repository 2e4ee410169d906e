"""Webhooks: which other systems are told of what, and the log of what was posted to each."""

from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.http import SignedInRequest
from integration.pages.keyset import keyset_page
from integration.seam import clock
from integration.seam.models import Webhook, WebhookNotice
from integration.seam.webhooks.keeping import add_webhook, make_secret, save_webhook
from integration.seam.webhooks.rows import WAITS

from ..owned import Owned
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
    return WEBHOOK.new(request)


@ACTING
@allow(PERMISSION)
@signed_in_lately
@acts_once
def webhook_edit(request: SignedInRequest, uid: UUID) -> HttpResponse:
    return WEBHOOK.edit(request, uid)


@ACTING
@allow(PERMISSION)
@signed_in_lately
@never_cache
def webhook_secret(request: SignedInRequest, uid: UUID) -> HttpResponse:
    return WEBHOOK.secret(request, uid)


def own_webhook_of(uid: UUID) -> Webhook:
    """A webhook that people keep; a callback of a door is its client's."""
    return get_object_or_404(Webhook.objects.select_related("owner"), uid=uid, door="")


def webhook_of(uid: UUID) -> Webhook:
    return get_object_or_404(Webhook.objects.select_related("owner"), uid=uid)


def _pk(uid: UUID) -> int:
    return own_webhook_of(uid).pk


WEBHOOK = Owned(
    word="webhook",
    key="uid",
    form=WebhookForm,
    form_page="console/webhooks/form.html",
    once_page="console/webhooks/secret.html",
    once_address="webhook_secret",
    own=own_webhook_of,
    stored=webhook_of,
    saved=lambda uid: redirect("webhook", uid),
    add=add_webhook,
    save=lambda key, **more: save_webhook(pk=_pk(key), **more),
    make_secret=lambda key, **more: make_secret(pk=_pk(key), **more),
)

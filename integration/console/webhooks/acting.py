"""What people do to a webhook and its notices: send a test, redeliver, discard."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.confirm import confirm
from integration.pages.http import SignedInRequest
from integration.seam import clock
from integration.seam.models import WebhookNotice
from integration.seam.webhooks.keeping import (
    discard,
    not_ready,
    not_to_discard,
    not_to_redeliver,
    redeliver,
    send_test,
)

from ..monitor.forms import DiscardForm
from .columns import host_of
from .views import PERMISSION, webhook_of


@ACTING
@allow(PERMISSION)
@acts_once
def webhook_test(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """Send a notice of no change."""
    found = webhook_of(uid)
    if request.method == "POST":
        send_test(pk=found.pk, by=request.user.username)
        messages.success(request, _("The test is on its way; the log shows the answer."))
        return redirect("webhook", uid)
    return confirm(
        request,
        title=_("Send a test to “%(webhook)s”?") % {"webhook": found},
        impossible=not_ready(found),
        consequences=[
            _("%(host)s gets a notice of no change, signed as all others.") % {"host": host_of(found)},
            _("If the webhook is broken and takes it, everything that waits is posted, the oldest first."),
        ],
        act=_("Send test"),
        keep=_("Leave it as it is"),
        keep_url=reverse("webhook", args=[uid]),
    )


@ACTING
@allow(PERMISSION)
@acts_once
def webhook_redeliver(request: SignedInRequest, uid: UUID, pk: int) -> HttpResponse:
    """Post a notice again."""
    notice = _notice(uid, pk)
    if request.method == "POST":
        redeliver(notice_id=pk, by=request.user.username, now=clock.now())
        messages.success(request, _("The notice will be posted again."))
        return redirect("webhook", uid)
    return confirm(
        request,
        title=_("Redeliver %(notice)s to “%(webhook)s”?") % {"notice": notice.type, "webhook": notice.webhook},
        impossible=not_to_redeliver(notice),
        consequences=[
            _("It has the same id and content as before. A receiver that took it knows it by its id."),
            _("Later notices about the same subject that still wait follow after it."),
        ],
        act=_("Redeliver"),
        keep=_("Leave it as it is"),
        keep_url=reverse("webhook", args=[uid]),
    )


@ACTING
@allow(PERMISSION)
@acts_once
def webhook_discard(request: SignedInRequest, uid: UUID, pk: int) -> HttpResponse:
    """Give up a notice that waits, with a reason."""
    notice = _notice(uid, pk)
    form = DiscardForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        discard(notice_id=pk, by=request.user.username, reason=form.cleaned_data["reason"], now=clock.now())
        messages.success(request, _("The notice is discarded."))
        return redirect("webhook", uid)
    return confirm(
        request,
        title=_("Discard %(notice)s to “%(webhook)s” for good?") % {"notice": notice.type, "webhook": notice.webhook},
        impossible=not_to_discard(notice),
        consequences=[
            _("The receiver will never get it."),
            _("Later notices about the same subject are posted without it."),
        ],
        form=form,
        act=_("Discard"),
        keep=_("Keep it"),
        keep_url=reverse("webhook", args=[uid]),
        dangerous=True,
    )


def _notice(uid: UUID, pk: int) -> WebhookNotice:
    return get_object_or_404(WebhookNotice.objects.select_related("webhook"), webhook__uid=uid, pk=pk)

"""The columns of the lists of webhooks and of their notices."""

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integration.pages.columns import Column, Columns, link
from integration.pages.templatetags.gridcall import badge, number, when
from integration.seam.models import Webhook, WebhookNotice

WEBHOOKS = Columns[Webhook](
    "console/webhooks/list.html",
    Column(_("Name"), lambda one: link(reverse("webhook", args=[one.uid]), one.name), phone="title"),
    Column(_("State"), lambda one: badge(one.state), phone="side"),
    Column(_("Host"), lambda one: host_of(one), phone=""),
    Column(_("Owner"), lambda one: str(one.owner), phone=""),
    Column(_("What it is told of"), lambda one: ", ".join(one.kind_labels) or None, phone=""),
    Column(_("Last delivered"), lambda one: when(one.delivered_at), phone="off"),
)

NOTICES = Columns[WebhookNotice](
    "console/webhooks/webhook.html",
    Column(_("Notice"), "notice", phone="title"),
    Column(_("State"), lambda one: badge(one.state), phone="side"),
    Column(_("About"), lambda one: about(one), phone=""),
    Column(_("Made"), lambda one: when(one.made_at)),
    Column(_("Attempts"), lambda one: number(one.attempts), css="num"),
    Column(_("Answer"), "answer", phone=""),
    Column(_("Actions"), "actions", is_unseen=True, css="text-nowrap", phone=""),
)


def host_of(webhook: Webhook) -> str:
    """The host alone: the rest of an address may be a secret of the receiver's."""
    return webhook.url.split("/")[2] if webhook.url.count("/") > 1 else webhook.url


def about(notice: WebhookNotice) -> str | None:
    """What a notice is about, as people name it."""
    data = notice.data
    if "stage_number" in data:
        names = {"event": data["event_number"], "number": data["stage_number"]}
        return gettext("%(event)s stage %(number)s") % names
    if "event_number" in data:
        return str(data["event_number"])
    if "enrollment_id" in data or "moved" in data:
        return f"{data['program']} {data.get('enrollment_id', '')}".strip()
    return gettext("alert %(id)s") % {"id": data["alert_id"]} if "alert_id" in data else None

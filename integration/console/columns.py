"""The columns of the console's lists: messages, alerts, changes, people, and the tables of Overview."""

from typing import Any

from django.template.defaultfilters import yesno
from django.urls import reverse
from django.utils.dateformat import format as date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from derms.queries.available import Available
from integration.pages.columns import Column, Columns, link, noted
from integration.pages.numbers import between
from integration.pages.templatetags.gridcall import badge, kw, meter, number, when, window
from integration.seam.models import Alert, Delivery, RefusedRow, ServiceAccount
from integration.seam.recorded import in_words
from integration.seam.systems import label_of

from .changes import Change
from .models import User
from .overview import Waiting, Zone
from .running import Running

ALERTS = Columns[Alert](
    "console/alert_list.html",
    Column(
        _("Last time"),
        lambda one: when(one.last_at),
        value=lambda one: one.last_at,
        sort="-last",
        order_by="last_at",
        phone="title",
    ),
    Column(
        _("Priority"),
        lambda one: badge(one.urgency),
        value=lambda one: one.urgency,
        sort="priority",
        phone="side",
    ),
    Column(_("Kind"), lambda one: one.kind_label, value=lambda one: one.kind, sort="kind", phone="off"),
    Column(_("What"), "what", value=lambda one: one.text, phone=""),
    Column(_("What to do"), lambda one: one.to_do or None, value=lambda one: str(one.to_do)),
    Column(_("Times"), lambda one: number(one.count), value=lambda one: one.count, css="num", phone="start label"),
    Column(_("Since"), lambda one: when(one.opened_at), value=lambda one: one.opened_at, phone="off wide"),
    Column(_("Event"), "event", css="text-nowrap", phone=""),
    Column(_("Acknowledged at"), value=lambda one: one.acknowledged_at),
    Column(_("Acknowledged by"), value=lambda one: one.acknowledged_by),
    Column(_("Note"), value=lambda one: one.note),
    Column(_("Archived at"), value=lambda one: one.closed_at),
    Column(_("Archived by"), value=lambda one: one.closed_by),
    Column(_("Actions"), "actions", is_unseen=True, phone=""),
)

DELIVERIES = Columns[Delivery](
    "console/message_list.html",
    Column(_("Message"), "message", value=lambda one: one.message.uid, phone="title"),
    Column(_("Kind"), value=lambda one: one.message.kind),
    Column(_("From"), value=lambda one: one.message.sender),
    Column(_("To"), value=lambda one: one.receiver),
    Column(_("Subject"), value=lambda one: one.message.subject),
    Column(
        _("From, to"),
        lambda one: f"{label_of(one.message.sender)} → {label_of(one.receiver)}",
        css="text-nowrap",
        phone="",
    ),
    Column(_("State"), lambda one: badge(one.state), phone="side"),
    Column(_("Part"), lambda one: one.part, value=lambda one: one.part, css="num", phone="off"),
    Column(_("Sent at"), value=lambda one: one.message.sent_at),
    Column(_("Delivered at"), value=lambda one: one.delivered_at),
    Column(_("Attempts"), lambda one: one.attempt, value=lambda one: one.attempt - one.given_back, css="num"),
    Column(_("State"), value=lambda one: one.state),
    Column(_("Error"), value=lambda one: one.error),
    Column(_("Receipt"), "receipt", phone=""),
    Column(_("Sent"), lambda one: when(one.message.sent_at)),
    Column(_("Delivered"), lambda one: when(one.delivered_at)),
)

# Deliveries and due work.
DEAD_LETTERS = Columns[Any](
    "console/message_list.html",
    Column(_("What"), "dead", phone="title"),
    Column(_("To"), "dead-to", phone="side"),
    Column(_("Since"), lambda one: when(one.dead_at), phone=""),
    Column(_("Attempts"), lambda one: one.attempt, css="num"),
    Column(_("Error"), "dead-error", phone=""),
    Column(_("Actions"), "dead-actions", is_unseen=True, css="text-nowrap", phone=""),
)

DELIVERIES_OF_MESSAGE = Columns[Delivery](
    "console/message.html",
    Column(_("To"), lambda one: label_of(one.receiver), phone="title"),
    Column(_("Part"), lambda one: one.part, css="num"),
    Column(_("State"), lambda one: badge(one.state), phone="side"),
    Column(_("Attempts"), lambda one: one.attempt, css="num"),
    Column(_("Receipt"), "receipt", phone=""),
    Column(_("Delivered"), lambda one: when(one.delivered_at), phone=""),
    Column(_("Actions"), "actions", is_unseen=True, css="text-nowrap", phone=""),
)

REFUSED_ROWS = Columns[RefusedRow](
    "console/message.html",
    Column(_("Device"), lambda row: f"{row.head_end}/{row.nic_id}", phone="title"),
    Column(_("By"), lambda row: label_of(row.delivery.receiver), phone="side"),
    Column(_("Part"), lambda row: row.delivery.part, css="num"),
    Column(_("Why"), lambda row: row.reason, phone=""),
)

CHANGES = Columns[Change](
    "console/audit_trail.html",
    Column(_("At"), lambda change: when(change.at), value=lambda change: change.at, phone="title"),
    Column(_("Person"), lambda change: in_words(change.by), value=lambda change: change.by),
    Column(_("Kind"), lambda change: change.kind_word, value=lambda change: change.kind),
    Column(_("Object"), "object", value=lambda change: change.name),
    Column(_("Stage"), value=lambda change: change.part),
    Column(_("Changed"), "changed", value=lambda change: change.from_state, file_label=_("From")),
    Column(_("To"), value=lambda change: change.to_state),
    Column(_("Why"), lambda change: in_words(change.why) or None, value=lambda change: change.why),
)

USERS = Columns[User](
    "console/user_list.html",
    Column(_("User"), lambda user: link(reverse("user_edit", args=[user.username]), user.username), phone="title"),
    Column(_("Roles"), lambda user: ", ".join(str(_(group.name)) for group in user.groups.all()) or None),
    Column(_("May sign in"), lambda user: yesno(user.is_active), phone="side"),
    Column(_("Last signed in"), lambda user: when(user.last_login)),
)

SERVICE_ACCOUNTS = Columns[ServiceAccount](
    "console/service_account_list.html",
    Column(
        _("Name"),
        lambda one: (
            one.name if one.is_personal else link(reverse("service_account_edit", args=[one.client_id]), one.name)
        ),
        phone="title",
    ),
    Column(_("Client id"), lambda one: one.client_id, phone=""),
    Column(_("Owner"), lambda one: str(one.owner), phone=""),
    Column(_("Scopes"), lambda one: ", ".join(one.scopes) or None, phone=""),
    Column(_("Last day"), lambda one: one.expires_on and date_format(one.expires_on, "j M Y"), phone=""),
    Column(_("Secret"), lambda one: when(one.secret_at), phone="off"),
    Column(_("Active"), lambda one: yesno(one.is_active), phone="side"),
)


KEYS = Columns[ServiceAccount](
    "console/key_list.html",
    Column(_("Name"), lambda one: one.name.partition("/")[2], phone="title"),
    Column(_("Client id"), lambda one: one.client_id, phone=""),
    Column(_("Scopes"), lambda one: ", ".join(one.scopes) or None, phone=""),
    Column(_("Last day"), lambda one: one.expires_on and date_format(one.expires_on, "j M Y"), phone=""),
    Column(_("Made"), lambda one: when(one.secret_at), phone="off"),
    Column(
        _("Revoke"),
        lambda one: link(reverse("key_revoke", args=[one.client_id]), _("Revoke")) if one.is_active else _("Revoked"),
        phone="side",
    ),
)


def _event_link(event: Any) -> SafeString:
    return link(reverse("derms:event", args=[event.number]), event.number)


def _window(event: Any) -> SafeString:
    return window(event.starts_at, event.ends_at)


# Running events, with what they deliver now.
RUNNING_EVENTS = Columns[Running](
    "console/overview_events.html",
    Column(_("Event"), lambda row: noted(_event_link(row.event), row.event.name), phone="title"),
    Column(_("Control zone"), lambda row: row.event.zone, phone=""),
    Column(_("Delivering now"), "delivering", phone=""),
    Column(_("Missing now"), "lacks", css="num", phone="start label"),
    Column(_("Ends in"), "ends-in", css="num", phone="end label"),
)

AVAILABLE = Columns[Available](
    "console/overview_available.html",
    Column(_("Program"), lambda row: row.program, phone="title"),
    Column(_("Available"), lambda row: kw(row.kw), css="num", phone="side"),
    Column(_("90 % between"), lambda row: between(row.low_kw, row.high_kw), css="num", phone=""),
    Column(_("Devices"), lambda row: number(row.devices), css="num"),
)

WAITING = Columns[Waiting](
    "console/overview_waiting.html",
    Column(_("Event"), lambda row: _event_link(row.event), phone="title"),
    Column(_("Name"), lambda row: noted(row.event.name, row.event.zone), phone=""),
    Column(_("State"), lambda row: badge(row.event.state), phone="side"),
    Column(_("What to do"), lambda row: row.what, phone=""),
    Column(_("Window"), lambda row: _window(row.event), phone=""),
    Column(_("Starts in"), "starts-in", css="num"),
)

ZONES = Columns[Zone](
    "console/overview_zones.html",
    Column(_("Zone"), lambda row: row.zone, phone="title"),
    Column(_("Load"), lambda row: kw(row.load_kw), css="num", phone="start label"),
    Column(_("Limit"), lambda row: kw(row.zone.limit_kw), css="num", phone="end label"),
    Column(_("Peak of the next 24 hours"), "peak", phone=""),
    Column(_("Peak against limit"), lambda row: meter(row.peak_kw, row.zone.limit_kw), phone=""),
    Column(_("Forecast until"), "forecast"),
)

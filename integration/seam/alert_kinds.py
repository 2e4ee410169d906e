"""The kinds of alerts: what each is about, how urgent it is, and what to do about it.

Filters, the list of alerts and the table in docs/reference/alerts.md are made from this.
"""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class AlertKind(NamedTuple):
    """What people read about one kind; `when`, `priority` and `closes` are written for the documentation."""

    label: str | Promise
    when: str
    priority: str
    closes: str
    to_do: str | Promise


ALERT_KINDS: dict[str, AlertKind] = {
    "delivering below target": AlertKind(
        _("Delivering below target"),
        "a running event delivers less than `DELIVERED_EXPECTED_PCT` of its target in two reports, later than in a "
        "stage's first two minutes, or did at its end; it names the missing kW and what most devices that fail have in "
        "common",
        "High from `MISSING_HIGH_KW`, Medium from `MISSING_MEDIUM_KW`, else Low",
        "enough is delivered again; after the end somebody archives it",
        _("Plan another event for the missing power, and call the operator of the head end it names."),
    ),
    "answers below expectation": AlertKind(
        _("Answers below expectation"),
        "fewer than `ANSWERS_EXPECTED_PCT` of a running stage's called devices take part; a rejection is no answer",
        "Medium",
        "enough take part, or the stage is over",
        _("Look at the head ends under Live Energy Connect, and call their operators."),
    ),
    "target no longer met": AlertKind(
        _("Target no longer met"),
        "before the start, less than `RESERVED_EXPECTED_PCT` of the target is reserved, and more than the accepted "
        "shortfall is missing",
        "Medium",
        "enough is reserved again, or the stages have started",
        _("Plan another event for the missing power, or accept that less is delivered."),
    ),
    "head end silent": AlertKind(
        _("Head end silent"),
        "none of the devices behind a head end system, 20 or more, has answered the call of a running stage",
        "by the missing power, as *delivering below target*",
        "a device answers, or the stage is over",
        _("Call the operator of the head end; plan another event for the missing power."),
    ),
    "event aborted": AlertKind(
        _("Event aborted"),
        "an administrator aborted an event: everything it held is released",
        "High",
        "somebody archives it",
        _("Plan another event if its power is still needed, and look for what it was stuck on."),
    ),
    "plan past its start": AlertKind(
        _("Plan past its start"),
        "an event is still Submitted or Approved when its first stage should start",
        "Low",
        "it is withdrawn, denied or canceled",
        _("Withdraw it and set new times, or cancel it."),
    ),
    "stage without devices": AlertKind(
        _("Stage without devices"),
        "Schedule found no device for a stage of the event",
        "High",
        "the stage is over",
        _("Look on the stage's page at why devices were left out; cancel the stage, or plan another event."),
    ),
    "event not scheduled": AlertKind(
        _("Event not scheduled"),
        "Schedule found too few devices, or came too late",
        "High",
        "it is scheduled, sent back or canceled",
        _("Schedule again, schedule with the shortfall, or cancel the event."),
    ),
    "stage late": AlertKind(
        _("Stage late"),
        "a stage's start has come before its reservations reached Live Energy Connect",
        "Medium",
        "they are loaded, or the stage is over",
        _("Look under Messages at what waits or failed."),
    ),
    "stage not started": AlertKind(
        _("Stage not started"),
        "60 s after its start, Live Energy Connect has not reported it",
        "High",
        "it starts, or is canceled",
        _("Look at Live Energy Connect and at Messages; cancel the stage if it is no longer needed."),
    ),
    "devices not called": AlertKind(
        _("Devices not called"),
        "a stage called fewer devices than were reserved and had not left it, or ended before it called any",
        "High",
        "somebody archives it",
        _("Read under Messages why the call failed; plan another event for the missing power."),
    ),
    "head end not told": AlertKind(
        _("Head end not told"),
        "a stage started and a head end reached by OpenADR had not read it, so its devices are not called",
        "High",
        "the head end reads it, or the stage is over",
        _("Call the operator of the head end; plan another event for the missing power."),
    ),
    "removal not read": AlertKind(
        _("Removal not read"),
        "a stage started before a head end reached by OpenADR had read that devices leave it; they may be called",
        "High",
        "the stage is over",
        _("Call the operator of the head end: the customers have opted out or are unavailable."),
    ),
    "stage missed": AlertKind(
        _("Stage missed"),
        "a stage could not start before its end",
        "High",
        "somebody archives it",
        _("Plan another event if the power is still needed; find out why nothing was started."),
    ),
    "stage not ended": AlertKind(
        _("Stage not ended"),
        "5 min after its end, Live Energy Connect has not reported it",
        "High",
        "it ends, or is canceled",
        _("Look at Live Energy Connect: devices may still be controlled. Cancel the stage to release them."),
    ),
    "forecast too old": AlertKind(
        _("Forecast too old"),
        "a zone's newest forecast is older than `FORECAST_OLD_HOURS`",
        "Medium",
        "a forecast is loaded",
        _("Load a new forecast: goals and expected power come from the old one until then."),
    ),
    "message": AlertKind(
        _("Message"),
        "a message or due work has failed three times, waits for 15 min, or is a dead letter",
        "Medium; dead letters High",
        "it is applied, retried or discarded",
        _("Read its error under Messages; Retry once the cause is gone, or Discard it."),
    ),
    "demo password": AlertKind(
        _("Demo password"),
        "somebody can sign in with the demo's public password, outside a demo",
        "High",
        "nobody can any more; looked at each night",
        _("Under Users and roles, take “May sign in” away from the people named, or give them other passwords."),
    ),
    "role given": AlertKind(
        _("Role given"),
        "somebody becomes an approver, an administrator (not the first one) or a superuser",
        "High",
        "somebody archives it",
        _("Ask the people named if this was agreed. If not, take the role away under Users and roles."),
    ),
    "rows refused": AlertKind(
        _("Rows refused"),
        "a system refused rows of an extract that it received",
        "Medium; High if it applied none",
        "somebody archives it",
        _("Read under Messages which rows were refused and why; correct the devices, or tell the sending system."),
    ),
    "extract refused": AlertKind(
        _("Extract refused"),
        "an [extract that another DERMS dropped](reference-interfaces.md#bulk-by-file) can't be taken over",
        "High",
        "somebody archives it",
        _("Tell the operator of the other DERMS what it names; the extract has to be dropped again."),
    ),
    "webhook": AlertKind(
        _("Webhook"),
        "a [webhook](webhooks.md) has taken nothing for three attempts, is broken, or a notice to it is a dead letter",
        "Medium; High if it is broken",
        "it takes something again; a dead letter is redelivered or discarded",
        _("Ask the operator of the receiver; send a test from the webhook's page once the cause is gone."),
    ),
    "cancel not read": AlertKind(
        _("Cancel not read"),
        "a stage was canceled, and head ends that had read it have not read that within a minute",
        "High",
        "they have read it; else somebody archives it",
        _("Call the operator of the head end: its devices may run until the stage's end."),
    ),
    "broker": AlertKind(
        _("Broker for MQTT"),
        "the broker for MQTT (`MQTT_URL`) has taken nothing for three attempts; head ends still learn of everything "
        "when they poll",
        "Medium",
        "it takes something again",
        _("See that the broker runs, and that Gridcall may sign in there; what it should hear is sent once it does."),
    ),
    "alert not e-mailed": AlertKind(
        _("Alert not e-mailed"),
        "the mail server refused an e-mail about alerts to a person who asked for them",
        "Medium",
        "somebody archives it",
        _("Correct the e-mail address of the account under Users and roles; tell the person of the open alerts."),
    ),
    "notification": AlertKind(
        _("Notification"),
        "the mail server can't be reached, or customers of an event could not be e-mailed after all attempts",
        "High; Medium",
        "the mail server is back; else somebody archives it",
        _("Check the mail server and the customers' addresses; call the customers if the event matters to them."),
    ),
}

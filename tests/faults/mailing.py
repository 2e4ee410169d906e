"""A mail server that is away: nobody listens at its port, then somebody listens and says nothing."""

import time

from django.db.models import QuerySet

from cpm.models import Notification
from cpm.models.customers import Customer
from derms.models import Event
from tests.faults import figures
from tests.faults.driver import Driver, Planned
from tests.faults.row import Row
from tests.faults.system import System, patiently
from tests.processes import eventually

HOUR_S = 3600.0
EVENTS = 2
TOLD_S = 120.0  # after the server is back: a pause of 30 s, and the e-mails


def mail_away(system: System, driver: Driver, seconds: int) -> Row:
    system.mail.leave()
    unknown = patiently(lambda: Customer.objects.filter(number__startswith=driver.told.code).earliest("pk"))
    system.mail.sink.unknown = unknown.email
    events = driver.prepare(driver.told, events=EVENTS, ahead_s=HOUR_S, length_s=60)
    time.sleep(seconds / 2)
    system.mail.fall_silent()
    time.sleep(seconds / 2)
    early = patiently(lambda: _due(events).filter(emailed_at__isnull=False).count())
    system.mail.start()
    took = figures.seconds_until(lambda: _are_told(events), most=TOLD_S)
    for event in events:
        driver.cancel(event)
    eventually(lambda: patiently(lambda: _hear_of_cancel(events)), TOLD_S)
    return patiently(lambda: _row(system, events, unknown, seconds, early, took))


def _due(events: list[Planned]) -> "QuerySet[Notification]":
    uids = Event.objects.filter(number__in=[event.number for event in events]).values("uid")
    return Notification.objects.filter(event_uid__in=uids)


def _others(events: list[Planned], kind: str) -> "QuerySet[Notification]":
    """The notifications of everybody who has an address that the server knows."""
    with_address = _due(events).filter(kind=kind).exclude(customer__email="")
    return with_address.exclude(not_sent="SMTPRecipientsRefused")


def _are_told(events: list[Planned]) -> bool:
    coming = _others(events, "reserved")
    return coming.exists() and not coming.filter(emailed_at=None).exists()


def _hear_of_cancel(events: list[Planned]) -> bool:
    canceled = _others(events, "canceled").filter(emailed_at__isnull=False)
    return canceled.count() >= _others(events, "reserved").count() > 0


def _row(system: System, events: list[Planned], unknown: Customer, seconds: int, early: int, took: float) -> Row:
    """Every e-mail is counted at the mail server, by its Message-ID."""
    wanted = [
        str(uid) for kind in ("reserved", "canceled") for uid in _others(events, kind).values_list("uid", flat=True)
    ]
    arrived = [system.mail.sink.ids[uid] for uid in wanted]
    lost, twice = arrived.count(0), sum(count > 1 for count in arrived)
    refused = _due(events).filter(customer=unknown, emailed_at=None, not_sent="SMTPRecipientsRefused").count()
    ok = (
        wanted and not (lost or twice or early) and took < TOLD_S and refused == len(events) and _hear_of_cancel(events)
    )
    return Row(
        f"mail server away for {seconds} s: nobody listens, then nobody answers",
        len(events),
        f"nobody lost, nobody e-mailed twice, told <= {TOLD_S:.0f} s after it is back",
        f"{lost} lost and {twice} twice of {len(wanted)}, told {took:.0f} s after it was back;"
        f" {refused} refused for their address alone",
        bool(ok),
        ("I12",),
    )

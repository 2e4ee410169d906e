"""A mail server that is away: nobody listens at its port, then somebody listens and says nothing."""

import time
from typing import NamedTuple

from django.db.models import QuerySet

from cpm.models import Notification
from cpm.models.customers import Customer
from derms.models import Event
from tests.faults import figures
from tests.faults.driver import Driver, Planned
from tests.faults.row import Row
from tests.faults.system import System, patiently

HOUR_S = 3600.0
EVENTS = 2
TOLD_S = 120.0  # after the server is back: a pause of 30 s, and the e-mails


class Recipients(NamedTuple):
    """Customers with reserved devices in some events; the mail server does not know the address of one of them."""

    events: list[Planned]
    unknown: Customer

    def notifications(self, kind: str) -> "QuerySet[Notification]":
        """Those of everybody who has an address that the server knows."""
        known = Notification.objects.exclude(customer=self.unknown).exclude(customer__email="")
        return known.filter(kind=kind, event_uid__in=self._uids())

    def heard(self, kind: str) -> bool:
        """Whether every one of them was e-mailed."""
        return self.notifications(kind).exclude(emailed_at=None).count() == len(self.events) * self._each() > 0

    def refused(self) -> int:
        """How many e-mails the server refused for the unknown address."""
        refused = Notification.objects.filter(customer=self.unknown, not_sent="SMTPRecipientsRefused")
        return refused.filter(event_uid__in=self._uids()).count()

    def _uids(self) -> "QuerySet[Event]":
        return Event.objects.filter(number__in=[event.number for event in self.events]).values("uid")

    def _each(self) -> int:
        """Every customer of the fleet has one device, and each event reserves all of them."""
        fleet = Customer.objects.filter(number__startswith=self.events[0].fleet.code).exclude(email="")
        return fleet.exclude(pk=self.unknown.pk).count()


def mail_away(system: System, driver: Driver, seconds: int) -> Row:
    system.mail.leave()
    unknown = patiently(lambda: Customer.objects.filter(number=f"{driver.told.code}C1").get())
    system.mail.sink.unknown = unknown.email
    told = Recipients(driver.prepare(driver.told, events=EVENTS, ahead_s=HOUR_S, length_s=60), unknown)
    time.sleep(seconds / 2)
    system.mail.fall_silent()
    time.sleep(seconds / 2)
    early = patiently(lambda: told.notifications("reserved").exclude(emailed_at=None).count())
    system.mail.start()
    took = figures.seconds_until(lambda: told.heard("reserved"), most=TOLD_S)
    figures.seconds_until(lambda: told.refused() == EVENTS, most=TOLD_S)
    refused = patiently(told.refused)
    for event in told.events:
        driver.cancel(event)
    figures.seconds_until(lambda: told.heard("canceled"), most=TOLD_S)
    return patiently(lambda: _row(system, told, seconds, early=early, took=took, refused=refused))


def _row(system: System, told: Recipients, seconds: int, *, early: int, took: float, refused: int) -> Row:
    """Every e-mail is counted at the mail server, by its Message-ID."""
    wanted = [
        uid for kind in ("reserved", "canceled") for uid in told.notifications(kind).values_list("uid", flat=True)
    ]
    arrived = [system.mail.sink.ids[str(uid)] for uid in wanted]
    lost, twice = arrived.count(0), sum(count > 1 for count in arrived)
    held = told.heard("reserved") and told.heard("canceled") and took < TOLD_S and refused == EVENTS
    return Row(
        f"mail server away for {seconds} s: nobody listens, then nobody answers",
        len(told.events),
        f"nobody lost, nobody e-mailed twice, told <= {TOLD_S:.0f} s after it is back",
        f"{lost} lost and {twice} twice of {len(wanted)}, {early} told before it was back, the last {took:.0f} s after;"
        f" {refused} refused, for the one address that the server does not know",
        held and not (lost or twice or early),
        ("I12",),
    )

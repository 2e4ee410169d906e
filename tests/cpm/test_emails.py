"""Failures of e-mails: each costs the notification that failed, and is made up for when it is over."""

import re
import smtplib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from cpm import operations
from cpm.models import Notification, SelfServiceLink
from cpm.models.customers import Customer, Device
from cpm.models.program_events import ProgramEvent
from cpm.operations import emails
from integration.seam import clock
from integration.seam.models import Alert
from tests.browser.conftest import free_port
from tests.cpm.test_notifications import send, told
from tests.smtp import Sink, receiving

Make = Callable[..., ProgramEvent]
IMPOSSIBLE = "pat@example.com\u200f"


@pytest.fixture
def server(settings: Any) -> Iterator[Sink]:
    with receiving(settings, Sink()) as sink:
        yield sink


def test_an_impossible_address_costs_its_own_customer_the_e_mail_and_nobody_else(
    make_program_event: Make, now: datetime, server: Sink
) -> None:
    event = make_program_event()
    Customer.objects.filter(number="NC3").update(email=IMPOSSIBLE)
    operations.notify_customers(event.pk, now=now)
    send(passes=emails.ATTEMPTS + 3)
    assert server.recipients() == [f"c{n}@example.invalid" for n in (1, 2, 4, 5)]
    assert [one for one in told("reserved") if not one[1]] == [("NC3", False, "UnicodeError")]
    for mail in server.received:
        (token,) = re.findall(r"/my-devices/(\S+)/", mail.get_payload())
        assert SelfServiceLink.objects.filter(uid=SelfServiceLink.uid_of(token)).exists()
    alert = Alert.objects.get()
    assert alert.text.startswith("1 customers of DR-2026-0001 could not be e-mailed after 6 attempts.")
    assert alert.event_uid == event.event_uid
    assert "example.com" not in alert.text


@pytest.mark.parametrize(
    "harm",
    [
        lambda: Customer.objects.filter(number="NC3").update(email="a@b\nBcc: c@example.invalid"),
        lambda: Device.objects.filter(location__customer__number="NC3").update(device_class="toaster"),
        lambda: Customer.objects.get(number="NC3").locations.update(time_zone="No/Where"),
    ],
    ids=["address", "device", "time zone"],
)
def test_whatever_one_row_raises_the_others_are_told(
    make_program_event: Make, now: datetime, server: Sink, harm: Callable[[], object]
) -> None:
    event = make_program_event()
    harm()
    operations.notify_customers(event.pk, now=now)
    send(passes=3)
    assert {f"c{n}@example.invalid" for n in (1, 2, 4, 5)} <= set(server.recipients())
    assert len(server.received) == len(set(server.recipients()))


def test_who_has_no_address_is_not_e_mailed_and_their_page_says_so(
    make_program_event: Make, now: datetime, mailoutbox: list[EmailMessage], as_csr: Client
) -> None:
    event = make_program_event()
    Customer.objects.filter(number="NC1").update(email="")
    operations.notify_customers(event.pk, now=now)
    send()
    assert len(mailoutbox) == 4
    assert told("reserved")[0] == ("NC1", False, "no address")
    page = as_csr.get("/customers/NC1/").content.decode()
    assert "not e-mailed: the customer has no e-mail address" in " ".join(re.sub("<[^>]+>", "", page).split())
    assert not Alert.objects.exists()


@pytest.mark.parametrize(
    ("given", "why"), [({"consents": False}, "no consent"), ({"channel": "telephone"}, "other channel")]
)
def test_who_wants_no_e_mails_gets_none(
    make_program_event: Make, now: datetime, mailoutbox: list[EmailMessage], given: dict[str, Any], why: str
) -> None:
    event = make_program_event()
    Customer.objects.filter(number="NC1").update(**given)
    operations.notify_customers(event.pk, now=now)
    send()
    assert len(mailoutbox) == 4
    assert told("reserved")[0] == ("NC1", False, why)


def test_a_customer_reads_their_own_language(
    make_program_event: Make, now: datetime, mailoutbox: list[EmailMessage]
) -> None:
    event = make_program_event()
    Customer.objects.filter(number="NC1").update(language="de")
    operations.notify_customers(event.pk, now=now)
    send()
    subjects = {one.to[0]: one.subject for one in mailoutbox}
    assert "Ihre Geräte nehmen" in subjects["c1@example.invalid"]
    assert "your devices take part" in subjects["c2@example.invalid"]


def test_a_mail_server_that_is_away_delays_and_loses_and_doubles_nothing(
    make_program_event: Make, now: datetime, server: Sink, settings: Any
) -> None:
    operations.notify_customers(make_program_event().pk, now=now)
    there, settings.EMAIL_PORT = settings.EMAIL_PORT, free_port()
    send(passes=20)
    assert set(Notification.objects.values_list("attempts", "not_sent")) == {(0, "ConnectionRefusedError")}
    assert Notification.objects.filter(due_at__gt=clock.now()).count() == 5
    alert = Alert.objects.get(closed_at=None)
    assert "The mail server can't be reached (ConnectionRefusedError)" in alert.text
    settings.EMAIL_PORT = there
    send(passes=2)
    Notification.objects.update(due_at=clock.now())
    send(passes=2)
    assert server.recipients() == [f"c{n}@example.invalid" for n in range(1, 6)]
    assert not Alert.objects.filter(closed_at=None).exists()


def test_a_connection_that_breaks_is_opened_again(
    make_program_event: Make, now: datetime, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    operations.notify_customers(make_program_event().pk, now=now)
    really, broken = EmailMessage.send, []

    def break_once(mail: EmailMessage, *args: Any) -> int:
        if not broken:
            broken.append(1)
            raise smtplib.SMTPServerDisconnected
        return really(mail, *args)

    monkeypatch.setattr(EmailMessage, "send", break_once)
    send()
    assert not mailoutbox, "the rest of the turn would fail on the same connection"
    send(passes=3)
    assert len(mailoutbox) == 5


def test_a_process_that_dies_while_it_sends_uses_up_the_attempts_of_one_notification(
    make_program_event: Make, now: datetime, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    operations.notify_customers(make_program_event(reserved=(0, 1)).pk, now=now)

    class Died(BaseException):
        pass

    def die(mail: EmailMessage, *args: Any) -> int:
        raise Died

    with monkeypatch.context() as dying:
        dying.setattr(EmailMessage, "send", die)
        with pytest.raises(Died):
            send()
    assert sorted(Notification.objects.values_list("attempts", flat=True)) == [0, 1]
    send()
    assert len(mailoutbox) == 1, "the other one is not held up"
    send(passes=2)
    assert len(mailoutbox) == 2

"""Notifications: one per customer and event, created by one statement and e-mailed by workers in batches."""

import re
import smtplib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from cpm import operations
from cpm.models import Notification, NotificationBatch, Participation, SelfServiceLink
from cpm.models.customers import Customer
from cpm.models.program_events import ProgramEvent
from cpm.operations import notifications as sending
from cpm.queries import notification_batch_ids_to_send, program_event_ids_to_notify
from integration.seam.models import Alert

Make = Callable[..., ProgramEvent]


def batch() -> NotificationBatch:
    return NotificationBatch.objects.get()


def test_each_customer_is_notified_and_e_mailed_when_devices_are_reserved(
    reserved: ProgramEvent, mailoutbox: list[EmailMessage]
) -> None:
    assert Notification.objects.count() == 20
    assert sorted(to for mail in mailoutbox for to in mail.to) == sorted(
        Customer.objects.values_list("email", flat=True)
    )
    assert not Notification.objects.filter(emailed_at=None).exists()
    assert batch().done_at is not None


def test_the_e_mail_says_what_when_until_when_and_where(
    reserved: ProgramEvent, mailoutbox: list[EmailMessage], settings: Any
) -> None:
    mail = next(mail for mail in mailoutbox if mail.to == ["c1@example.invalid"])
    body = str(mail.body)
    assert mail.subject == "Your devices take part: Heat peak"
    assert "Thermostat N0000001, " in body
    assert f"{reserved.starts_at:%M} to " in body
    assert "You can opt out until" in body
    assert "N0000002" not in body
    link = SelfServiceLink.objects.get(customer__number="NC1")
    (address,) = re.findall(r"http://\S+", body)
    assert address == f"{settings.PUBLIC_URL}/my-devices/{link.token}/"
    assert link.expires_at - link.made_at == timedelta(days=14)


def test_a_customer_is_told_once_of_an_event_with_many_stages(make_program_event: Make, now: datetime) -> None:
    first = make_program_event("DR-2026-0001", reserved=(0, 1))
    second = make_program_event("DR-2026-0001", stage_number=2, reserved=(0, 1, 2))
    ProgramEvent.objects.filter(pk=second.pk).update(event_uid=first.event_uid)
    for event in (first, second, first):
        operations.notify_customers(event.pk, now=now)
    notified = Notification.objects.order_by("pk").values_list("customer__number", "program_event__stage_number")
    assert list(notified) == [("NC1", 1), ("NC2", 1), ("NC3", 2)]


def test_it_is_one_statement_whatever_the_number_of_customers(
    make_program_event: Make, now: datetime, django_assert_num_queries: Any
) -> None:
    one, five = make_program_event("DR-2026-0001", reserved=(0,)), make_program_event("DR-2026-0002")
    with django_assert_num_queries(6) as few:
        operations.notify_customers(one.pk, now=now)
    with django_assert_num_queries(len(few)):
        operations.notify_customers(five.pk, now=now)


def test_customers_are_batched(make_program_event: Make, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "BATCH_SIZE", 2)
    operations.notify_customers(make_program_event().pk, now=now)
    assert list(Notification.objects.order_by("customer").values_list("batch_number", flat=True)) == [0, 0, 1, 1, 2]
    assert NotificationBatch.objects.count() == 3


def test_what_is_due(make_program_event: Make, now: datetime) -> None:
    coming = make_program_event("DR-2026-0001", event_name="coming")
    make_program_event("DR-2026-0002", starts_in=-timedelta(hours=2))
    make_program_event("DR-2026-0003", state="Canceled")
    ProgramEvent.objects.filter(pk=make_program_event("DR-2026-0004").pk).update(reservations_loaded_at=None)
    assert list(program_event_ids_to_notify(now)) == [coming.pk]
    operations.notify_customers(coming.pk, now=now)
    assert list(program_event_ids_to_notify(now)) == []
    assert list(notification_batch_ids_to_send(now)) == [batch().pk]


def test_mail_is_printed_to_no_log(make_program_event: Make, now: datetime, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    operations.notify_customers(make_program_event().pk, now=now)
    assert list(notification_batch_ids_to_send(now)) == []


def test_who_cannot_be_reached_is_tried_again_and_nobody_is_mailed_twice(
    make_program_event: Make, now: datetime, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    operations.notify_customers(make_program_event().pk, now=now)
    send = EmailMessage.send

    def refuse_one(mail: EmailMessage, *args: Any) -> int:
        if mail.to == ["c2@example.invalid"]:
            raise smtplib.SMTPRecipientsRefused({"c2@example.invalid": (550, b"no such mailbox")})
        return send(mail)

    monkeypatch.setattr(EmailMessage, "send", refuse_one)
    for attempt in range(1, sending.ATTEMPTS + 1):
        assert (batch().attempts, batch().done_at) == (attempt - 1, None)
        operations.send_notification_batch(batch().pk, now=batch().due_at)
    assert len(mailoutbox) == 4
    assert batch().done_at
    left = Notification.objects.get(emailed_at=None)
    assert (left.customer.number, left.error) == ("NC2", "SMTPRecipientsRefused")
    alert = Alert.objects.get()
    assert "could not be e-mailed" in alert.text
    assert "example.invalid" not in alert.text


def test_a_mail_server_that_is_away_is_asked_once_for_a_batch(
    make_program_event: Make, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    operations.notify_customers(make_program_event().pk, now=now)
    asked = []

    def away(self: Any) -> None:
        asked.append(1)
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.open", away, raising=False)
    operations.send_notification_batch(batch().pk, now=now)
    assert len(asked) == 1
    assert Notification.objects.filter(error="ConnectionRefusedError").count() == 5
    assert batch().due_at > now


def test_nobody_is_mailed_of_what_was_canceled_or_left_meanwhile(
    make_program_event: Make, now: datetime, mailoutbox: list[EmailMessage]
) -> None:
    event = make_program_event(reserved=(0, 1))
    operations.notify_customers(event.pk, now=now)
    gone = Customer.objects.get(number="NC1")
    Participation.objects.filter(program_event_id=event.pk, device_id=gone.locations.get().devices.get().pk).update(
        reservation_flag=False
    )
    operations.send_notification_batch(batch().pk, now=now)
    assert [mail.to for mail in mailoutbox] == [["c2@example.invalid"]]
    assert list(Notification.objects.filter(emailed_at=None).values_list("customer__number", flat=True)) == ["NC1"]


def test_the_summary_lists_them(reserved: ProgramEvent, customer: Customer, as_csr: Client) -> None:
    page = as_csr.get("/customers/NC1/").content.decode()
    assert f"Devices are reserved for Heat peak ({reserved.event_number})" in page
    assert "e-mailed" in page

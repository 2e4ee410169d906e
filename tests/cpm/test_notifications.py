"""Notifications: a row for each customer, event and kind, e-mailed one by one; a failure costs the one that failed."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.mail import EmailMessage, get_connection
from django.test import Client

from cpm import operations
from cpm.models import Notification, Participation, Removal, SelfServiceLink
from cpm.models.customers import Customer, Device
from cpm.models.program_events import ProgramEvent, Transition
from cpm.operations import emails
from cpm.operations.notifications import confirm_opt_out
from cpm.queries import lanes_to_send, program_event_ids_over, program_event_ids_to_notify
from integration.seam import clock

Make = Callable[..., ProgramEvent]


def send(*, passes: int = 1) -> None:
    """Send what is due; each further pass comes when everything that waits is due again."""
    for number in range(passes):
        if number:
            Notification.objects.filter(done_at=None).update(due_at=clock.now())
        emails.send_due_notifications(seconds=30)


def end(event: ProgramEvent, state: str, **fields: Any) -> None:
    """End a program event as a message about its stage does."""
    ProgramEvent.objects.filter(pk=event.pk).update(state=state, revision=2, **fields)
    Transition.objects.create(
        program_event=event, revision=2, from_state="Scheduled", to_state=state, at=clock.now(), by="DERMS"
    )


def cancel(event: ProgramEvent, **fields: Any) -> None:
    end(event, "Canceled", **fields)
    operations.notify_of_end(event.pk, now=clock.now())


def told(kind: str) -> list[tuple[str, bool, str]]:
    """Of each notification of a kind: the customer, whether they were e-mailed, and why not."""
    found = Notification.objects.filter(kind=kind).order_by("customer")
    return [(one.customer.number, one.emailed_at is not None, one.not_sent) for one in found]


@pytest.fixture
def two_stages(make_program_event: Make) -> tuple[ProgramEvent, ProgramEvent]:
    """An event of two stages, an hour apart."""
    first = make_program_event("DR-2026-0001")
    second = make_program_event("DR-2026-0001", stage_number=2, starts_in=timedelta(hours=4))
    ProgramEvent.objects.filter(pk=second.pk).update(event_uid=first.event_uid)
    second.refresh_from_db()
    return first, second


def test_each_customer_is_notified_and_e_mailed_when_devices_are_reserved(
    reserved: ProgramEvent, mailoutbox: list[EmailMessage]
) -> None:
    assert Notification.objects.count() == 20
    assert sorted(to for mail in mailoutbox for to in mail.to) == sorted(
        Customer.objects.values_list("email", flat=True)
    )
    assert not Notification.objects.filter(emailed_at=None).exists()


def test_the_e_mail_says_what_when_until_when_and_from_whom(
    reserved: ProgramEvent, mailoutbox: list[EmailMessage], settings: Any
) -> None:
    settings.UTILITY_NAME, settings.UTILITY_PHONE = "Example Utility", "555-0199"
    settings.EMAIL_REPLY_TO = "help@example.invalid"
    Notification.objects.update(done_at=None, emailed_at=None, due_at=clock.now())
    mailoutbox.clear()
    send()
    mail = next(mail for mail in mailoutbox if mail.to == ["c1@example.invalid"])
    body = str(mail.body)
    assert re.fullmatch(
        rf"{reserved.program.name}: your devices take part on \w+ \d+ \w+ \d\d:\d\d E[SD]T", mail.subject
    )
    assert "Heat peak" not in mail.subject + body, "the operator's own name of the event is not for customers"
    assert "Thermostat N0000001, " in body
    assert f"{reserved.starts_at:%M} to " in body
    assert "You can opt out until" in body
    assert "N0000002" not in body
    assert "Example Utility\nTelephone 555-0199" in body
    assert mail.reply_to == ["help@example.invalid"]
    assert "\n\n\n" not in body
    link = SelfServiceLink.objects.get(customer__number="NC1")
    (address,) = re.findall(r"http://\S+", body)
    assert address == f"{settings.PUBLIC_URL}/my-devices/{link.token}/"
    assert link.expires_at - link.made_at == timedelta(days=14)


def test_a_customer_is_told_once_of_an_event_with_many_stages(
    two_stages: tuple[ProgramEvent, ProgramEvent], now: datetime
) -> None:
    first, second = two_stages
    Participation.objects.filter(program_event_id=first.pk).exclude(
        device_id__in=Device.objects.order_by("pk").values("pk")[:2]
    ).delete()
    for event in (first, second, first):
        operations.notify_customers(event.pk, now=now)
    notified = Notification.objects.order_by("customer").values_list("customer__number", "program_event__stage_number")
    assert list(notified) == [("NC1", 1), ("NC2", 1), ("NC3", 2), ("NC4", 2), ("NC5", 2)]


def test_it_is_one_statement_whatever_the_number_of_customers(
    make_program_event: Make, now: datetime, django_assert_num_queries: Any
) -> None:
    one, five = make_program_event("DR-2026-0001", reserved=(0,)), make_program_event("DR-2026-0002")
    with django_assert_num_queries(5) as few:
        operations.notify_customers(one.pk, now=now)
    with django_assert_num_queries(len(few)):
        operations.notify_customers(five.pk, now=now)


def test_what_is_due(make_program_event: Make, now: datetime) -> None:
    coming = make_program_event("DR-2026-0001", event_name="coming")
    make_program_event("DR-2026-0002", starts_in=-timedelta(hours=2))
    make_program_event("DR-2026-0003", state="Canceled")
    ProgramEvent.objects.filter(pk=make_program_event("DR-2026-0004").pk).update(reservations_loaded_at=None)
    assert list(program_event_ids_to_notify(now)) == [coming.pk]
    operations.notify_customers(coming.pk, now=now)
    assert list(program_event_ids_to_notify(now)) == []
    assert list(lanes_to_send(now)) == [0]
    assert coming.pk not in program_event_ids_over(now)
    for event in ProgramEvent.objects.exclude(state="Canceled"):
        end(event, "Canceled")
    over = list(program_event_ids_over(now))
    assert coming.pk in over
    for program_event_id in over:
        operations.notify_of_end(program_event_id, now=now)
    assert set(Notification.objects.values_list("event_uid", flat=True)) == {coming.event_uid}, (
        "who heard of nothing is told of no end"
    )
    assert list(program_event_ids_over(now)) == []


def test_mail_is_printed_to_no_log(make_program_event: Make, now: datetime, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    operations.notify_customers(make_program_event().pk, now=now)
    assert list(lanes_to_send(now)) == []


def test_nobody_is_mailed_of_what_was_canceled_or_left_meanwhile(
    make_program_event: Make, now: datetime, mailoutbox: list[EmailMessage]
) -> None:
    event = make_program_event(reserved=(0, 1))
    operations.notify_customers(event.pk, now=now)
    gone = Customer.objects.get(number="NC1")
    Participation.objects.filter(program_event_id=event.pk, device_id=gone.locations.get().devices.get().pk).update(
        reservation_flag=False
    )
    send()
    assert [mail.to for mail in mailoutbox] == [["c2@example.invalid"]]
    assert told("reserved")[0] == ("NC1", False, "nothing comes")


def test_who_could_not_be_told_before_a_stage_was_canceled_is_told_of_what_still_comes(
    two_stages: tuple[ProgramEvent, ProgramEvent], now: datetime, mailoutbox: list[EmailMessage]
) -> None:
    first, _second = two_stages
    operations.notify_customers(first.pk, now=now)
    cancel(first)
    send(passes=3)
    assert len(mailoutbox) == 5
    assert all(str(mail.body).count("Thermostat") + str(mail.body).count("Water heater") <= 1 for mail in mailoutbox)
    assert {reason for *_, reason in told("canceled")} == {"told since"}


def test_who_was_told_hears_of_a_canceled_stage_and_of_what_still_comes(
    two_stages: tuple[ProgramEvent, ProgramEvent], now: datetime, mailoutbox: list[EmailMessage]
) -> None:
    first, second = two_stages
    operations.notify_customers(first.pk, now=now)
    send()
    mailoutbox.clear()
    cancel(first)
    send(passes=2)
    assert len(mailoutbox) == 5
    assert {mail.subject.partition(": ")[2] for mail in mailoutbox} == {"a part is canceled"}
    assert "is canceled. Your devices are not called then." in str(mailoutbox[0].body)
    assert "These devices still take part:" in str(mailoutbox[0].body)
    mailoutbox.clear()
    cancel(second)
    send(passes=2)
    assert {mail.subject.partition(": ")[2] for mail in mailoutbox} == {"canceled"}
    assert "Nothing else is reserved of this event." in str(mailoutbox[0].body)


def test_stages_that_are_canceled_together_are_told_in_one_e_mail(
    two_stages: tuple[ProgramEvent, ProgramEvent], now: datetime, mailoutbox: list[EmailMessage]
) -> None:
    for event in two_stages:
        operations.notify_customers(event.pk, now=now)
    send()
    mailoutbox.clear()
    for event in two_stages:
        cancel(event)
    send(passes=3)
    assert len(mailoutbox) == 5
    assert str(mailoutbox[0].body).count("is canceled.") == 2
    assert not Notification.objects.filter(done_at=None).exists()


def test_a_stage_that_was_cut_short_is_told_so(
    make_program_event: Make, now: datetime, mailoutbox: list[EmailMessage]
) -> None:
    event = make_program_event(reserved=(0,))
    operations.notify_customers(event.pk, now=now)
    send()
    cancel(event, started_at=now)
    send(passes=2)
    assert "was ended early. Your devices work as usual again." in str(mailoutbox[-1].body)


def test_who_was_not_told_of_an_event_hears_nothing_of_its_end(
    make_program_event: Make, now: datetime, mailoutbox: list[EmailMessage]
) -> None:
    event = make_program_event(reserved=(0, 1))
    Customer.objects.filter(number="NC1").update(email="")
    operations.notify_customers(event.pk, now=now)
    send()
    Customer.objects.filter(number="NC1").update(email="c1@example.invalid")
    cancel(event)
    send(passes=2)
    assert told("canceled") == [("NC1", False, "not told"), ("NC2", True, "")]


def test_customers_hear_that_an_event_is_over_when_its_last_stage_is(
    two_stages: tuple[ProgramEvent, ProgramEvent], now: datetime, mailoutbox: list[EmailMessage]
) -> None:
    first, second = two_stages
    operations.notify_customers(first.pk, now=now)
    send()
    mailoutbox.clear()
    for event in (first, second):
        assert not mailoutbox
        end(event, "Completed", started_at=now)
        operations.notify_of_end(event.pk, now=now)
        send(passes=2)
    assert {mail.subject.partition(": ")[2] for mail in mailoutbox} == {"it is over, thank you"}
    assert len(mailoutbox) == 5


def leave(event: ProgramEvent, number: str) -> None:
    """Let a customer's devices leave a program event."""
    theirs = Device.objects.filter(location__customer__number=number).values("pk")
    Participation.objects.filter(program_event_id=event.pk, device_id__in=theirs).update(reservation_flag=False)


@pytest.mark.parametrize("address", ["c1@example.invalid", ""])
def test_who_was_not_told_of_a_stage_is_told_of_a_later_one_of_its_event(
    two_stages: tuple[ProgramEvent, ProgramEvent], now: datetime, mailoutbox: list[EmailMessage], address: str
) -> None:
    first, second = two_stages
    customer = Customer.objects.filter(number="NC1")
    ProgramEvent.objects.filter(pk=second.pk).update(event_uid=uuid4())  # it is not there yet
    operations.notify_customers(first.pk, now=now)
    leave(first, "NC1")
    customer.update(email=address)
    send()
    assert told("reserved")[0][1:] == (False, "nothing comes" if address else "no address")
    ProgramEvent.objects.filter(pk=second.pk).update(event_uid=first.event_uid)
    customer.update(email="c1@example.invalid")
    mailoutbox.clear()
    operations.notify_customers(second.pk, now=now)
    send()
    assert [mail.to for mail in mailoutbox] == [["c1@example.invalid"]], "the others were told"
    assert told("reserved")[0] == ("NC1", True, "")


def test_a_stage_that_is_notified_while_an_e_mail_is_found_unneeded_is_told(
    two_stages: tuple[ProgramEvent, ProgramEvent], now: datetime, mailoutbox: list[EmailMessage]
) -> None:
    first, second = two_stages
    ProgramEvent.objects.filter(pk=second.pk).update(event_uid=uuid4())  # it is not there yet
    operations.notify_customers(first.pk, now=now)
    leave(first, "NC1")
    waiting = Notification.objects.get(customer__number="NC1")
    unneeded = emails._try_one(waiting.pk, get_connection())
    ProgramEvent.objects.filter(pk=second.pk).update(event_uid=first.event_uid)
    operations.notify_customers(second.pk, now=clock.now())
    emails._mark(unneeded)
    send()
    assert told("reserved")[0] == ("NC1", True, "")


def test_a_stage_that_is_canceled_before_its_customers_are_notified_is_told_to_who_heard_of_the_event(
    two_stages: tuple[ProgramEvent, ProgramEvent], now: datetime, mailoutbox: list[EmailMessage]
) -> None:
    first, second = two_stages
    leave(first, "NC1")
    operations.notify_customers(first.pk, now=now)
    send()
    assert "c1@example.invalid" not in [to for mail in mailoutbox for to in mail.to]
    mailoutbox.clear()
    cancel(second)
    send(passes=2)
    assert sorted(to for mail in mailoutbox for to in mail.to) == [f"c{n}@example.invalid" for n in (2, 3, 4, 5)]
    assert {mail.subject.partition(": ")[2] for mail in mailoutbox} == {"a part is canceled"}
    assert ProgramEvent.objects.get(pk=second.pk).notified_at is None


@pytest.mark.parametrize(
    ("answer", "words"), [("confirmed", "The device is not called."), ("too late", "too late: it had started.")]
)
def test_who_opts_out_is_told_the_answer(
    make_program_event: Make, now: datetime, mailoutbox: list[EmailMessage], answer: str, words: str
) -> None:
    event = make_program_event(reserved=(0,))
    device = Device.objects.get(location__customer__number="NC1")
    Removal.objects.create(
        stage_uid=event.stage_uid, head_end=device.head_end, nic_id=device.nic_id, reason="opt-out", requested_at=now,
        requested_by="cora", answer=answer, answered_at=now,
    )  # fmt: skip
    for _ in range(2):
        confirm_opt_out(event, device, now=now - timedelta(minutes=1))
    send(passes=2)
    assert [mail.to for mail in mailoutbox] == [["c1@example.invalid"]]
    assert words in str(mailoutbox[0].body)


def test_the_summary_lists_them(reserved: ProgramEvent, customer: Customer, as_csr: Client) -> None:
    page = as_csr.get("/customers/NC1/").content.decode()
    assert f"Heat peak ({reserved.event_number}): Devices are reserved" in " ".join(page.split())
    assert "e-mailed" in page

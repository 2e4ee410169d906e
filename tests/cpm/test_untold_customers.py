"""`verify` finds customers with a reservation who were not told of it or of its cancellation, if nothing says why."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import transaction

from cpm import operations
from cpm.models import Notification
from cpm.models.customers import Customer, Subscription
from cpm.models.program_events import ProgramEvent, Transition
from cpm.operations import emails
from cpm.queries.notifications import CONSOLE
from integration.commands.verify import violations_of
from integration.seam import clock
from integration.seam.models import Alert
from tests.cpm.test_notifications import cancel, send

Make = Callable[..., ProgramEvent]
LATER = timedelta(minutes=20)


def found() -> list[str]:
    """What is wrong with the one stage that there is."""
    seen = violations_of("I12", rest=timedelta(0))
    assert {one.subject for one in seen} <= {"DR-2026-0001 stage 1"}
    return [one.what for one in seen]


def of(kind: str) -> Any:
    """The notifications of a kind of two of the five customers."""
    return Notification.objects.filter(kind=kind, customer__number__in=["NC2", "NC4"])


def age(event: ProgramEvent) -> None:
    """Let everything about an event have happened earlier."""
    ProgramEvent.objects.filter(pk=event.pk).update(reservations_loaded_at=clock.now() - LATER)
    for row in Notification.objects.all():
        for field in ("made_at", "due_at", "done_at", "emailed_at"):
            if moment := getattr(row, field):
                setattr(row, field, moment - LATER)
        row.save()


@pytest.fixture
def told(make_program_event: Make, mailoutbox: list[EmailMessage]) -> ProgramEvent:
    """A stage of five customers, four of whom were told 20 minutes ago; the first has no address."""
    event = make_program_event()
    Customer.objects.filter(number="NC1").update(email="")
    operations.notify_customers(event.pk, now=clock.now())
    send()
    age(event)
    assert found() == []
    return ProgramEvent.objects.get(pk=event.pk)


@pytest.fixture
def called_off(told: ProgramEvent) -> ProgramEvent:
    """The same stage, canceled a while ago; those who had been told that it comes were told that, too."""
    cancel(told)
    send(passes=2)
    with_history_of_its_own(told)
    assert found() == []
    return told


def with_history_of_its_own(event: ProgramEvent) -> None:
    """Write into the history that the event was canceled five minutes ago."""
    Transition.objects.create(
        program_event=event, revision=3, from_state="Scheduled", to_state="Canceled", by="DERMS",
        at=clock.now() - timedelta(minutes=5),
    )  # fmt: skip


def test_a_new_customer_of_a_location_need_not_have_heard(told: ProgramEvent) -> None:
    of("reserved").delete()
    Subscription.objects.filter(customer__number__in=["NC2", "NC4"]).update(starts_at=told.ends_at)
    assert found() == []


def test_who_has_no_notification_that_it_comes(told: ProgramEvent) -> None:
    of("reserved").delete()
    assert found() == ["2 customers with reserved devices have no notification that it comes"]


def test_a_stage_whose_customers_were_never_notified(make_program_event: Make) -> None:
    event = make_program_event()
    assert found() == [], "its reservations were loaded just now"
    age(event)
    assert found() == ["5 customers with reserved devices have no notification that it comes"]


def test_a_stage_that_was_canceled_before_anybody_was_told_is_no_fault(make_program_event: Make) -> None:
    event = make_program_event()
    age(event)
    cancel(event)
    assert found() == []


def test_who_was_told_and_has_no_notification_of_the_cancellation(called_off: ProgramEvent) -> None:
    of("canceled").delete()
    assert found() == ["2 customers who were told that it comes have no notification that it was canceled"]


def test_a_cancellation_before_the_stages_own_customers_were_notified(called_off: ProgramEvent) -> None:
    ProgramEvent.objects.filter(pk=called_off.pk).update(notified_at=None)
    assert found() == []
    of("canceled").delete()
    assert found() == ["2 customers who were told that it comes have no notification that it was canceled"]


def test_a_stage_that_was_loaded_after_it_was_canceled(called_off: ProgramEvent) -> None:
    of("canceled").delete()
    ProgramEvent.objects.filter(pk=called_off.pk).update(reservations_loaded_at=clock.now())
    assert found() == []


def test_who_was_not_told_because_nothing_came_until_a_later_stage(told: ProgramEvent) -> None:
    of("reserved").update(emailed_at=None, not_sent="nothing comes")
    assert found() == ["2 notifications (reserved) were not sent (nothing comes) to customers with reserved devices"]
    ProgramEvent.objects.filter(pk=told.pk).update(notified_at=None, reservations_loaded_at=clock.now())
    assert found() == [], "the stage was loaded just now"


def test_a_cancellation_of_which_nobody_was_notified_after_they_were_told(told: ProgramEvent) -> None:
    with transaction.atomic():  # the history's row belongs to the same change
        ProgramEvent.objects.filter(pk=told.pk).update(state="Canceled", revision=3)
        with_history_of_its_own(told)
    assert found() == ["4 customers who were told that it comes have no notification that it was canceled"]


@pytest.mark.parametrize("kind", ["reserved", "canceled"])
@pytest.mark.parametrize(
    ("by_hand", "what"),
    [
        ({"not_sent": ""}, "were not sent, and no reason is stored"),
        ({"not_sent": "SMTPDataError", "attempts": 2}, "were given up after 2 of 6 attempts"),
        ({"not_sent": "SMTPDataError", "attempts": 6}, "failed, and no alert says so"),
    ],
)
def test_what_was_not_sent_without_a_reason_that_people_see(
    called_off: ProgramEvent, kind: str, by_hand: dict[str, Any], what: str
) -> None:
    of(kind).update(emailed_at=None, **by_hand)
    assert f"2 notifications ({kind}) {what}" in found()


def test_a_failure_with_its_alert_is_a_reason(called_off: ProgramEvent) -> None:
    of("canceled").update(emailed_at=None, not_sent="SMTPDataError", attempts=6)
    Alert.objects.create(key=f"e-mail:{called_off.event_uid}", kind="notification", priority=2, text="", count=1)
    assert found() == []


def test_what_waits_past_its_time(called_off: ProgramEvent, settings: Any) -> None:
    waiting = of("canceled")
    waiting.update(emailed_at=None, done_at=None)
    assert found() == [], "inside its time"
    waiting.update(due_at=clock.now() - LATER)
    late = ["2 notifications (canceled) were due over 15 minutes ago and were not sent"]
    assert found() == late
    Alert.objects.create(key=emails.SERVER_AWAY, kind="notification", priority=1, text="", count=1)
    assert found() == [], "an alert says why"
    Alert.objects.update(closed_at=clock.now())
    assert found() == late
    settings.EMAIL_BACKEND = CONSOLE
    assert found() == [], "e-mails are not sent here"


@pytest.mark.parametrize("reason", ["not told", "told since"])
def test_a_cancellation_kept_from_people_who_had_been_told(called_off: ProgramEvent, reason: str) -> None:
    of("canceled").update(emailed_at=None, not_sent=reason)
    assert found() == [f"2 notifications (canceled) were not sent ({reason}) to customers who had been told before"]


def test_nothing_comes_is_no_reason_while_devices_are_reserved(told: ProgramEvent) -> None:
    of("reserved").update(emailed_at=None, not_sent="nothing comes")
    assert found() == ["2 notifications (reserved) were not sent (nothing comes) to customers with reserved devices"]

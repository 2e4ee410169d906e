"""A delivery takes effect once, however often and by whomever it is performed."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction

from integration.seam import clock, outbox
from integration.seam.delivery import deliver, deliver_all, discard_delivery, retry_delivery
from integration.seam.models import Alert, Delivery, Priority
from integration.seam.systems import System
from tests.messages.conftest import STATUS
from tests.messages.receivers import POISON, effects
from tests.threads import run_together

pytestmark = pytest.mark.django_db

Send = Callable[..., Delivery]
ReceivedBy = Callable[[str], None]


def _fresh(delivery: Delivery) -> Delivery:
    return Delivery.objects.select_related("message").get(pk=delivery.pk)


def _send_status() -> Delivery:
    """Always about the same stage."""
    with transaction.atomic():
        return outbox.send(STATUS, sender=System.DERMS).deliveries.get()


def _effects(delivery: Delivery) -> int:
    return effects(delivery.message.stage)


@pytest.mark.django_db(transaction=True)
def test_ten_deliveries_at_once_have_one_effect_and_cost_one_attempt(send: Send, received_by: ReceivedBy) -> None:
    received_by("note")
    delivery = send()

    answers = run_together(*(lambda: deliver(delivery.pk, 0) for _ in range(10)))

    assert answers == [None] * 10
    done = _fresh(delivery)
    assert (_effects(done), done.attempt, done.state) == (1, 1, "Delivered")
    assert done.receipt == {"status": "SUCCESS", "applied": 1, "refused": 0, "note": "noted"}


@pytest.mark.django_db(transaction=True)
def test_messages_about_one_subject_are_delivered_one_at_a_time(received_by: ReceivedBy) -> None:
    received_by("note")
    sent = [_send_status() for _ in range(5)]
    deliver(sent[0].pk, 0)

    received_by("add_slowly")
    run_together(*(partial(deliver, delivery.pk, 0) for delivery in sent[1:]))

    assert _effects(_fresh(sent[0])) == 5


@pytest.mark.django_db(transaction=True)
def test_ten_copies_of_messages_in_one_go_have_one_effect_each_and_cost_one_attempt(
    send: Send, received_by: ReceivedBy
) -> None:
    received_by("note")
    sent = [send() for _ in range(6)]

    answers = run_together(*(lambda: deliver_all((each.pk, 0) for each in sent) for _ in range(10)))

    assert answers == [None] * 10
    assert {(_effects(each), _fresh(each).attempt, _fresh(each).state) for each in sent} == {(1, 1, "Delivered")}


def test_one_that_fails_holds_up_none_of_those_delivered_in_one_go(send: Send, received_by: ReceivedBy) -> None:
    received_by("fail_poison")
    sent = [send(), send(POISON), send()]

    deliver_all((each.pk, 0) for each in sent)

    assert [_fresh(each).state for each in sent] == ["Delivered", "Open", "Delivered"]
    assert [_effects(each) for each in sent] == [1, 0, 1]
    assert [_fresh(each).attempt for each in sent] == [1, 1, 1]


def test_messages_in_one_go_are_delivered_in_the_order_they_were_sent(send: Send, received_by: ReceivedBy) -> None:
    received_by("note")
    sent = [send() for _ in range(4)]

    deliver_all((each.pk, 0) for each in reversed(sent))

    delivered = [_fresh(each).delivered_at for each in sent]
    assert delivered == sorted(delivered, key=lambda at: at or clock.now())
    assert len(set(delivered)) == 4


def test_ten_deliveries_one_after_the_other_have_one_effect(send: Send, received_by: ReceivedBy) -> None:
    received_by("note")
    delivery = send()

    for attempt in range(10):
        deliver(delivery.pk, 0)
        deliver(delivery.pk, attempt)

    assert (_effects(delivery), _fresh(delivery).attempt) == (1, 1)


def test_a_failing_receiver_leaves_no_effect_and_is_asked_again_later_and_later(
    send: Send, received_by: ReceivedBy
) -> None:
    received_by("fail")
    delivery = send()

    for attempt, pause in enumerate((0.5, 1, 2, 4, 8, 8, 8)):
        before = clock.now()
        deliver(delivery.pk, attempt)
        after = _fresh(delivery)
        assert (after.attempt, after.state, _effects(after)) == (attempt + 1, "Open", 0)
        assert after.error == f"ValueError: cannot take {after.message.subject}"
        assert after.due_at - before >= timedelta(seconds=0.75 * pause)
        assert after.due_at - clock.now() <= timedelta(seconds=1.25 * pause)


def test_a_stale_copy_of_a_task_does_nothing(send: Send, received_by: ReceivedBy) -> None:
    received_by("fail")
    delivery = send()
    deliver(delivery.pk, 0)
    failed = Delivery.objects.filter(pk=delivery.pk).values().get()

    received_by("note")
    deliver(delivery.pk, 0)

    assert Delivery.objects.filter(pk=delivery.pk).values().get() == failed
    assert _effects(delivery) == 0


def test_after_twelve_attempts_it_is_a_dead_letter_with_an_alert(send: Send, received_by: ReceivedBy) -> None:
    received_by("fail")
    delivery = send()

    for attempt in range(14):
        deliver(delivery.pk, attempt)

    dead, alert = _fresh(delivery), Alert.objects.get(closed_at=None)
    assert (dead.state, dead.attempt) == ("Dead", 12)
    assert (alert.kind, alert.priority, alert.stage_uid) == ("message", Priority.HIGH, dead.message.stage_uid)
    assert "failed 12 times" in alert.text
    assert "cannot take" in alert.text


def test_a_retry_is_a_warning_until_the_last_one_and_is_over_with_the_delivery(
    send: Send, received_by: ReceivedBy
) -> None:
    received_by("fail")
    delivery = send()
    for attempt in range(2):
        deliver(delivery.pk, attempt)
    assert not Alert.objects.exists()
    for attempt in range(2, 11):
        deliver(delivery.pk, attempt)
    alert = Alert.objects.get()
    assert (alert.priority, alert.count, alert.retry_url) == (Priority.MEDIUM, 9, "")
    assert "failed 11 of 12 times and will be retried" in alert.text
    received_by("note")
    deliver(delivery.pk, 11)
    alert.refresh_from_db()
    assert alert.closed_at is not None


def test_retry_gives_a_dead_letter_all_its_attempts_again_and_closes_the_alert(
    send: Send, received_by: ReceivedBy
) -> None:
    received_by("fail")
    delivery = send()
    for attempt in range(12):
        deliver(delivery.pk, attempt)

    for _ in range(2):
        retry_delivery(delivery_id=delivery.pk)
    assert not Alert.objects.filter(closed_at=None).exists()
    for attempt in range(12, 23):
        deliver(delivery.pk, attempt)
    assert _fresh(delivery).state == "Open"
    received_by("note")
    deliver(delivery.pk, 23)

    assert (_fresh(delivery).state, _effects(delivery)) == ("Delivered", 1)


def test_a_dead_letter_may_be_discarded_by_somebody_for_a_reason(send: Send, received_by: ReceivedBy) -> None:
    received_by("fail")
    delivery = send()
    discard_delivery(delivery_id=delivery.pk, by="adam", reason="An open one is not discarded")
    assert _fresh(delivery).state == "Open"
    for attempt in range(12):
        deliver(delivery.pk, attempt)

    discard_delivery(delivery_id=delivery.pk, by="adam", reason="The stage is over")
    retry_delivery(delivery_id=delivery.pk)
    received_by("note")
    deliver(delivery.pk, 12)

    gone, alert = _fresh(delivery), Alert.objects.get(kind="message", priority=Priority.HIGH)
    assert (gone.state, gone.discarded_by, gone.discard_reason) == ("Discarded", "adam", "The stage is over")
    assert (alert.closed_by, _effects(gone)) == ("adam", 0)


def test_a_dead_letter_holds_up_no_other_message(send: Send, received_by: ReceivedBy) -> None:
    received_by("fail")
    dead = send()
    for attempt in range(12):
        deliver(dead.pk, attempt)
    received_by("note")
    other = send()

    deliver(other.pk, 0)

    assert (_fresh(dead).state, _fresh(other).state) == ("Dead", "Delivered")


def test_not_yet_gives_the_attempt_back_and_leaves_no_effect(send: Send, received_by: ReceivedBy) -> None:
    received_by("wait")
    delivery = send()

    for attempt in range(20):
        before = clock.now()
        deliver(delivery.pk, attempt)
        due_at = _fresh(delivery).due_at
        assert due_at - before >= timedelta(seconds=0.5) >= due_at - clock.now()

    waiting = _fresh(delivery)
    assert (waiting.state, waiting.attempt, waiting.given_back) == ("Open", 20, 20)
    assert waiting.error == "Not yet: the moon is not up"
    assert _effects(waiting) == 0
    assert not Alert.objects.exists()


def test_fifteen_minutes_of_not_yet_raise_an_alert_that_the_delivery_closes(
    send: Send, received_by: ReceivedBy
) -> None:
    received_by("wait")
    delivery = send()
    deliver(delivery.pk, 0)
    Delivery.objects.filter(pk=delivery.pk).update(not_yet_since=clock.now() - timedelta(minutes=14, seconds=58))
    deliver(delivery.pk, 1)
    assert not Alert.objects.exists()

    Delivery.objects.filter(pk=delivery.pk).update(not_yet_since=clock.now() - timedelta(minutes=15, seconds=1))
    deliver(delivery.pk, 2)
    alert = Alert.objects.get()
    assert "has waited 15 min: the moon is not up" in alert.text

    received_by("note")
    deliver(delivery.pk, 3)
    alert.refresh_from_db()
    assert alert.closed_at is not None
    assert _fresh(delivery).not_yet_since is None

"""Webhooks: what is announced to whom, in the transaction of the change, signed, and without texts."""

import ssl
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from standardwebhooks import Webhook as Judge
from standardwebhooks import WebhookVerificationError

from cpm.models.enrollments import Enrollment
from cpm.models.programs import Program
from cpm.operations import send_enrollment_load
from derms.models import Event
from derms.operations import cancel_event, close_stage
from integration.console.models import User
from integration.seam import clock
from integration.seam.alerts import close_alert, raise_alert
from integration.seam.models import Alert, Priority, Webhook, WebhookNotice
from integration.seam.recorded import Sentence
from integration.seam.settling import settle
from integration.seam.webhooks import keeping
from integration.seam.webhooks.announcing import announce
from integration.seam.webhooks.posting import lanes_to_post
from integration.seam.webhooks.signing import secret_of
from tests.cpm.test_enrolling import enroll, home  # noqa: F401  (fixtures)
from tests.cpm.test_enrollment import subscriptions  # noqa: F401  (likewise)
from tests.doors.hooks import AWAY, Make, numbers, post, say, states
from tests.doors.receivers import receiving

pytestmark = pytest.mark.django_db


def test_each_state_of_an_event_and_its_stages_is_announced_in_order_and_signed(
    loopback: ssl.SSLContext, webhook_to: Make, event_in: Callable[..., Event]
) -> None:
    with receiving(loopback) as receiver:
        hook = webhook_to(receiver.url, kinds=["event", "stage"])
        event = event_in("Completed")
        post()
    judge = Judge(secret_of(hook))
    told = [judge.verify(one.body, one.headers) for one in receiver.posted]
    changes = {(one["type"], one["data"]["previous_state"], one["data"]["state"]) for one in told}
    assert [one["data"]["state"] for one in told if one["type"] == "event.state"] == [
        "New", "Submitted", "Approved", "Scheduled", "In Progress", "Completed",
    ]  # fmt: skip
    assert ("stage.state", "Scheduled", "In Progress") in changes
    assert {one["data"]["event_number"] for one in told} == {event.number}
    assert len({one.headers["webhook-id"] for one in receiver.posted}) == len(told) == WebhookNotice.objects.count()
    with pytest.raises(WebhookVerificationError):
        judge.verify(receiver.posted[0].body + b" ", receiver.posted[0].headers)


@pytest.mark.usefixtures("extract_folder")
def test_a_stage_is_closed_in_one_notice_with_counts(
    loopback: ssl.SSLContext, webhook_to: Make, event_in: Callable[..., Event]
) -> None:
    with receiving(loopback) as receiver:
        webhook_to(receiver.url, kinds=["outcome"])
        stage = event_in("Completed").stages.get()
        close_stage(stage.pk, now=stage.ends_at)
        post()
    (closed,) = [one.content for one in receiver.posted if one.content["type"] == "stage.outcomes"]
    stage.refresh_from_db()
    assert closed["data"]["outcomes"] == stage.outcomes
    assert closed["data"]["devices"] == stage.reserved > 0
    assert closed["data"]["stage_uid"] == str(stage.uid)
    assert len(receiver.posted) == 1


def test_an_alert_is_announced_when_it_opens_and_closes_without_its_text(
    loopback: ssl.SSLContext, webhook_to: Make
) -> None:
    with receiving(loopback) as receiver:
        webhook_to(receiver.url, kinds=["alert"])
        for text in ("Pat Miller's device", "Pat Miller's device again"):
            raise_alert("a", kind="message", priority=Priority.HIGH, text=Sentence(text))
        close_alert("a")
        close_alert("a")
        post()
    assert receiver.types() == ["alert.opened", "alert.closed"]
    opened, closed = (one.content["data"] for one in receiver.posted)
    assert opened["alert_id"] == closed["alert_id"] == Alert.objects.get().pk
    assert (opened["priority"], opened["closed_at"]) == ("high", None)
    assert closed["closed_at"] is not None
    assert all(b"Miller" not in one.body for one in receiver.posted)


def test_what_nobody_wants_is_not_even_put_together(webhook_to: Make) -> None:
    webhook_to(AWAY, name="Of alerts", kinds=["alert"])
    webhook_to(AWAY, name="Off", is_active=False)
    Webhook.objects.filter(pk=webhook_to(AWAY, name="Without secret").pk).update(generation=0)
    announce("event", what="event.state", subject="a", data=lambda: pytest.fail("somebody asked"))
    assert not WebhookNotice.objects.exists()
    assert list(lanes_to_post(clock.now())) == []


def test_a_change_that_does_not_commit_is_not_announced(webhook_to: Make) -> None:
    webhook_to(AWAY)
    with transaction.atomic():
        say("a", 1)
        transaction.set_rollback(True)
    assert not WebhookNotice.objects.exists()


def test_two_webhooks_each_get_their_own_notice_of_a_change(loopback: ssl.SSLContext, webhook_to: Make) -> None:
    with receiving(loopback) as one, receiving(loopback) as other:
        for name, receiver in (("One", one), ("Other", other)):
            webhook_to(receiver.url, name=name)
        say("a", 1)
        post()
    assert numbers(one) == numbers(other) == [("a", 1)]
    assert one.posted[0].headers["webhook-id"] != other.posted[0].headers["webhook-id"]
    assert one.posted[0].headers["webhook-signature"] != other.posted[0].headers["webhook-signature"]


def test_nothing_is_posted_that_the_owner_may_not_see_any_more(
    loopback: ssl.SSLContext, webhook_to: Make, operator: User
) -> None:
    with receiving(loopback) as receiver:
        webhook_to(receiver.url)
        operator.groups.clear()
        say("a", 0)
        post()
    assert (receiver.posted, states()) == ([], ["Discarded"])
    assert "owner" in WebhookNotice.objects.get().discard_reason


def test_after_a_rotation_both_secrets_sign_for_a_day(loopback: ssl.SSLContext, webhook_to: Make) -> None:
    with receiving(loopback) as receiver:
        hook = webhook_to(receiver.url)
        old = secret_of(hook)
        new = keeping.make_secret(pk=hook.pk, by="adam", now=clock.now())
        say("a", 0)
        post()
        Webhook.objects.update(secret_at=clock.now() - timedelta(days=1, seconds=1))
        say("a", 1)
        post()
    first, second = receiver.posted
    assert old != new
    assert len(b64decode(new.removeprefix("whsec_"))) == 32
    for secret in (old, new):
        Judge(secret).verify(first.body, first.headers)
    Judge(new).verify(second.body, second.headers)
    with pytest.raises(WebhookVerificationError):
        Judge(old).verify(second.body, second.headers)


def test_the_scheduler_posts_what_was_announced(
    loopback: ssl.SSLContext, webhook_to: Make, event_in: Callable[..., Event], operator: User, now: datetime
) -> None:
    """By the work that the clock makes due, next to all the other work."""
    with receiving(loopback) as receiver:
        webhook_to(receiver.url, kinds=["event"])
        event = event_in("Scheduled")
        cancel_event(event_id=event.pk, by=operator, now=now, reason="Not needed: call Pat Miller, 555 0100")
        settle()
    assert [one.content["data"]["state"] for one in receiver.posted][-2:] == ["Scheduled", "Canceled"]
    assert all(b"Miller" not in one.body for one in receiver.posted)


def test_each_state_of_an_enrollment_is_announced(
    loopback: ssl.SSLContext,
    webhook_to: Make,
    csr: User,
    enroll: Callable[..., Enrollment],  # noqa: F811
) -> None:
    with receiving(loopback) as receiver:
        webhook_to(receiver.url, owner=csr, kinds=["enrollment"])
        made = enroll(answers=[])
        post()
    told = [one.content["data"] for one in receiver.posted]
    assert {(one["enrollment_id"], one["program"]) for one in told} == {(made.pk, "TANK")}
    assert [one["state"] for one in told] == list(
        made.transitions.order_by("revision").values_list("to_state", flat=True)
    )
    assert (told[0]["previous_state"], told[-1]["state"]) == ("", "Registered")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("extract_folder", "subscriptions")
def test_what_a_file_of_enrollments_led_to_is_one_notice_with_counts(
    loopback: ssl.SSLContext, webhook_to: Make, csr: User
) -> None:
    with receiving(loopback) as receiver:
        webhook_to(receiver.url, owner=csr, kinds=["enrollment"])
        Enrollment.objects.all().delete()  # as if a file had just brought them in
        send_enrollment_load(program_id=Program.objects.get().pk)
        settle()
    (told,) = [one.content for one in receiver.posted]
    assert told["type"] == "enrollment.states"
    moved = [{"previous_state": "", "state": "Registered", "count": 3}]
    assert told["data"] == {"program": "COOL", "moved": moved}

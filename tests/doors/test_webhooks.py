"""Webhooks: posting loses nothing, keeps the order of each subject, and gives up in a way that people can mend."""

import ssl
import time
from collections import Counter, defaultdict
from datetime import timedelta
from random import Random
from threading import Barrier
from typing import Any

import pytest

from integration.seam import clock
from integration.seam.alerts import raise_alert
from integration.seam.models import Alert, Priority, Webhook, WebhookNotice
from integration.seam.recorded import Sentence
from integration.seam.webhooks import keeping, posting
from integration.seam.webhooks.marking import ATTEMPTS, mark, pause_after
from integration.seam.webhooks.posting import lanes_to_post, post_due_notices
from tests.doors import receivers
from tests.doors.hooks import AWAY, Make, numbers, pass_time, post, say, states
from tests.doors.receivers import Handler, Posted, receiving

pytestmark = pytest.mark.django_db


def test_a_slow_receiver_holds_up_nobody_else(loopback: ssl.SSLContext, webhook_to: Make) -> None:
    arrived: list[float] = []

    def note(handler: Handler, posted: Posted) -> None:
        arrived.append(time.monotonic())
        receivers.status(200)(handler, posted)

    with receiving(loopback, receivers.hanging(2)) as slow, receiving(loopback, note) as quick:
        webhook_to(slow.url, name="Slow")
        webhook_to(quick.url, name="Quick")
        for number in range(5):
            say(f"subject {number}", number)
        began = time.monotonic()
        post_due_notices(seconds=1)
    assert len(arrived) == 5
    assert arrived[-1] - began < 2
    assert len(slow.posted) == 1  # it has taken nothing yet


def test_a_receiver_that_takes_notices_gets_several_at_a_time_and_their_failures_are_one(
    loopback: ssl.SSLContext, webhook_to: Make
) -> None:
    meeting, met = Barrier(posting.TOGETHER), []

    def together(handler: Handler, posted: Posted) -> None:
        met.append(meeting.wait(timeout=20))
        receivers.status(503)(handler, posted)

    with receiving(loopback) as receiver:
        hook = webhook_to(receiver.url, kinds=["event"])
        say("first", 0)
        post()
        receiver.answer = together
        for number in range(posting.TOGETHER):
            say(f"subject {number}", number)
        post()
        hook.refresh_from_db()
        assert (sorted(met), hook.failures) == (list(range(posting.TOGETHER)), 1)
        assert not Alert.objects.filter(closed_at=None).exists()

        receiver.answer = receivers.status(200)
        pass_time()
        post()
    assert set(states()) == {"Delivered"}
    hook.refresh_from_db()
    assert (hook.failures, hook.rests_until <= clock.now()) == (0, True)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_fails_every_notice_arrives_once_and_in_the_order_of_its_subject(
    loopback: ssl.SSLContext, webhook_to: Make, seed: int
) -> None:
    random, taken = Random(seed), []  # noqa: S311  (no secret)

    def moody(handler: Handler, posted: Posted) -> None:
        code = random.choice([200, 200, 200, 500, 503, 302])
        if code == 200:
            taken.append((posted.content["data"]["subject"], posted.content["data"]["number"]))
        receivers.status(code)(handler, posted)

    with receiving(loopback, moody) as receiver:
        webhook_to(receiver.url, kinds=["event"])
        for number in range(4):
            for subject in "abc":
                say(subject, number)
        for _turn in range(60):
            post()
            pass_time()
            if "Open" not in states():
                break
    by_subject: dict[str, list[int]] = defaultdict(list)
    for subject, number in taken:
        by_subject[subject].append(number)
    assert by_subject == {subject: list(range(4)) for subject in "abc"}
    assert set(states()) == {"Delivered"}


def test_a_process_that_dies_before_it_marks_posts_one_notice_twice_and_none_overtakes_it(
    loopback: ssl.SSLContext, webhook_to: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(loopback) as receiver:
        webhook_to(receiver.url)
        for number in range(3):
            say("a", number)
        with monkeypatch.context() as dying:
            dying.setattr(posting, "mark", lambda *_args, **_named: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                post()
        post()  # the dead process's lease still holds
        assert numbers(receiver) == [("a", 0)]
        pass_time()
        post()
    assert numbers(receiver) == [("a", 0), ("a", 0), ("a", 1), ("a", 2)]
    ids = [one.headers["webhook-id"] for one in receiver.posted]
    assert Counter(ids).most_common(1) == [(ids[0], 2)]


def test_an_answer_that_comes_after_somebody_else_took_the_notice_changes_nothing(webhook_to: Make) -> None:
    webhook_to(AWAY)
    say("a", 1)
    (letter,) = posting._next(1)
    pass_time()
    (_again,) = posting._next(1)
    mark(letter.notice, posting.Result(200, "", 5))
    assert states() == ["Open"]


def test_a_notice_that_fails_each_time_is_a_dead_letter_and_only_its_own_subject_waits(
    loopback: ssl.SSLContext, webhook_to: Make
) -> None:
    def poisoned(handler: Handler, posted: Posted) -> None:
        receivers.status(500 if posted.content["data"]["number"] == 0 else 200)(handler, posted)

    with receiving(loopback, poisoned) as receiver:
        hook = webhook_to(receiver.url, kinds=["event"])
        for subject, number in (("a", 0), ("a", 1), ("b", 2)):
            say(subject, number)
        for _turn in range(ATTEMPTS):
            post()
            pass_time()
            say("c", 3)
        assert states()[:3] == ["Dead", "Open", "Delivered"]
        (alert,) = Alert.objects.filter(closed_at=None)
        assert alert.kind == "webhook"
        assert alert.text.startswith("A notice to “Billing” failed 16 times and is now a dead letter: it answered 500.")
        hook.refresh_from_db()
        assert hook.broken_at is None

        receiver.answer = receivers.status(200)
        receiver.posted.clear()
        keeping.redeliver(notice_id=WebhookNotice.objects.earliest("id").pk, by="adam", now=clock.now())
        post()
    assert [one for one in numbers(receiver) if one[0] == "a"] == [("a", 0), ("a", 1)]
    assert not Alert.objects.filter(closed_at=None).exists()


def test_a_callback_that_is_removed_while_it_is_posted_to_holds_up_nobody(
    loopback: ssl.SSLContext, webhook_to: Make
) -> None:
    hooks: list[Webhook] = []

    def after_removal(notice: WebhookNotice, result: posting.Result, *, is_last: bool) -> None:
        if notice.webhook_id == hooks[0].pk:
            WebhookNotice.objects.filter(webhook=hooks[0]).delete()
            hooks[0].delete()
        mark(notice, result, is_last=is_last)

    with receiving(loopback) as receiver, pytest.MonkeyPatch.context() as patched:
        hooks = [webhook_to(receiver.url, name="Removed"), webhook_to(receiver.url, name="Stays")]
        say("a", 0)
        patched.setattr(posting, "mark", after_removal)
        post()
    assert states() == ["Delivered"]


def test_a_discarded_notice_lets_those_behind_it_go_on(loopback: ssl.SSLContext, webhook_to: Make) -> None:
    with receiving(loopback) as receiver:
        webhook_to(receiver.url)
        say("a", 0)
        say("a", 1)
        keeping.discard(notice_id=WebhookNotice.objects.earliest("id").pk, by="adam", reason="Old", now=clock.now())
        post()
    assert numbers(receiver) == [("a", 1)]
    for act in (keeping.redeliver, lambda **given: keeping.discard(reason="Again", **given)):
        with pytest.raises(keeping.NoticeNotWaiting):
            act(notice_id=WebhookNotice.objects.earliest("id").pk, by="adam", now=clock.now())


def test_a_receiver_that_is_away_for_long_is_broken_and_a_test_mends_it(
    loopback: ssl.SSLContext, webhook_to: Make, authority: Any
) -> None:
    with receiving(loopback) as gone:
        url, port = gone.url, gone.port
    hook = webhook_to(url, kinds=["event"])
    for number in range(3):
        say("a", number)
    say("b", 3)
    for turn in range(ATTEMPTS):
        post()
        failing = Alert.objects.filter(closed_at=None, text__contains="has taken nothing")
        assert failing.exists() == (2 <= turn < ATTEMPTS - 1)
        pass_time()
    hook.refresh_from_db()
    assert hook.broken_at is not None
    assert hook.state == "Broken"
    broken = Alert.objects.get(closed_at=None, priority=Priority.HIGH)
    assert broken.text.startswith("“Billing” is broken: the host can't be connected to.")
    say("a", 4)
    attempts = WebhookNotice.objects.order_by("id").values_list("attempts", flat=True)
    before = list(attempts)
    post()
    assert list(attempts) == before  # nothing is posted to it
    assert list(lanes_to_post(clock.now())) == []

    keeping.send_test(pk=hook.pk, by="adam")
    post()
    assert states()[-1] == "Dead"  # tried once
    with receiving(authority.context_for("localhost"), port=port) as back:
        keeping.send_test(pk=hook.pk, by="adam")
        post()
    assert back.types()[0] == "webhook.test"
    told = [one.content["data"] for one in back.posted[1:]]
    assert [one["number"] for one in told if one["subject"] == "a"] == [0, 1, 2, 4]
    assert [one["number"] for one in told if one["subject"] == "b"] == [3]
    hook.refresh_from_db()
    assert hook.state == "Active"
    assert not Alert.objects.filter(closed_at=None).exists()


def test_a_receiver_that_says_it_is_gone_is_broken_at_once(loopback: ssl.SSLContext, webhook_to: Make) -> None:
    with receiving(loopback, receivers.status(410)) as receiver:
        hook = webhook_to(receiver.url, kinds=["event"])
        say("a", 0)
        say("b", 1)
        post()
        pass_time()
        post()
    hook.refresh_from_db()
    assert (hook.state, len(receiver.posted), states()) == ("Broken", 1, ["Open", "Open"])


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (receivers.status(500), "it answered 500"),
        (receivers.status(301, Location="https://10.0.0.1/"), "it answered 301; redirects are not followed"),
        (receivers.garbled, "the answer is no HTTP"),
    ],
    ids=["500", "redirect", "no http"],
)
def test_the_log_says_why_a_receiver_did_not_take_a_notice(
    loopback: ssl.SSLContext, webhook_to: Make, answer: receivers.Answer, error: str
) -> None:
    with receiving(loopback, answer) as receiver:
        webhook_to(receiver.url)
        say("a", 0)
        post()
    notice = WebhookNotice.objects.get()
    assert (notice.error, notice.state, notice.attempts) == (error, "Open", 1)
    assert 1 < (notice.due_at - clock.now()).total_seconds() < 2.6


def test_pauses_grow_to_two_hours() -> None:
    seconds = [pause_after(failures).total_seconds() for failures in range(1, ATTEMPTS + 1)]
    expected = [2, 8, 32, 128, 512, 2048, *[7200] * (ATTEMPTS - 6)]
    assert all(0.75 * right <= found <= 1.25 * right for found, right in zip(seconds, expected, strict=True))


def test_a_webhook_that_is_off_is_not_posted_to(webhook_to: Make) -> None:
    hook = webhook_to(AWAY)
    say("a", 0)
    keeping.save_webhook(pk=hook.pk, fields={"is_active": False}, by="adam", now=clock.now())
    assert list(lanes_to_post(clock.now())) == []
    with pytest.raises(keeping.WebhookNotReady, match="off"):
        keeping.send_test(pk=hook.pk, by="adam")


def test_notices_are_forgotten_after_thirty_days_with_the_alerts_about_them(webhook_to: Make) -> None:
    webhook_to(AWAY)
    say("old", 0)
    say("new", 1)
    old = WebhookNotice.objects.earliest("id")
    WebhookNotice.objects.filter(pk=old.pk).update(made_at=clock.now() - timedelta(days=31), dead_at=clock.now())
    raise_alert(f"webhook notice:{old.pk}", kind="webhook", priority=2, text=Sentence("dead"))
    keeping.forget_notices(now=clock.now())
    assert [one.subject for one in WebhookNotice.objects.all() if one.kind == "event"] == ["new"]
    assert not Alert.objects.filter(closed_at=None).exists()


def test_a_test_is_posted_while_a_webhook_rests_and_its_success_ends_the_pauses(
    loopback: ssl.SSLContext, webhook_to: Make
) -> None:
    with receiving(loopback, receivers.status(503)) as receiver:
        hook = webhook_to(receiver.url, kinds=["event"])
        say("a", 0)
        post()
        say("b", 1)
        post()
        assert (len(receiver.posted), states()) == (1, ["Open", "Open"])  # it rests
        receiver.answer = receivers.status(200)
        receiver.posted.clear()
        keeping.send_test(pk=hook.pk, by="adam")
        post()
    assert sorted(receiver.types()) == ["event.state", "event.state", "webhook.test"]
    assert set(states()) == {"Delivered"}

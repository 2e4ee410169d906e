"""The loop that moves work: two in parallel do nothing twice, and small work goes on without the broker."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from celery import Celery
from django.db import connection
from redis import Redis

from integration.project.celery import app as celery_app
from integration.seam import clock
from integration.seam.delivery import run_due
from integration.seam.models import Alert, Delivery, DueWork
from integration.seam.routes import DUE, Due
from integration.seam.scheduler import DELIVERIES_PER_TASK, Scheduler, batches, claim_due, find_due, perform
from lec_sim.models import LecStage
from tests.messages.receivers import effects
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)

Send = Callable[..., Delivery]
ReceivedBy = Callable[[str], None]


@pytest.fixture
def schedulers() -> Iterator[Callable[[], Scheduler]]:
    """Create schedulers, and end their threads."""
    made: list[Scheduler] = []

    def make() -> Scheduler:
        made.append(Scheduler())
        return made[-1]

    yield make
    for one in made:
        one.workers.shutdown()
        one.publisher.shutdown()


@pytest.fixture
def broker_away() -> Iterator[None]:
    """Point Celery at a port where nothing listens."""
    dead = Celery("nobody there")
    dead.config_from_object("django.conf:settings", namespace="CELERY")
    dead.conf.broker_url = "redis://127.0.0.1:9/0"
    dead.conf.broker_connection_timeout = 0.5
    dead.set_default()
    dead.set_current()
    yield
    celery_app.set_default()
    celery_app.set_current()


@pytest.fixture
def broker() -> Iterator[Redis]:
    """The broker that the tests run with, its queues emptied."""
    with celery_app.connection_for_write() as connected:
        redis: Redis = connected.default_channel.client
        redis.delete("small", "bulk")
        yield redis
        redis.delete("small", "bulk")


def _turns_until(holds: Callable[[], bool], *schedulers: Scheduler, within_s: float = 10) -> None:
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until
        for one in schedulers:
            one.turn()
        time.sleep(0.1)


def _all_delivered() -> bool:
    return not Delivery.objects.filter(delivered_at=None).exists()


def test_what_was_sent_is_published_in_one_go_with_its_attempt(
    send: Send, schedulers: Callable[[], Scheduler], broker: Redis
) -> None:
    delivery = send()

    scheduler = schedulers()
    sent_at = clock.now()
    scheduler.turn()
    scheduler.publisher.shutdown()

    assert broker.llen("small") == 1
    published = Delivery.objects.get(pk=delivery.pk)
    assert (published.published_attempt, published.attempt) == (0, 0)
    # Later than it was, however slow the machine is.
    assert delivery.due_at < sent_at < published.due_at <= clock.now() + timedelta(seconds=1)


def test_published_work_that_nobody_takes_for_a_second_is_done_by_the_scheduler(
    send: Send, received_by: ReceivedBy, schedulers: Callable[[], Scheduler], broker: Redis
) -> None:
    received_by("note")
    delivery = send()

    _turns_until(_all_delivered, schedulers(), within_s=15)

    # Nightly work may send messages of its own meanwhile; each is published once at most.
    assert 1 <= broker.llen("small") <= Delivery.objects.count()
    assert effects(delivery.message.stage) == 1


@pytest.mark.usefixtures("broker_away")
def test_without_the_broker_small_messages_are_delivered_within_seconds(
    send: Send, received_by: ReceivedBy, schedulers: Callable[[], Scheduler]
) -> None:
    received_by("note")
    sent = [send() for _ in range(20)]

    _turns_until(_all_delivered, schedulers())

    assert [effects(delivery.message.stage) for delivery in sent] == [1] * 20


@pytest.mark.usefixtures("broker_away")
def test_two_schedulers_at_once_perform_nothing_twice(
    send: Send, received_by: ReceivedBy, schedulers: Callable[[], Scheduler]
) -> None:
    received_by("note")
    sent = [send() for _ in range(40)]

    def work() -> None:
        _turns_until(_all_delivered, schedulers(), within_s=20)

    assert run_together(work, work) == [None, None]

    assert [effects(delivery.message.stage) for delivery in sent] == [1] * 40
    assert set(Delivery.objects.values_list("attempt", flat=True)) == {1}


def test_small_messages_go_together_and_what_was_tried_goes_alone(send: Send) -> None:
    for _ in range(DELIVERIES_PER_TASK):
        send()
    tried, bulk = Delivery.objects.order_by("pk")[3:5]
    Delivery.objects.filter(pk=tried.pk).update(attempt=1)
    Delivery.objects.filter(pk=bulk.pk).update(queue="bulk")

    *alone, first, second = ([work.id for work in batch] for batch in batches(claim_due()))

    assert alone == [[tried.pk], [bulk.pk]]
    assert len(first) == DELIVERIES_PER_TASK
    assert [*first, *second] == [
        pk for pk in Delivery.objects.order_by("pk").values_list("pk", flat=True) if pk not in {tried.pk, bulk.pk}
    ]


def test_two_claims_at_once_share_no_work(send: Send) -> None:
    for _ in range(30):
        send()

    claimed = run_together(*(claim_due for _ in range(4)))

    ids = [work.id for one in claimed for work in one]
    assert len(ids) == len(set(ids)) == 60


def test_work_whose_performer_holds_it_is_not_claimed(send: Send) -> None:
    delivery = send()
    Delivery.objects.exclude(pk=delivery.pk).delete()
    with connection.cursor() as cursor:
        cursor.execute("BEGIN; SELECT FROM integration_delivery FOR NO KEY UPDATE")
        assert run_together(claim_due) == [[]]
        cursor.execute("ROLLBACK")
    assert [work.id for work in claim_due()] == [delivery.pk]


def _stage_due_to_start() -> LecStage:
    now = clock.now()
    return LecStage.objects.create(
        stage_uid="0" * 32,
        event_uid="1" * 32,
        event_number="DR-2026-0001",
        stage_number=1,
        time_zone="America/New_York",
        starts_at=now - timedelta(seconds=1),
        ends_at=now + timedelta(hours=1),
        control="off",
        control_value=0,
        status_revision=2,
        reservations_loaded_at=now,
    )


def test_what_the_clock_makes_due_is_noted_once_and_done_once() -> None:
    stage = _stage_due_to_start()

    run_together(*(find_due for _ in range(4)))
    work = DueWork.objects.get()
    assert (work.name, work.object_id, work.queue) == ("start stage", stage.pk, "small")
    run_together(*(lambda: run_due(work.pk, 0) for _ in range(10)))

    stage.refresh_from_db()
    assert (stage.state, stage.execution_revision) == ("In Progress", 1)
    assert not DueWork.objects.exists()


@pytest.mark.usefixtures("broker_away")
def test_without_the_broker_the_clock_still_starts_stages(schedulers: Callable[[], Scheduler]) -> None:
    stage = _stage_due_to_start()

    _turns_until(lambda: LecStage.objects.get(pk=stage.pk).state == "In Progress", schedulers())

    started = LecStage.objects.get(pk=stage.pk)
    assert started.started_at is not None
    assert started.execution_revision == 1


def test_due_work_that_keeps_failing_is_set_aside_with_an_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = _stage_due_to_start()
    monkeypatch.setitem(DUE, "start stage", Due(DUE["start stage"].ids, "tests.messages.receivers.fail", "small"))
    find_due()
    work = DueWork.objects.get()

    for attempt in range(14):
        run_due(work.pk, attempt)

    work.refresh_from_db()
    assert (work.attempt, work.dead_at is not None) == (12, True)
    assert f"start stage {stage.pk}" in Alert.objects.get(closed_at=None).text
    find_due()
    assert [claimed.id for claimed in claim_due()] == []


def test_bulk_work_waits_for_the_broker_and_comes_due_again(
    schedulers: Callable[[], Scheduler], broker: Redis, send: Send
) -> None:
    delivery = send()
    Delivery.objects.exclude(pk=delivery.pk).delete()
    Delivery.objects.update(queue="bulk")
    scheduler = schedulers()
    scheduler.broker_rests_until = time.monotonic() + 60

    scheduler.turn()

    assert (broker.llen("bulk"), scheduler.publishing_since) == (0, None)
    waiting = Delivery.objects.get()
    assert (waiting.attempt, waiting.state) == (0, "Open")
    Delivery.objects.update(due_at=clock.now())
    scheduler.broker_rests_until = 0
    scheduler.turn()
    scheduler.publisher.shutdown()
    assert broker.llen("bulk") == 1


def test_work_done_by_hand_is_not_done_again(send: Send, received_by: ReceivedBy) -> None:
    received_by("note")
    delivery = send()
    claimed = claim_due()

    for _ in range(2):
        for work in claimed:
            perform([work])

    assert effects(delivery.message.stage) == 1

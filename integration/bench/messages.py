"""Small messages end to end, each applied exactly once, beside empty Celery tasks on the same broker and worker."""

import time
import uuid
from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from redis import Redis

from derms.models import DeliveredLoad as KeptLoad
from derms.models import Stage
from integration.commands.journey import Journey, person_of, wait_until
from integration.console.roles import OPERATOR
from integration.project.celery import app
from integration.project.supervisor import working
from integration.seam import clock, outbox
from integration.seam.messages import DeliveredLoad
from integration.seam.models import SMALL, Delivery
from integration.seam.scheduler import publish_small
from integration.seam.systems import System

from .copies import copy_row
from .crew import BenchFailed
from .report import Row

MESSAGES, ROUNDS = 500, 3
DEVICES = 50
EVENT_STAGES = 10  # a report also recomputes its event's figures, which takes longer the more stages there are
PATIENCE_S = 120
GOAL = 0.25


def measure(say: Callable[[str], object]) -> Row:
    """One row: the ratio of messages per second to tasks per second, the median of several rounds.

    Raises BenchFailed if a message was applied twice or never.
    """
    with working(say):
        stages = make_stages(MESSAGES * (ROUNDS + 1))
        found = [_round(stages[MESSAGES * number :][:MESSAGES]) for number in range(ROUNDS + 1)]
    messages, tasks = sorted(found[1:], key=lambda rates: rates[0] / rates[1])[ROUNDS // 2]  # the first warms up
    name = f"small messages end to end, {messages:,.0f} a second; empty tasks, {tasks:,.0f}"
    return Row(name, MESSAGES, MESSAGES / messages, MESSAGES / tasks, None, round(messages / tasks, 2), GOAL, True)


def _round(stages: list[uuid.UUID]) -> tuple[float, float]:
    tasks = tasks_per_second(len(stages))
    return messages_per_second(stages), tasks


def make_stages(count: int) -> list[uuid.UUID]:
    """Make `count` stages of events that are never submitted; return the stages' uids."""
    journey = Journey(devices=DEVICES, stages=1, stage_seconds=3600)
    journey.make_fleet()
    wait_until(lambda: journey.enrolled() == DEVICES, seconds=PATIENCE_S, what="Enrolling the devices")
    like = journey.draft(person_of("journey.operator", OPERATOR)).stages.get()
    events = copy_row(like.event, count // EVENT_STAGES, {"uid": "gen_random_uuid()", "number": "'BENCH-' || n"})
    whose = f"{events[0]} + (n - 1) / {EVENT_STAGES}"
    number = f"mod(n - 1, {EVENT_STAGES}) + 1"
    copies = copy_row(like, count, {"uid": "gen_random_uuid()", "event_id": whose, "number": number})
    return list(Stage.objects.filter(pk__in=copies).values_list("uid", flat=True))


def messages_per_second(stages: list[uuid.UUID]) -> float:
    """Send a message about each stage, each in its own transaction; time ends when the last one is delivered."""
    first = (Delivery.objects.aggregate(last=Max("pk"))["last"] or 0) + 1
    sent = Delivery.objects.filter(pk__gte=first)
    began = clock.now()
    for stage in stages:
        with transaction.atomic():
            outbox.send(_delivered_load(stage), sender=System.LEC)
    wait_until(lambda: not sent.filter(delivered_at=None).exists(), seconds=PATIENCE_S, what="Delivering messages")
    applied = KeptLoad.objects.filter(stage__uid__in=stages).count()
    if applied != len(stages):
        raise BenchFailed(f"{len(stages)} messages were sent and {applied} applied.")
    ended: datetime = sent.aggregate(last=Max("delivered_at"))["last"]
    return len(stages) / (ended - began).total_seconds()


def tasks_per_second(count: int) -> float:
    """Publish `count` tasks that deliver nothing; time ends when the last one is acknowledged."""
    with app.connection_for_write() as broker:
        redis: Redis = broker.default_channel.client  # type: ignore[attr-defined]  # this transport's channel has it
        began = time.perf_counter()
        for _ in range(count):
            publish_small([])
        while redis.llen(SMALL) or redis.hlen("unacked"):
            time.sleep(0.005)
        return count / (time.perf_counter() - began)


def _delivered_load(stage: uuid.UUID) -> DeliveredLoad:
    return DeliveredLoad(
        stage_uid=stage, at=clock.now(), reduction_w=1000, called=1, answered=1, rejected=0, overridden=0
    )

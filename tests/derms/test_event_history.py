"""The event page: who left, what each head end's devices did, and one value for each count."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from derms import operations
from derms.models import Event, Removal, Stage
from integration.console.models import User
from integration.seam import clock
from integration.seam.messages import DeliveredLoad as Report
from tests.pages.html import html_of

EventIn = Callable[..., Event]

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_operator(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def left(stage: Stage, nic_ids: str, at: datetime, *, reason: str = "opt-out", answer: str = "removed") -> None:
    Removal.objects.bulk_create(
        Removal(
            stage_uid=stage.uid,
            head_end="HE1",
            nic_id=nic_id,
            reason=reason,
            requested_at=at,
            answer=answer,
            answered_at=at,
        )
        for nic_id in nic_ids
    )


def test_history_has_a_line_per_minute_and_reason_for_the_devices_that_left(
    event_in: EventIn, as_operator: Client
) -> None:
    event = event_in("Scheduled")
    stage = event.stages.get()
    minute = (stage.starts_at - timedelta(minutes=30)).replace(second=0, microsecond=0)
    left(stage, "abc", minute + timedelta(seconds=5))
    left(stage, "de", minute + timedelta(seconds=50))
    left(stage, "f", minute + timedelta(seconds=50), reason="customer unavailable", answer="released")
    left(stage, "g", minute + timedelta(minutes=1), answer="too late")
    left(stage, "h", minute, answer="")
    Removal.objects.filter(nic_id="h").update(answered_at=None)
    answer = as_operator.get(f"/events/{event.number}/")
    lines = [line for line in answer.context["history"] if hasattr(line, "devices")]
    assert [(line.devices, str(line.reason), line.have_left) for line in lines] == [
        (1, "opt-out", False),
        (1, "customer unavailable", True),
        (5, "opt-out", True),
    ]
    assert "5 devices left · opt-out" in " ".join(html_of(answer).split())
    assert "1 device could not leave any more" in html_of(answer)
    report = as_operator.get(f"/events/{event.number}/report/")
    assert "5 devices left · opt-out" in " ".join(html_of(report).split())


def test_the_page_reads_the_same_however_many_devices_left(
    event_in: EventIn, as_operator: Client, django_assert_max_num_queries: Any, now: datetime
) -> None:
    event = event_in("Scheduled")
    with django_assert_max_num_queries(30) as few:
        as_operator.get(f"/events/{event.number}/")
    left(event.stages.get(), "abcdefgh", now)
    with django_assert_max_num_queries(len(few)):
        as_operator.get(f"/events/{event.number}/")


def test_answers_are_shown_by_head_end_from_the_latest_report(
    event_in: EventIn, as_operator: Client, now: datetime
) -> None:
    event = event_in("In Progress")
    stage = event.stages.get()
    Stage.objects.filter(pk=stage.pk).update(called=20)
    assert as_operator.get(f"/events/{event.number}/").context["head_ends"] == []
    for minutes, answered in ((1, 2), (2, 7)):
        rest = {"rejected": 1, "overridden": 2, "reduction_w": 0}
        heat = {"head_end": "mock-heat", "called": 12, "answered": answered, **rest}
        other = {"head_end": "sample-climate", "called": 8, "answered": 0, "rejected": 0, "overridden": 0}
        body = {"called": 20, "answered": answered, **rest, "head_ends": [heat, {**other, "reduction_w": 0}]}
        at = stage.starts_at + timedelta(minutes=minutes)
        operations.follow_delivered_load(Report.model_validate({"stage_uid": stage.uid, "at": at, **body}))
    answer = as_operator.get(f"/events/{event.number}/")
    assert [tuple(row.devices)[1:] for row in answer.context["head_ends"]] == [
        ("mock-heat", 12, 5, 1, 2),
        ("sample-climate", 8, 8, 0, 0),
    ]
    assert {row.last_at for row in answer.context["head_ends"]} == {stage.starts_at + timedelta(minutes=2)}
    assert "Answers by head end" in html_of(answer)
    assert f"/live-energy-connect/stages/{stage.uid}/not-answered/" in html_of(answer)


def test_a_head_end_that_a_report_leaves_out_keeps_its_last_one_with_its_time(
    event_in: EventIn, as_operator: Client
) -> None:
    event = event_in("In Progress")
    stage = event.stages.get()
    Stage.objects.filter(pk=stage.pk).update(called=20)
    counts = {"answered": 5, "rejected": 0, "overridden": 0, "reduction_w": 0}
    heat, other = ({"head_end": name, "called": 10, **counts} for name in ("mock-heat", "sample-climate"))
    for minutes, head_ends in ((1, [heat, other]), (2, [heat])):
        at = stage.starts_at + timedelta(minutes=minutes)
        whole = {**counts, "called": 10 * len(head_ends), "answered": 5 * len(head_ends)}
        body = {"stage_uid": stage.uid, "at": at, **whole, "head_ends": head_ends}
        operations.follow_delivered_load(Report.model_validate(body))
    rows = as_operator.get(f"/events/{event.number}/").context["head_ends"]
    assert [(row.devices.name, row.devices.silent, row.last_at - stage.starts_at) for row in rows] == [
        ("mock-heat", 5, timedelta(minutes=2)),
        ("sample-climate", 5, timedelta(minutes=1)),
    ]


def test_an_event_canceled_before_its_start_has_nothing_reserved_anywhere(
    event_in: EventIn, as_operator: Client, operator: User, now: datetime
) -> None:
    event = event_in("Scheduled")
    operations.cancel_event(event_id=event.pk, by=operator, now=now, reason="not needed")
    answer = as_operator.get(f"/events/{event.number}/")
    assert (answer.context["reserved"], answer.context["power"].figures.reserved_kw) == (0, 0)
    assert "20 given back" in html_of(answer)


def test_a_reduction_has_the_same_label_on_every_page(
    event_in: EventIn, as_operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = event_in("In Progress")
    stage = event.stages.get()
    counts = {"called": 20, "answered": 20, "rejected": 0, "overridden": 0, "reduction_w": 16_000}
    at = stage.starts_at + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: at + timedelta(minutes=1))
    operations.follow_delivered_load(Report.model_validate({"stage_uid": stage.uid, "at": at, **counts}))
    label = "average so far, reported by Live Energy Connect"
    for page in ("", "report/"):
        assert label in html_of(as_operator.get(f"/events/{event.number}/{page}"))

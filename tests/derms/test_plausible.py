"""DERMS refuses reports that can't be true, and keeps nothing of them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from derms import operations
from derms.models import DeliveredLoad, Event, Stage
from integration.seam.messages import DeliveredLoad as Report
from integration.seam.messages import MessageRefused, StageExecutionStatus
from tests import walk

pytestmark = pytest.mark.django_db

LONG_AGO, FAR_OFF = datetime(2001, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
MOST = 2**31 - 1


@pytest.fixture
def stage(event_in: Callable[..., Event]) -> Stage:
    return event_in("Scheduled").stages.get()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"started_at": LONG_AGO}, "started_at: 2001-01-01 00:00 UTC is implausible for .* it can be from "),
        ({"started_at": FAR_OFF}, "started_at: 2101-01-01 00:00 UTC is implausible"),
        ({"at": LONG_AGO}, "at: 2001-01-01 00:00 UTC is implausible"),
        ({"at": FAR_OFF}, "at: 2101-01-01 00:00 UTC is implausible"),
        ({"called": MOST}, "called: 2,147,483,647 devices are implausible; at most 10,000,000"),
        ({"revision": MOST}, "revision: 2147483647 is implausible; after 0 at most 1000"),
    ],
    ids=["start long ago", "start far off", "moment long ago", "moment far off", "called", "revision"],
)
def test_an_execution_that_cannot_be_is_refused(
    stage: Stage, now: datetime, wrong: dict[str, Any], sentence: str
) -> None:
    status = walk.execution(stage, "In Progress", revision=1)
    with pytest.raises(MessageRefused, match=sentence), transaction.atomic():
        operations.follow_execution(StageExecutionStatus.model_validate({**status.model_dump(), **wrong}), now=now)
    stage = Stage.objects.get(pk=stage.pk)
    assert (stage.state, stage.started_at, stage.called, stage.execution_revision) == ("Scheduled", None, 0, 0)

    operations.follow_execution(status, now=now)  # what LEC really reports still counts

    assert Stage.objects.get(pk=stage.pk).state == "In Progress"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"at": LONG_AGO}, "at: 2001-01-01 00:00 UTC is implausible for"),
        ({"answered": MOST}, "answered: 2,147,483,647 devices are implausible; at most 10,000,000"),
        ({"head_ends": [{"called": MOST}]}, "called of HE1: 2,147,483,647 devices are implausible"),
    ],
    ids=["moment", "answered", "head end"],
)
def test_a_load_that_cannot_be_is_refused(stage: Stage, wrong: dict[str, Any], sentence: str) -> None:
    counts = {"reduction_w": 0, "called": 20, "answered": 20, "rejected": 0, "overridden": 0}
    fields = {"stage_uid": stage.uid, "at": stage.starts_at, **counts, **wrong}
    fields["head_ends"] = [{"head_end": "HE1", **counts, **one} for one in wrong.get("head_ends", [])]
    with pytest.raises(MessageRefused, match=sentence), transaction.atomic():
        operations.follow_delivered_load(Report.model_validate(fields))
    assert not DeliveredLoad.objects.exists()

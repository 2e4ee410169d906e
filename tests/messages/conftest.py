"""A message, and a receiver for it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from integration.seam import outbox
from integration.seam.messages import StageStatus
from integration.seam.models import Delivery
from integration.seam.routes import ROUTES, Route
from integration.seam.systems import System

START = datetime(2026, 7, 22, 18, tzinfo=UTC)
STATUS = StageStatus.model_validate(
    {
        "event_uid": uuid4(),
        "event_number": "DR-2026-0001",
        "event_name": "Heat peak",
        "stage_uid": uuid4(),
        "stage_number": 1,
        "program": "COOL",
        "category": "Economic",
        "time_zone": "America/New_York",
        "starts_at": START,
        "ends_at": START + timedelta(hours=1),
        "control": "off",
        "control_value": 0,
        "state": "Scheduled",
        "started_at": None,
        "revision": 2,
    }
)


@pytest.fixture
def received_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Route stage statuses to one receiver of tests.messages.receivers only."""

    def choose(name: str) -> None:
        monkeypatch.setitem(ROUTES, "stage_status", (Route(System.CPM, f"tests.messages.receivers.{name}"),))

    return choose


@pytest.fixture
def send() -> Callable[..., Delivery]:
    """Send a stage status about a new stage; returns the (first) delivery."""

    def make(event_name: str = "Heat peak") -> Delivery:
        body = STATUS.model_copy(update={"stage_uid": uuid4(), "event_name": event_name})
        with transaction.atomic():
            message = outbox.send(body, sender=System.DERMS)
        return message.deliveries.order_by("pk")[0]

    return make

"""DERMS applies what an executor sends: a stage runs from its reservations to one outcome per device."""

from collections.abc import Callable
from typing import Any

import pytest

from derms.models import DeviceOutcome, Event, Stage
from integration.seam.models import Alert
from integration.seam.systems import System

from .implementations import Executor, InProcess
from .seam import MINUTE, SECOND

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_stage_runs_from_its_reservation_to_its_outcomes(
    executor: Executor, event_in: Callable[..., Event], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.ANSWERS_EXPECTED_PCT = 0  # some draws of twenty simulated devices have five that take no part
    derms = InProcess(System.DERMS, monkeypatch)
    stage = event_in("Scheduled").stages.get()
    moments = [stage.starts_at - MINUTE, stage.starts_at, stage.starts_at + MINUTE, stage.ends_at]

    for at in [*moments, stage.ends_at + 30 * SECOND]:
        for system in (derms, executor, derms):
            system.receive(at)
            system.work(at)

    stage = Stage.objects.get(pk=stage.pk)
    assert (stage.state, stage.called, stage.reserved) == ("Completed", 20, 20)
    assert stage.delivered.count() == 3, "two minutes, and the end"
    assert DeviceOutcome.objects.filter(stage_id=stage.pk).count() == sum(stage.outcomes.values()) == 20
    assert stage.outcomes_sent_at
    assert not Alert.objects.exists()

"""Which answers take a device out of a stage: each system defines it in one place."""

from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

import pytest

from cpm.models import Removal as CpmRemoval
from derms.models import Departure, Device, Event
from derms.models import Removal as DermsRemoval
from integration.seam.systems import System
from lec_sim.models import Removal as LecRemoval


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answer", System.DERMS, System.CPM),
    [("", False, True), ("removed", True, True), ("released", True, True), ("too late", False, False)],
)
def test_a_device_has_left_by_the_answer(answer: str, derms: bool, cpm: bool, now: datetime) -> None:
    """CPM counts a device out as soon as its customer opts out; DERMS and LEC do so once it is granted."""
    of = {"stage_uid": uuid4(), "head_end": "HE1", "nic_id": "N1", "reason": "opt-out", "answer": answer}

    assert DermsRemoval.objects.create(**of, requested_at=now).has_left is derms
    assert LecRemoval.objects.create(**of, at=now).has_left is derms
    assert CpmRemoval.objects.create(**of, requested_at=now, requested_by="cora").has_left is cpm


@pytest.mark.django_db
def test_departures_name_stage_and_device(event_in: Callable[..., Event], now: datetime) -> None:
    stage = event_in("New").stages.get()
    device, staying = Device.objects.order_by("pk")[:2]
    for leaving, answer in ((device, "removed"), (staying, "too late")):
        DermsRemoval.objects.create(
            stage_uid=stage.uid,
            head_end=leaving.head_end.code,
            nic_id=leaving.nic_id,
            reason="enrollment ended",
            requested_at=now,
            answer=answer,
        )

    assert [(d.stage_id, d.device_id, d.reason) for d in Departure.objects.all()] == [
        (stage.pk, device.pk, "enrollment ended")
    ]

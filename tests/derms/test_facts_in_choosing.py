"""Changed facts of a device in choosing: what comes later uses them, what is reserved keeps what it counted with."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from derms.models import Device, Event, Program, Reservation
from derms.operations import save_device_facts
from derms.set_operations.choosing import Chosen
from integration.seam.messages import DeviceFacts
from tests import factories

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(("fields", "watts"), [({"rated_w": 4000}, 3200), ({"critical_care": True}, 0)])
def test_choosing_uses_new_facts_and_reservations_keep_their_watts(
    device: Callable[..., Device],
    choose: Callable[..., Chosen],
    event: Event,
    program: Program,
    noon: datetime,
    fields: dict[str, object],
    watts: int,
) -> None:
    Program.objects.filter(pk=program.pk).update(rules_data={"critical_care_exempt": True})
    made = device(nic_id="A1", rated_w=1000)
    assert choose().watts == 800  # the share of 1 kW that devices give on average
    stage = factories.reserved_stage(event, program, noon + 4 * HOUR, noon + 5 * HOUR, made)
    place = {"zone": "NORTH", "feeder": "NORTH-F1", "transformer": "NORTH-T1"}

    facts = {**DeviceFacts.example, **place, "nic_id": "A1", "at": noon, "rated_w": 1000, **fields}
    save_device_facts(DeviceFacts.model_validate(facts))

    reserved = Reservation.objects.get(stage_id=stage.pk)
    assert (reserved.expected_w, reserved.nominal_w) == (factories.RATED_W, factories.RATED_W)
    assert choose().watts == watts

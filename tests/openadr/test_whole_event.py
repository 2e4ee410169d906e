"""An event whose devices stand behind a ven: what it reports closes every participation as it should."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from cpm.models import Removal
from cpm.models.customers import Device
from derms.models import DeliveredLoad, Event, HeadEnd, Strategy
from derms.models import Device as KnownDevice
from integration.commands.verify import violations
from integration.seam.settling import settle
from lec_sim import operations as lec
from lec_sim.models import HeadEndProfile
from tests.openadr.conftest import VenClient, move_calls
from tests.removals.running import begin, called, execution, outcomes, participation, program_event, statuses
from tests.removals.running import device as device_of

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)
LOST, LEFT, TAKEN_BACK, BROKEN = (f"N000000{n}" for n in range(1, 5))


def state(name: str, nic_id: str) -> dict[str, object]:
    payloads = [{"type": "OPERATING_STATE", "values": [name]}]
    return {"resourceName": nic_id, "intervalPeriod": None, "intervals": [{"id": 0, "payloads": payloads}]}


def used(nic_id: str, starts_at: datetime, kwh: float, baseline: float) -> dict[str, object]:
    period = {"start": starts_at.isoformat(), "duration": "PT15M"}
    payloads = [{"type": "USAGE", "values": [kwh]}, {"type": "BASELINE", "values": [baseline]}]
    return {"resourceName": nic_id, "intervalPeriod": period, "intervals": [{"id": 0, "payloads": payloads}]}


@pytest.fixture
def report(ven: VenClient, event: Event, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Report something of devices of the event's stage, at a moment."""

    def send(at: datetime, *resources: dict[str, object]) -> None:
        move_calls(monkeypatch, at)
        sent = {"eventID": str(event.stages.get().uid), "clientName": "HE1", "resources": list(resources)}
        assert ven.post("reports", sent).status_code == 201

    return send


@pytest.fixture
def event(ven: VenClient, event_in: Callable[..., Event]) -> Event:
    """An event of one stage with twenty devices behind the ven, which all systems know."""
    made = event_in("Scheduled")
    settle()
    assert len(ven.found("events")) == 1
    return made


@pytest.fixture
def ten_simulated(strategy: Strategy) -> None:
    """The last ten devices stand behind a simulated head end, where all take part."""
    last, other = {"nic_id__gt": "N0000010"}, HeadEnd.objects.create(code="HE2", name="Simulated")
    Device.objects.filter(**last).update(head_end="HE2")
    KnownDevice.objects.filter(**last).update(head_end=other)
    HeadEndProfile.objects.create(
        head_end="HE2", answer_seconds=0.1, offline_share=0, reject_share=0, overrides_per_hour=0
    )


def test_a_stage_behind_the_simulator_and_a_ven_closes_both(
    ten_simulated: None, event: Event, report: Callable[..., None], ven: VenClient, now: datetime
) -> None:
    stage = event.stages.get()
    assert len(ven.found("resources")) == 10
    report(now, state("IDLE_OPTED_OUT", LEFT))
    settle()
    begin(stage)
    taking_part = [nic_id for nic_id in called(stage) - {LOST} if nic_id <= "N0000010"]
    at = stage.starts_at + MINUTE
    report(at, *(used(nic_id, stage.starts_at, 0.05, 0.25) for nic_id in taking_part))
    report(at, *(state("RUNNING_CURTAILED", nic_id) for nic_id in taking_part))
    lec.collect_answers(execution(stage).pk, now=at)
    lec.report_delivered_load(execution(stage).pk, now=at)
    settle()
    by_head_end = {one["head_end"]: one for one in DeliveredLoad.objects.get(stage=stage, at=at).head_ends}
    assert {name: (one["called"], one["answered"]) for name, one in by_head_end.items()} == {
        "HE1": (9, 8), "HE2": (10, 10)
    }  # fmt: skip
    assert by_head_end["HE1"]["reduction_w"] == 8 * 800
    assert by_head_end["HE2"]["reduction_w"] > 0

    lec.end_stage(execution(stage).pk, now=stage.ends_at)
    lec.hand_over_outcomes(execution(stage).pk, now=stage.ends_at + MINUTE)
    settle()

    found = {nic_id: one.code for nic_id, one in outcomes(stage).items()}
    assert found == {**dict.fromkeys(found, "D1SP"), LOST: "D1ND", LEFT: "D1CN"}
    assert len(found) == program_event(stage).closed == 20
    assert statuses(stage) == {"Closed"}
    assert violations(rest=timedelta(0)) == []


def test_every_participation_closes_as_its_device_was_reported(
    event: Event, report: Callable[..., None], now: datetime
) -> None:
    stage = event.stages.get()
    report(now, state("IDLE_OPTED_OUT", LEFT))
    settle()
    removal = Removal.objects.get(nic_id=LEFT)
    assert (removal.answer, removal.requested_by) == ("confirmed", "the device")
    assert not participation(stage, device_of(2)).reservation_flag

    begin(stage)
    assert len(called(stage)) == 19
    taking_part = sorted(called(stage) - {LOST})
    report(stage.starts_at + MINUTE, *(state("RUNNING_CURTAILED", nic_id) for nic_id in taking_part))
    measured_at = stage.starts_at + 15 * MINUTE
    report(measured_at, *(used(nic_id, stage.starts_at, 0.05, 0.25) for nic_id in taking_part))
    lec.collect_answers(execution(stage).pk, now=measured_at)
    lec.report_delivered_load(execution(stage).pk, now=measured_at)
    settle()
    line = DeliveredLoad.objects.get(stage=stage, at=measured_at)
    assert (line.called, line.answered, line.reduction_w) == (19, 18, 18 * 800)
    later = stage.starts_at + 20 * MINUTE
    report(later, state("RUNNING_OPTED_OUT", TAKEN_BACK), state("SGD_ERROR_CONDITION", BROKEN))

    lec.end_stage(execution(stage).pk, now=stage.ends_at)
    lec.hand_over_outcomes(execution(stage).pk, now=stage.ends_at + MINUTE)
    settle()

    found = {nic_id: one.code for nic_id, one in outcomes(stage).items()}
    special = {LOST: "D1ND", LEFT: "D1CN", TAKEN_BACK: "D1IO", BROKEN: "D1ER"}
    assert found == {**dict.fromkeys(found, "D1SP"), **special}
    assert len(found) == program_event(stage).participations == 20
    assert statuses(stage) == {"Closed"}
    assert violations(rest=timedelta(0)) == []

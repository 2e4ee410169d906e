"""Reserved devices that a stage could not call: an alert at once, an alert at the end, and verify finds the stage."""

from datetime import datetime, timedelta

import pytest

from integration.commands.journey import is_whole
from integration.commands.verify import violations_of
from integration.seam.messages import DeviceRemoval
from integration.seam.models import Alert, Priority
from integration.seam.scheduler import batches, claim_due, find_due, perform
from integration.seam.sql import compose
from lec_sim import operations
from lec_sim.drivers import Rows
from lec_sim.drivers.simulated import Simulated
from lec_sim.models import LecStage
from tests.lec_sim import stages
from tests.processes import eventually

pytestmark = pytest.mark.django_db(transaction=True)

OLD_SERVER = compose("SELECT 'x'::a_type_that_this_server_lacks")


@pytest.fixture
def running(now: datetime) -> LecStage:
    """A stage of 20 devices that has started and called nobody yet."""
    stage = stages.reserved(now, now)
    operations.start_stage(stage.pk, now=now)
    return stage


def open_alerts(stage: LecStage) -> dict[str, str]:
    """The text of each open, urgent alert about a stage, by kind."""
    found = Alert.objects.filter(stage_uid=stage.stage_uid, closed_at=None, priority=Priority.HIGH)
    return dict(found.values_list("kind", "text"))


def do_due_work_once() -> None:
    find_due()
    for batch in batches(claim_due()):
        perform(batch)


def test_the_first_call_that_fails_is_an_urgent_alert_about_the_stage(
    running: LecStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Simulated, "calls", lambda *_, **__: Rows(OLD_SERVER, {}))

    do_due_work_once()

    said = open_alerts(running)["message"]
    assert said.startswith("“call devices ")
    assert "failed 1 of 12 times and will be retried" in said
    assert "a_type_that_this_server_lacks" in said


def test_the_alert_closes_once_the_devices_are_called(running: LecStage, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Simulated, "calls", lambda *_, **__: Rows(OLD_SERVER, {}))
        do_due_work_once()

    assert eventually(lambda: do_due_work_once() or LecStage.objects.get(pk=running.pk).called == 20)

    assert open_alerts(running) == {}


def test_a_stage_that_ends_without_calls_stays_an_alert_and_is_found(running: LecStage) -> None:
    operations.end_stage(running.pk, now=running.ends_at)

    said = f"{running} did not call 20 of its 20 reserved devices."
    assert open_alerts(running) == {"devices not called": said}
    (found,) = violations_of("I11", rest=timedelta(0))
    assert found.subject == str(running)
    assert found.what == "20 of 20 reserved devices were not called, and nothing says why"


def test_devices_that_a_driver_leaves_out_are_an_alert_when_calls_are_made(
    running: LecStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Simulated().calls(running, called_at=running.starts_at)
    some = Rows(compose("SELECT * FROM ({whole}) called LIMIT 17", whole=whole.query), whole.params)
    monkeypatch.setattr(Simulated, "calls", lambda *_, **__: some)

    operations.call_devices(running.pk, now=running.starts_at)

    assert open_alerts(running) == {"devices not called": f"{running} did not call 3 of its 20 reserved devices."}
    assert len(violations_of("I11", rest=timedelta(0))) == 1


def test_devices_that_left_before_are_no_alert(now: datetime) -> None:
    stage = stages.reserved(now, now)
    left = DeviceRemoval(stage_uid=stage.stage_uid, head_end="HE1", nic_id="N0000003", reason="opt-out")
    operations.remove_device(left, now=now)
    operations.start_stage(stage.pk, now=now)
    operations.call_devices(stage.pk, now=now)

    assert LecStage.objects.get(pk=stage.pk).called == 19
    assert open_alerts(stage) == {}
    assert violations_of("I11", rest=timedelta(0)) == []


def test_a_journey_that_called_fewer_devices_is_not_whole() -> None:
    whole = {"devices": 10, "stages": 2, "outcomes": {"D1SP": 20}}
    whole |= dict.fromkeys(("reserved", "participations", "called", "closed"), 20)

    assert is_whole(whole)
    assert not is_whole(whole | {"called": 0})

"""A device that opts out by itself: its head end says so, and DERMS and CPM hear of it as of a customer's opt-out."""

import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest

from cpm import operations as cpm
from cpm.models import Notification, Participation, ParticipationChange, Removal
from cpm.models.customers import Device
from cpm.models.programs import ProgramType
from derms import operations as derms
from derms.models import ControlZone, Event, Program, Stage
from derms.models import Removal as Released
from integration.commands.verify import violations
from integration.console.models import User
from integration.seam.delivery import deliver
from integration.seam.messages import DeviceOptOut
from integration.seam.models import Delivery, Message
from integration.seam.settling import settle
from lec_sim import operations as lec
from lec_sim.choices import Word
from lec_sim.drivers import DRIVERS
from lec_sim.models import HeadEndProfile
from lec_sim.models import Removal as Refusal
from lec_sim.operations import Said, hear
from tests import factories, walk
from tests.faults.dose import doses
from tests.lec_sim.reporting import Reporting
from tests.removals.conftest import allow_leaving
from tests.removals.running import (
    MINUTE,
    begin,
    called,
    device,
    execution,
    fresh,
    outcomes,
    participation,
    program_event,
    statuses,
    tell,
)
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = timedelta(seconds=1)
DEVICES = 50


@pytest.fixture
def obedient(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The head end reports what its devices do."""
    monkeypatch.setitem(DRIVERS, Reporting.name, Reporting())
    HeadEndProfile.objects.create(head_end="HE1", driver=Reporting.name)


def say(stage: Stage, number: int, word: Word, at: datetime, *, heard_at: datetime | None = None) -> None:
    said = Said(f"N{number:07}", word, at)
    hear(execution(stage).pk, "HE1", [said], [], now=heard_at or at)


def opt_out(stage: Stage, number: int) -> None:
    say(stage, number, Word.OPTED_OUT, stage.starts_at - MINUTE)


def all_take_part(stage: Stage) -> None:
    said = [Said(nic_id, Word.ANSWERED, stage.starts_at) for nic_id in called(stage)]
    hear(execution(stage).pk, "HE1", said, [], now=stage.starts_at + SECOND)


def finish(stage: Stage) -> None:
    """End a stage on time, and let its outcomes reach CPM."""
    lec.end_stage(execution(stage).pk, now=stage.ends_at)
    lec.hand_over_outcomes(execution(stage).pk, now=stage.ends_at)
    settle()


def removal(stage: Stage, number: int) -> Removal:
    return Removal.objects.get(stage_uid=stage.uid, nic_id=f"N{number:07}")


def changes(stage: Stage, number: int) -> list[tuple[str, str]]:
    kept = ParticipationChange.objects.filter(program_event=program_event(stage), device=device(number))
    return list(kept.order_by("pk").values_list("what", "by"))


def test_cpm_shows_it_confirmed_and_that_the_device_said_so(stage: Stage) -> None:
    opt_out(stage, 1)
    settle()

    assert (removal(stage, 1).answer, removal(stage, 1).requested_by) == ("confirmed", "the device")
    left = participation(stage, device(1))
    assert (left.preemptive_opt_out, left.reservation_flag) == (True, False)
    assert changes(stage, 1) == [
        ("Preemptive Opt-Out: No → Yes, at the device", "the device"),
        ("Opt-out confirmed", "DERMS"),
        ("Reservation flag: Yes → No (opt-out)", "DERMS"),
    ]
    assert (fresh(stage).removed, fresh(stage).removed_w) == (1, 800)
    assert Notification.objects.filter(kind="opted out").count() == 1
    begin(stage)
    all_take_part(stage)
    finish(stage)
    assert device(1).nic_id not in called(stage)
    assert outcomes(stage)[device(1).nic_id].code == "D1CN"
    assert {one.code for one in outcomes(stage).values()} == {"D1CN", "D1SP"}
    assert statuses(stage) == {"Closed"}
    assert violations(rest=timedelta(0)) == []


def test_a_program_s_cut_off_binds_customers_and_history_says_that_the_device_was_later(stage: Stage) -> None:
    ProgramType.objects.update(opt_out_cutoff_minutes=30)

    opt_out(stage, 1)
    settle()

    assert removal(stage, 1).answer == "confirmed"
    assert changes(stage, 1)[0][0] == "Preemptive Opt-Out: No → Yes, at the device, after the program's cut-off"


def test_the_release_may_overtake_the_opt_out(stage: Stage) -> None:
    opt_out(stage, 1)
    told = Delivery.objects.get(message__kind="device_opt_out")
    deliver(told.pk, 0)
    released = Delivery.objects.get(message__kind="reservation_released")
    deliver(released.pk, 0)
    assert not participation(stage, device(1)).reservation_flag
    settle()

    assert (removal(stage, 1).answer, removal(stage, 1).requested_by) == ("confirmed", "the device")
    assert participation(stage, device(1)).preemptive_opt_out
    assert program_event(stage).reserved == 19


def test_it_comes_before_cpm_knows_the_reservations(
    event_in: Callable[..., Event], obedient: None, now: datetime
) -> None:
    stage = event_in("Scheduled").stages.get()
    allow_leaving()
    body = DeviceOptOut(stage_uid=stage.uid, head_end="HE1", nic_id="N0000001", answer="removed", at=now)
    derms.hear_opt_out(body, now=now)
    answers = Delivery.objects.filter(message__kind="opt_out_answer")
    deliver(answers.get().pk, 0)
    assert answers.get().error.startswith("Not yet")
    settle()

    assert (removal(stage, 1).answer, participation(stage, device(1)).preemptive_opt_out) == ("confirmed", True)


def test_a_customer_who_opts_out_as_well_gets_one_answer(stage: Stage, now: datetime) -> None:
    cpm.opt_out_device(program_event_id=program_event(stage).pk, device_id=device(1).pk, by="cora", now=now)
    opt_out(stage, 1)
    settle()

    assert (removal(stage, 1).answer, removal(stage, 1).requested_by) == ("confirmed", "cora")
    assert [what for what, _by in changes(stage, 1)].count("Opt-out confirmed") == 1
    assert (fresh(stage).removed, Released.objects.get().answer) == (1, "removed")
    opt_out(stage, 2)
    tell()
    cpm.opt_out_device(program_event_id=program_event(stage).pk, device_id=device(2).pk, by="cora", now=now)
    settle()
    assert removal(stage, 2).requested_by == "the device"
    assert violations(rest=timedelta(0)) == []


def test_a_device_that_was_let_go_before_opts_out_of_nothing(stage: Stage, now: datetime) -> None:
    period = {"starts_at": stage.starts_at - MINUTE, "ends_at": stage.ends_at, "reason": "Away", "by": "cora"}
    cpm.schedule_unavailability(device_ids=[device(1).pk], now=now, **period)
    settle()
    opt_out(stage, 1)
    settle()

    assert (removal(stage, 1).reason, removal(stage, 1).answer) == ("customer unavailable", "removed")
    assert not participation(stage, device(1)).preemptive_opt_out
    assert not Message.objects.filter(kind="device_opt_out").exists()


def test_after_the_start_it_is_too_late_and_an_override(stage: Stage) -> None:
    begin(stage)
    all_take_part(stage)
    say(stage, 1, Word.OPTED_OUT, stage.starts_at - MINUTE, heard_at=stage.starts_at + SECOND)
    say(stage, 2, Word.OPTED_OUT, stage.starts_at + MINUTE)
    settle()

    assert (removal(stage, 1).answer, removal(stage, 1).answered_at) == ("too late", stage.starts_at)
    assert participation(stage, device(1)).reservation_flag
    assert not Removal.objects.filter(nic_id=device(2).nic_id).exists()
    finish(stage)
    found = outcomes(stage)
    assert (found[device(1).nic_id].code, found[device(2).nic_id].code) == ("D1IO", "D1IO")
    assert statuses(stage) == {"Closed"}
    assert violations(rest=timedelta(0)) == []


@pytest.mark.parametrize("rounds", doses(2, 20))
def test_fifty_opt_outs_at_the_start_are_each_removed_or_too_late(
    rounds: int, zone: ControlZone, program: Program, operator: User, approver: User, now: datetime, obedient: None
) -> None:
    """Each over its own connection, as the stage starts; and each of them twice."""
    factories.fleet(zone, program, DEVICES, since=now - timedelta(days=30))
    allow_leaving()
    plan = factories.strategy(zone, program, stage_minutes=2, lead_time_s=0)
    answers: list[str] = []
    for number in range(rounds):
        event = derms.create_event(
            strategy_id=plan.pk, starts_at=now + (60 + 3 * number) * MINUTE, by=operator, now=now,
            details=derms.EventDetails(name="Race"),
        )  # fmt: skip
        walk.to("Scheduled", event, operator=operator, approver=approver, now=now)
        settle()
        stage = event.stages.get()
        nic_ids = list(Device.objects.order_by("nic_id").values_list("nic_id", flat=True))
        acts = [partial(_opt_out_late, stage, nic_id) for nic_id in nic_ids]
        problems = [one for one in run_together(*acts, partial(_start, stage)) if isinstance(one, Exception)]
        assert problems == []
        settle()
        found = dict(Refusal.objects.filter(stage_uid=stage.uid).values_list("nic_id", "answer"))
        assert sorted(found) == nic_ids
        told = Message.objects.filter(kind="device_opt_out", stage_uid=stage.uid)
        assert {one.payload["nic_id"]: one.payload["answer"] for one in told} == found
        assert told.count() == DEVICES
        assert called(stage) == {nic_id for nic_id, answer in found.items() if answer == "too late"}
        kept = dict(Removal.objects.filter(stage_uid=stage.uid).values_list("nic_id", "answer"))
        assert kept == {n: "confirmed" if answer == "removed" else "too late" for n, answer in found.items()}
        flags = Participation.objects.filter(program_event_id=program_event(stage).pk, reservation_flag=True)
        assert flags.count() == len(called(stage))
        finish(stage)
        codes = {nic_id: one.code for nic_id, one in outcomes(stage).items()}
        assert codes == {n: "D1CN" if answer == "removed" else "D1IO" for n, answer in found.items()}
        answers += found.values()
    assert set(answers) == {"removed", "too late"}
    assert violations(rest=timedelta(0)) == []


def _opt_out_late(stage: Stage, nic_id: str) -> None:
    time.sleep(random.uniform(0, 0.2))  # noqa: S311  (a moment, no secret)
    for _ in range(2):
        said = Said(nic_id, Word.OPTED_OUT, stage.starts_at - SECOND)
        hear(execution(stage).pk, "HE1", [said], [], now=stage.starts_at)


def _start(stage: Stage) -> None:
    time.sleep(0.1)
    pk = execution(stage).pk
    lec.start_stage(pk, now=stage.starts_at)
    lec.call_devices(pk, now=stage.starts_at)

"""A stage whose devices stand behind the simulator and behind a ven: the example takes part, and the pages show it."""

import re
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cpm.models import Participation, ParticipationOutcome
from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent
from derms import operations
from derms.choices import Control
from derms.models import DeliveredLoad, Event, Program, Strategy
from integration.console.models import User
from integration.console.service_accounts import add_account, make_secret
from integration.demo.people import person
from integration.seam import clock
from lec_sim.models import HeadEndProfile
from lec_sim.operations import set_reach
from tests.browser.conftest import Person
from tests.processes import eventually, started

HEAD_END, OTHER = "placeholder-hub", "sample-climate"
SCOPES = ["read_targets", "read_ven_objects", "write_reports"]
AHEAD, LENGTH = timedelta(seconds=75), timedelta(seconds=40)
PAGE = f"/live-energy-connect/head-ends/{HEAD_END}/"


@pytest.fixture
def simulated_again(demo: str) -> Iterator[None]:
    """The head end is the simulator's again for the next test."""
    before = HeadEndProfile.objects.get(head_end=HEAD_END)
    yield
    set_reach(head_end=HEAD_END, driver=before.driver, client=before.client, by="olive.operator", now=clock.now())


@pytest.mark.usefixtures("simulated_again")
def test_a_stage_behind_the_simulator_and_a_ven_closes_both(
    sign_in: Callable[..., Person], demo: str, tmp_path: Path
) -> None:
    given = {"name": "Home hub", "owner": person("olive.operator"), "scopes": SCOPES}
    account = add_account(given, by="adam.admin", now=clock.now())
    secret = make_secret(client_id=account.client_id, by="adam.admin", now=clock.now())
    operator = sign_in("olive.operator")
    operator.open(PAGE)
    operator.page.get_by_label("Reached by").select_option(label="OpenADR 3.1")
    operator.page.get_by_label("Client").select_option(label="Home hub")
    operator.press("Save")
    operator.reads("is saved")
    event, said = _planned(person("olive.operator"), person("ada.approver")), tmp_path / "ven.txt"
    words = f"examples/ven.py {demo} {account.client_id} --every 0.5 --report-every 5 --opt-out 1 --silent 1"
    with (
        said.open("w") as out,
        started([sys.executable, *words.split()], stdout=out, stderr=out, env={"VEN_SECRET": secret}),
    ):
        left = _is_told_and_opts_out(operator, said)
        _cpm_shows_it_confirmed(sign_in("pia.manager"), event, left)
        assert eventually(lambda: _reduction(event, HEAD_END) > 0, 120), said.read_text()
        operator.open(f"/events/{event.number}/")
        operator.reads("Completed", seconds=120, within="#state-tracking .now")
        done = ProgramEvent.objects.filter(event_uid=event.uid, outcomes_loaded_at__isnull=False)
        assert eventually(done.exists, 120), said.read_text()
    _everything_closed(operator, sign_in("pia.manager"), event, left)
    operator.open(PAGE)
    operator.reads(str(event.number))
    operator.shoot("head-end")


def _planned(operator: User, approver: User) -> Event:
    """An event of one stage for all thermostats of a zone, approved."""
    now = clock.now()
    start, program = now + AHEAD, Program.objects.get(code="COOL-SAVER")
    asked = {"program_id": program.pk, "control": Control.OFF, "control_value": 0.0}
    window = {"starts_at": start, "ends_at": start + LENGTH}
    event = operations.create_event(
        strategy_id=Strategy.objects.get(name="Alder quick test").pk,
        starts_at=start,
        by=operator,
        now=now,
        details=operations.EventDetails(name="Behind a ven"),
        stages=[operations.PlannedStage(None, asked | window, [])],
    )
    operations.submit_event(event_id=event.pk, by=operator, now=now)
    operations.approve_event(event_id=event.pk, by=approver, now=now)
    return event


def _is_told_and_opts_out(operator: Person, said: Path) -> str:
    """The ven learns of its stage, which the head end's page shows, and one device opts out; returns its name."""
    assert eventually(lambda: "opted out: " in said.read_text(), 60), said.read_text()
    operator.open(PAGE)
    operator.page.locator("tbody").get_by_text("yes").first.wait_for()
    found = re.search(r"opted out: (\S+)", said.read_text())
    assert found
    return found[1]


def _cpm_shows_it_confirmed(manager: Person, event: Event, nic_id: str) -> None:
    program_event, device = ProgramEvent.objects.get(event_uid=event.uid), Device.objects.get(nic_id=nic_id)
    left = Participation.objects.filter(program_event_id=program_event.pk, device_id=device.pk)
    assert eventually(lambda: left.filter(reservation_flag=False).exists(), 30)
    manager.open(f"/program-events/{event.number}/1/participation/{HEAD_END}/{nic_id}/")
    manager.reads("Confirmed by DERMS and LEC", within="#opt-out .now")


def _reduction(event: Event, head_end: str) -> float:
    """What devices behind a head end delivered at last, in W."""
    last = DeliveredLoad.objects.filter(stage__event=event).order_by("-at").first()
    return sum(one["reduction_w"] for one in last.head_ends if one["head_end"] == head_end) if last else 0.0


def _everything_closed(operator: Person, manager: Person, event: Event, left: str) -> None:
    program_event = ProgramEvent.objects.get(event_uid=event.uid)
    assert program_event.closed == program_event.participations == sum(program_event.outcomes.values())
    found = {one.device_id: one for one in ParticipationOutcome.objects.filter(program_event_id=program_event.pk)}
    behind = Device.objects.filter(pk__in=list(found), head_end=HEAD_END)
    codes = {one.nic_id: found[one.pk].code for one in behind.order_by("nic_id")}
    silent = list(codes)[-1]
    assert codes == {**dict.fromkeys(codes, "D1SP"), left: "D1CN", silent: "D1ND"}
    assert Device.objects.filter(pk__in=list(found), head_end=OTHER).exists()
    assert _reduction(event, OTHER) > 0
    manager.open(f"/program-events/{event.number}/1/")
    manager.press("Event Participation")
    manager.reads("Closed", seconds=30, within="tbody")
    manager.shoot("participation-behind-a-ven")
    operator.page.reload()
    operator.shoot("event-behind-a-ven")

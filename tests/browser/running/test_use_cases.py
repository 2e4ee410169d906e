"""Use cases "Create Event and Reserve Devices" and "Send Device Outcome", following the pages' texts."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cpm.models.program_events import ProgramEvent
from derms.models import Event
from integration.seam import clock
from tests.browser.conftest import Person

from .conftest import STRATEGY

STAGE_SECONDS = 9  # 0.15 min
AHEAD = timedelta(seconds=75)
PARTICIPATIONS = "tbody tr:has(a[href*='/participation/'])"  # without those of the picture beside them


def test_create_event_reserve_devices_and_send_device_outcome(sign_in: Callable[..., Person]) -> None:
    operator = sign_in("olive.operator")
    number = _plan_and_submit(operator)
    _approve(sign_in("ada.approver"), number)

    operator.open(f"/events/{number}/")
    operator.reads("Scheduled", seconds=40, within="#state-tracking .now")
    operator.shoot("event-scheduled")
    manager = sign_in("pia.manager")
    _see_the_reservation(manager, number)

    operator.reads("Completed", seconds=150, within="#state-tracking .now")
    operator.reads("Scheduled → In Progress", within="#history")
    _see_the_outcomes(operator, manager, number)


def _plan_and_submit(operator: Person) -> str:
    """Steps 1 to 4: sign in, Tools Selection > DERMS Events > + New Event, strategy, details, stages; then Submit."""
    operator.choose_tool("DERMS Events")
    operator.shoot("events")
    operator.press("New Event")
    page = operator.page
    page.get_by_role("radio", name=STRATEGY).check()
    page.get_by_label("Name").fill("Evening test")
    start = clock.now() + AHEAD
    page.get_by_label("Start").fill(local(start))
    operator.press("Add Stage")
    page.get_by_role("listitem", name="Stage 3").get_by_label("Program").select_option(label="Peak Reserve")
    for number in (1, 2, 3):
        row = page.get_by_role("listitem", name=f"Stage {number}")
        row.get_by_label("After").fill(str((number - 1) * STAGE_SECONDS / 60))
        row.get_by_label("Lasts").fill(str(STAGE_SECONDS / 60))
    # Typed while the chosen strategy's stages were loading, which must not change it.
    assert page.get_by_label("Start").input_value() == local(start).removesuffix(":00")
    operator.reads("devices eligible", within="#check")
    operator.shoot("event-new")
    operator.press("Save")
    operator.reads("is saved as New")
    operator.reads("devices", within="#check")
    operator.shoot("event-edit")
    page.locator("#state-tracking").get_by_role("link", name="Submit").click()
    operator.press("Submit")
    operator.reads("Submitted", within="#state-tracking .now")
    return page.url.rstrip("/").rsplit("/", 1)[-1]


def _approve(approver: Person, number: str) -> None:
    """The approval process: another person sees what would be reserved, and approves."""
    approver.choose_tool("DERMS Events")
    approver.press(number)
    approver.page.locator("#state-tracking").get_by_role("link", name="Approve").click()
    approver.reads("devices")
    approver.shoot("event-approve")
    approver.press("Approve")
    approver.reads("was approved")


def _see_the_reservation(manager: Person, number: str) -> None:
    """Step 6: the Program Event page, and Event Participation with the reservation flag Yes for each device."""
    manager.choose_tool("Program Events")
    manager.reads(number)
    manager.shoot("program-events")
    manager.open(f"/program-events/{number}/1/")
    manager.reads("Scheduled", seconds=20)
    # CPM first learns of the stage, and later of its devices in a file.
    manager.page.get_by_text(re.compile(r"^\s*[1-9][\d,]* reserved")).wait_for(timeout=20_000)
    manager.shoot("program-event")
    program_event = ProgramEvent.objects.get(event_number=number, stage_number=1)
    assert program_event.participations == program_event.reserved > 0
    manager.press("Event Participation")
    manager.reads("Yes", within="tbody")
    manager.shoot("participation-reserved")
    rows = manager.page.locator(PARTICIPATIONS)
    assert rows.count() == min(50, program_event.participations)
    assert rows.filter(has_text="Reserved").count() == min(50, program_event.participations)


def _see_the_outcomes(operator: Person, manager: Person, number: str) -> None:
    """Steps of "Send Device Outcome": each participation is Closed with an outcome."""
    event = Event.objects.get(number=number)
    reserved = sum(stage.reserved for stage in event.stages.all())
    done = re.compile(rf"{reserved:,}\s*/\s*{reserved:,}")
    operator.page.locator("#progress").get_by_text(done).nth(3).wait_for(timeout=60_000)
    operator.shoot("event")
    manager.open(f"/program-events/{number}/1/")
    manager.press("Event Participation")
    manager.reads("Closed", seconds=30, within="tbody")
    manager.shoot("participation")
    rows = manager.page.locator(PARTICIPATIONS)
    assert rows.filter(has_text="Closed").count() == rows.count()
    assert (
        rows.filter(has_text=re.compile("D1(SP|IO|ND|ER|CN)|participation|override|Non-responsive|Error")).count()
        == rows.count()
    )
    for program_event in ProgramEvent.objects.filter(event_uid=event.uid):
        assert program_event.closed == program_event.participations == sum(program_event.outcomes.values())


def local(moment: datetime) -> str:
    """A moment as the control zone's local time, in the format of the browser's date and time picker."""
    return moment.astimezone(ZoneInfo("America/New_York")).strftime("%Y-%m-%dT%H:%M:%S")

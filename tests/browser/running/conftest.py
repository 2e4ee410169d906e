"""One running demo for all tests of this folder: to start its processes takes longer than most of the tests.

What a test does stays for the next one, so each works on an event of its own, and none has the mark `django_db`, which
would empty the database.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser
from pytest_django import DjangoDbBlocker

from cpm.models import Participation
from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent
from derms import operations
from derms.choices import CLAIMING_STATES, EventState
from derms.models import Event, Strategy
from integration.commands.journey import wait_until
from integration.demo.people import person
from integration.project.supervisor import background_children
from integration.seam import clock
from tests.browser.conftest import chromium, shared_demo
from tests.databases import Databases

STRATEGY = "Alder quick test"  # two stages
AHEAD = timedelta(hours=1)
Reserve = Callable[[int], tuple[ProgramEvent, list[Device]]]


@pytest.fixture(scope="package")
def outcomes_soon() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENADR_ANSWERS_WITHIN_S", "10")
        yield


@pytest.fixture(scope="package")
def demo(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    databases: Databases,
    tmp_path_factory: pytest.TempPathFactory,
    outcomes_soon: None,
) -> Iterator[str]:
    """The demo utility with all processes, without the event that would soon take the zone's devices."""
    root = tmp_path_factory.mktemp("running") / "extracts"
    with (
        django_db_blocker.unblock(),
        shared_demo(databases, root, background_children()) as address,
    ):
        _cancel(Event.objects.get(strategy__name=STRATEGY, state__in=CLAIMING_STATES))
        yield address


@pytest.fixture(scope="package")
def browser(demo: str) -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def reserve(demo: str) -> Iterator[Reserve]:
    """Let an event of the test's own reserve devices; so many of them are returned, each of another customer."""
    events: list[Event] = []

    def begin(count: int) -> tuple[ProgramEvent, list[Device]]:
        events.append(_approved())
        known = ProgramEvent.objects.filter(event_uid=events[-1].uid, reserved__gt=0)
        wait_until(lambda: known.count() == 2, seconds=180, what="Reserving the devices")
        program_event = known.select_related("program__type").order_by("-stage_number")[0]
        ids = Participation.objects.filter(program_event_id=program_event.pk).values_list("device_id", flat=True)
        devices = Device.objects.filter(pk__in=list(ids[:200])).select_related("location__customer")
        by_customer = {device.location.customer_id: device for device in devices}
        return program_event, list(by_customer.values())[:count]

    yield begin
    for event in events:
        event.refresh_from_db()
        if event.state != EventState.CANCELED:
            _cancel(event)


def _approved() -> Event:
    now, olive = clock.now(), person("olive.operator")
    event = operations.create_event(
        strategy_id=Strategy.objects.get(name=STRATEGY).pk,
        starts_at=now + AHEAD,
        by=olive,
        now=now,
        details=operations.EventDetails(name="In an hour"),
    )
    operations.submit_event(event_id=event.pk, by=olive, now=now)
    operations.approve_event(event_id=event.pk, by=person("ada.approver"), now=now)
    return event


def _cancel(event: Event) -> None:
    operations.cancel_event(event_id=event.pk, by=person("olive.operator"), now=clock.now(), reason="Others go on")

"""Head ends that report what their devices do."""

from datetime import datetime, timedelta

import pytest

from lec_sim.drivers import DRIVERS
from lec_sim.models import HeadEndProfile, LecStage
from tests.lec_sim import stages
from tests.lec_sim.reporting import HE, Reporting, call

HOUR = timedelta(hours=1)


@pytest.fixture
def reporting(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The head ends VEN1 and VEN2 report; the devices of the head end SIM all take part."""
    driver = Reporting()
    monkeypatch.setitem(DRIVERS, driver.name, driver)
    for head_end in (HE, "VEN2"):
        HeadEndProfile.objects.create(head_end=head_end, driver=driver.name)
    HeadEndProfile.objects.create(
        head_end="SIM", offline_share=0, reject_share=0, overrides_per_hour=0, answer_seconds=0.001
    )


@pytest.fixture
def coming(reporting: None, now: datetime) -> LecStage:
    """A one-hour stage that has four devices reserved behind each of two head ends that report."""
    start = now.replace(second=0, microsecond=0) + HOUR
    return stages.reserved(start, now, head_ends=(HE, "VEN2"), devices=4)


@pytest.fixture
def running(coming: LecStage) -> LecStage:
    return call(coming)

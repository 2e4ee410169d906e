"""Calls this season: how evenly devices were called."""

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client

from derms.models import ControlZone, Program
from derms.queries.calls import ProgramCalls, program_calls
from integration.seam import sql
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def fleet(zone: ControlZone, program: Program, now: datetime) -> None:
    """Five devices: two never called this season, two called by one event, one by four and silent in its last three."""
    factories.fleet(zone, program, 5, since=now - timedelta(days=60))
    ids = sql.column("SELECT device_id FROM derms_candidate ORDER BY 1")
    change = """
        UPDATE derms_candidate SET season = %s, season_events = %s, silent_run = %s, last_called_on = %s
         WHERE device_id = %s"""
    season, day = zone.season(now), zone.local_day(now)
    for device, (year, events, silent) in zip(
        ids, [(season - 1, 9, 0), (season, 0, 0), (season, 1, 0), (season, 1, 2), (season, 4, 3)], strict=True
    ):
        sql.execute(change, [year, events, silent, day, device])


def test_devices_are_counted_by_the_events_of_this_season(fleet: None, program: Program, now: datetime) -> None:
    (found,) = program_calls(now)
    assert found == ProgramCalls(program.code, program.name, [(0, 2), (1, 2), (4, 1)])
    assert (found.devices, found.fewest, found.median, found.most) == (5, 0, 1, 4)


def test_the_page_shows_programs_and_leads_to_devices_that_never_answer(
    fleet: None, client: Client, operator: object, program: Program
) -> None:
    client.force_login(operator)  # type: ignore[arg-type]
    page = client.get("/calls/").content.decode()
    assert program.name in page
    assert "5 devices; called by 0 to 4 events, the median by 1" in " ".join(page.split())
    assert f'data-chart="calls-{program.code}"' in page
    bars = re.findall(r'data-value="(\d+)".*?data-value="(\d+)"', page, re.DOTALL)
    assert bars == [("0", "2"), ("1", "2"), ("4", "1")]
    assert "/calls/never-answer/" in page


def test_without_devices_the_page_says_so(client: Client, operator: object) -> None:
    client.force_login(operator)  # type: ignore[arg-type]
    page = client.get("/calls/").content.decode()
    assert "No devices are enrolled yet" in page

"""What looks wrong in a file of readings as a whole is said before it is applied, and refuses nothing."""

from datetime import timedelta

import numpy as np
import pytest
from django.test import Client
from django.utils import translation

from cpm.models import Meter
from integration.console.models import User
from integration.importing.models import ImportRun
from integration.seam.recorded import in_words
from tests.cpm.test_meter_days import DAY, SLOTS, meter, place, save
from tests.importing.bringing import apply, checked

pytestmark = pytest.mark.django_db
HOURS = np.arange(SLOTS) / 4
SHAPE = 100 + 80 * np.exp(-((HOURS - 8) ** 2) / 2) + 200 * np.exp(-((HOURS - 19) ** 2) / 4)


@pytest.fixture
def meters() -> list[Meter]:
    """Eight meters of one zone; four of them have readings of the day and of the same day a week before."""
    made = [meter(f"M{n}", at=place(str(n))) for n in range(8)]
    for number, one in enumerate(made[:4]):
        for day in (DAY, DAY - timedelta(days=7)):
            save(one, (1 + number / 10) * SHAPE, day=day)
    return made


def wide(meters: list[Meter], shape: np.ndarray, *, scale: float = 1.0) -> str:
    heading = ",".join(f"{n // 4:02}:{n % 4 * 15:02}" for n in range(SLOTS))
    rows = [
        f"{one.number},{DAY}," + ",".join(f"{wh * (1 + n / 20) * scale:.1f}" for wh in shape)
        for n, one in enumerate(meters)
    ]
    return f"meter,day,{heading}\n" + "\n".join(rows) + "\n"


def said(text: str) -> list[str]:
    run = checked("meter_readings", text.replace("meter,day,", "meter,day,unit,").replace(f",{DAY},", f",{DAY},Wh,"))
    assert run.refused == 0
    return list(run.suspicions)


def test_clocks_an_hour_off_are_seen_beside_other_meters_of_the_zone(meters: list[Meter]) -> None:
    assert said(wide(meters[4:], SHAPE)) == []
    (late,) = said(wide(meters[4:], np.roll(SHAPE, 4)))
    assert late.startswith("From 2026-07-01 to 2026-07-01, the readings follow those of other meters of their control")
    assert "moved by -1 h" in late
    (early,) = said(wide(meters[4:], np.roll(SHAPE, -4)))
    assert "moved by +1 h" in early


def test_without_other_meters_the_week_before_tells(meters: list[Meter]) -> None:
    Meter.objects.filter(pk__in=[one.pk for one in meters[4:]]).delete()
    (late,) = said(wide(meters[:4], np.roll(SHAPE, 4)))
    assert "the same meters a week before" in late


def test_amounts_that_no_home_has_are_a_suspicion_where_nothing_is_known_before() -> None:
    new = [meter(f"N{n}", at=place(f"n{n}")) for n in range(4)]
    (tiny,) = said(wide(new, SHAPE, scale=0.001))
    assert tiny.endswith("Wh a day. Are the values kWh instead of Wh?")


def test_a_suspicion_is_on_the_files_page_in_the_readers_language_and_the_file_can_be_applied(
    meters: list[Meter], client: Client, administrator: User
) -> None:
    text = wide(meters[4:], np.roll(SHAPE, 4)).replace("meter,day,", "meter,day,unit,")
    run = checked("meter_readings", text.replace(f",{DAY},", f",{DAY},Wh,"))
    client.force_login(administrator)
    assert "an hour off?" in client.get(f"/imports/{run.uid}/").content.decode()
    with translation.override("de"):
        assert "denen von anderen Zählern ihrer" in in_words(run.suspicions[0])
    assert apply(run).state == "Applied"
    assert ImportRun.objects.get(pk=run.pk).suspicions

"""The page of the load forecast: the days to come with their band, and how good forecasts were."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from derms.models import ControlZone, ForecastSkill, IssuedForecast, LoadForecast
from integration.console.models import User
from integration.seam import clock
from tests import factories

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def page(client: Client, person: User, **query: str) -> Any:
    client.force_login(person)
    return client.get("/forecast/", query)


def test_it_shows_the_hours_to_come_their_band_and_the_errors_beside_the_naive_ones(
    client: Client, operator: User, zone: ControlZone
) -> None:
    now = clock.now()
    coming = now.replace(minute=0, second=0, microsecond=0) + HOUR
    LoadForecast.objects.filter(zone=zone, hour=coming).update(low_kw=45_100, high_kw=56_700)
    IssuedForecast.objects.create(zone=zone, hour=coming, source="model", issued_at=now, forecast_kw=50_000)
    for hour in range(24):
        ForecastSkill.objects.create(
            zone=zone, hour=hour, method="ridge", days=27, error_pct=7 if hour else 11.4, like_weekdays_pct=9.3,
            in_force_pct=None, reckoned_at=now,
        )  # fmt: skip
    shown = page(client, operator).content.decode()
    assert shown.count('<td class="num" data-value="50.00">') > 72
    for value in ("45.10", "56.70", "11.4", "9.3"):
        assert f'data-value="{value}"' in shown
    assert 'data-value="7.2"' in shown, "the mean of all hours"
    assert "27 of them known" in shown
    assert "Gridcall's own" in shown


def test_before_anything_is_known_it_says_so_and_an_unknown_zone_is_not_found(
    client: Client, operator: User, db: None
) -> None:
    assert "There is no control zone yet" in page(client, operator).content.decode()
    made = factories.zone("MAPLE")
    shown = page(client, operator, zone=made.code).content.decode()
    assert "No load forecast covers these hours." in shown
    assert "Nothing is known yet." in shown
    assert page(client, operator, zone="ELSEWHERE").status_code == 404

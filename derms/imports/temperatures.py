"""Outdoor temperatures of the control zones, hour by hour: measured ones, and the forecast of the days to come."""

from django.utils.translation import gettext_lazy as _

from integration.importing.kinds import Applying, ByHour, Column, Kind
from integration.importing.values import Share
from integration.seam import sql
from integration.seam.sql import compose

from .load import HOUR, NO_HOUR, REFUSE_NO_HOUR, ZONE

COLDEST_C, HOTTEST_C = -90, 70
_CURRENT = """
SELECT z.code AS zone, t.hour, t.celsius AS temperature_c
  FROM derms_temperature t JOIN derms_controlzone z ON z.id = t.zone_id
"""
_WRITE = """
INSERT INTO derms_temperature (zone_id, hour, celsius)
SELECT z.id, c.hour, c.temperature_c FROM {changes} c JOIN derms_controlzone z ON z.code = c.zone ORDER BY z.id, c.hour
    ON CONFLICT (zone_id, hour) DO UPDATE SET celsius = EXCLUDED.celsius
"""


def write_temperatures(applying: Applying) -> None:
    sql.execute(compose(_WRITE, changes=applying.changes))


TEMPERATURES = Kind(
    name="temperatures",
    label=_("Temperatures"),
    columns=(
        ZONE,
        HOUR,
        Column(
            "temperature_c",
            _("Temperature, °C"),
            Share(COLDEST_C, HOTTEST_C),
            ("temperature", "temp_c", "temp", "t2m", "celsius", "Temperatur", "Lufttemperatur", "TT_TU"),
            _("Mean of the hour: forecast, or measured once it is over."),
        ),
    ),
    key=("zone", "hour"),
    current=compose(_CURRENT),
    apply=write_temperatures,
    refusals=((REFUSE_NO_HOUR, NO_HOUR),),
    hourly=ByHour("hour", "temperature_c"),
)

"""Meters of device locations."""

from django.utils.translation import gettext_lazy as _

from cpm.choices import Registers
from cpm.models.meters import INTERVALS_S, LARGEST_KW
from integration.importing.dates import Moment
from integration.importing.kinds import Applying, Column, Kind, Reference
from integration.importing.values import Choice, Code, Share
from integration.seam import sql
from integration.seam.filling import filling
from integration.seam.recorded import recorded
from integration.seam.sql import compose

from .customers import LOCATION_NAMES

NO_LOCATION = recorded("There is no device location with the service point “%(value)s”. Near it: %(near)s.")
ENDS_FIRST = recorded("The meter ends before it starts.")
TWO_AT_ONCE = recorded("Meter “%(value)s” is at this place at the same time. End it first.")
OTHER_PLACE = recorded("The meter is at “%(value)s”, with readings. A meter that moves gets a number of its own there.")
METER_NAMES = (
    "meter_number", "meter_no", "meter_id", "meter_serial", "Zählernummer", "Zähler", "Messgerät",
)  # fmt: skip
MINUTES = tuple(str(seconds // 60) for seconds in INTERVALS_S)
_CURRENT = """
SELECT m.number AS meter, l.service_point, (m.interval_s / 60)::text AS interval, m.registers, m.largest_kw,
       m.starts_at, m.ends_at
  FROM cpm_meter m JOIN cpm_devicelocation l ON l.id = m.location_id
"""
_CHANGE = """
UPDATE cpm_meter m
   SET location_id = l.id, interval_s = c.interval::integer * 60, registers = c.registers, largest_kw = c.largest_kw,
       starts_at = c.starts_at, ends_at = c.ends_at
  FROM {changes} c JOIN cpm_devicelocation l ON l.service_point = c.service_point AND l.service_point <> ''
 WHERE c.outcome = 'changed' AND m.number = c.meter
"""
# Meters that end make room for those that follow.
_ADD = """
INSERT INTO cpm_meter (number, location_id, interval_s, registers, largest_kw, starts_at, ends_at)
SELECT c.meter, l.id, c.interval::integer * 60, c.registers, c.largest_kw, c.starts_at, c.ends_at
  FROM {changes} c JOIN cpm_devicelocation l ON l.service_point = c.service_point AND l.service_point <> ''
 WHERE c.outcome = 'added' ORDER BY l.id, c.starts_at
"""
_ENDS_FIRST = """
SELECT s.line, 'ends_at'::text, s.ends_at::text, {pattern} FROM {staged} s WHERE s.ends_at <= s.starts_at
"""
_TWO_AT_ONCE = """
SELECT s.line, 'service_point'::text, s.service_point::text, replace({pattern}, '%%(value)s', o.meter)
  FROM {staged} s
  JOIN (SELECT meter, service_point, starts_at, ends_at FROM {staged}
         UNION ALL
        SELECT t.meter, t.service_point, t.starts_at, t.ends_at FROM ({current}) t
         WHERE NOT EXISTS (SELECT FROM {staged} file WHERE file.meter = t.meter)) o
    ON o.service_point = s.service_point AND o.meter <> s.meter
   AND s.starts_at < coalesce(o.ends_at, 'infinity') AND o.starts_at < coalesce(s.ends_at, 'infinity')
"""
_OTHER_PLACE = """
SELECT s.line, 'service_point'::text, s.service_point::text, replace({pattern}, '%%(value)s', t.service_point)
  FROM {staged} s JOIN ({current}) t ON t.meter = s.meter AND t.service_point <> s.service_point
  JOIN cpm_meter m ON m.number = s.meter WHERE EXISTS (SELECT FROM cpm_meterday d WHERE d.meter_id = m.id)
"""


def write_meters(applying: Applying) -> None:
    applying.write(_CHANGE)
    with filling("cpm_meter", rows=applying.added):
        sql.execute(compose(_ADD, changes=applying.changes))
    applying.analyze("cpm_meter")


METERS = Kind(
    name="meters",
    label=_("Meters"),
    columns=(
        Column("meter", _("Meter"), Code(40), METER_NAMES, _("The meter's number.")),
        Column(
            "service_point",
            _("Service point"),
            Code(40),
            LOCATION_NAMES,
            _("The utility's id of the place."),
            refers=Reference("cpm_devicelocation", "service_point", NO_LOCATION),
        ),
        Column(
            "interval",
            _("Interval, minutes"),
            Choice(MINUTES, {str(seconds): str(seconds // 60) for seconds in INTERVALS_S}),
            ("interval_minutes", "minutes", "Takt", "Messperiode"),
            _("5, 15, 30 or 60."),
            default="15",
            is_required=False,
        ),
        Column(
            "registers",
            _("Measures"),
            Choice(tuple(Registers.values), {"delivered": "forward", "bidirectional": "both", "Saldo": "net"}),
            ("register", "flow", "Richtung"),
            _("forward: taken from the grid; both: taken and given, apart; net: taken less given."),
            default=Registers.FORWARD.value,
            is_required=False,
        ),
        Column(
            "largest_kw",
            _("Highest power, kW"),
            Share(0.1, 1_000_000),
            ("max_kw", "rated_kw", "Höchstleistung_kW"),
            _("A reading of more is impossible."),
            default=str(LARGEST_KW),
            is_required=False,
        ),
        Column("starts_at", _("From"), Moment(), ("from", "start", "installed_at", "Einbau", "von")),
        Column("ends_at", _("Until"), Moment(), ("until", "end", "removed_at", "Ausbau", "bis"), is_required=False),
    ),
    key=("meter",),
    current=compose(_CURRENT),
    apply=write_meters,
    refusals=((_ENDS_FIRST, ENDS_FIRST), (_TWO_AT_ONCE, TWO_AT_ONCE), (_OTHER_PLACE, OTHER_PLACE)),
)

"""Hourly load of the control zones: forecast with reduction factors, and metered."""

from django.utils.translation import gettext_lazy as _

from derms.choices import DeviceClass
from derms.models.grid import ControlZone
from derms.operations.forecast import PLAUSIBLE
from derms.operations.forecast_age import close_old_forecast
from derms.operations.forecast_file import MOST_MW
from derms.operations.issuing import keep_issued
from integration.importing.dates import Moment
from integration.importing.kinds import Across, Applying, ByHour, Column, Kind, Reference
from integration.importing.values import Code, Share
from integration.seam import sql
from integration.seam.recorded import recorded
from integration.seam.sql import Sql, compose, identifier, listed, union_all

from .grid import NO_ZONE, ZONE_NAMES

NO_HOUR = recorded("It is not the start of an hour in %(value)s.")
IMPLAUSIBLE = recorded(
    "The highest load known of this zone is %(value)s MW. If the file is right (in MW, not kW), "
    "load it with manage.py load_forecast --confirmed."
)
HOUR_NAMES = (
    "hour_start", "starts_at", "datetime_beginning_utc", "datetime_beginning_ept", "time_stamp", "timestamp",
    "datetime", "intervalstarttime_gmt", "hour_ending", "hour_end", "Stunde", "Zeitpunkt", "Beginn", "Stundenende",
)  # fmt: skip
CLASSES = tuple(DeviceClass.values)
ZONES_KNOWN = "SELECT code FROM derms_controlzone ORDER BY code"

ZONE = Column(
    "zone",
    _("Control zone"),
    Code(20),
    (*ZONE_NAMES, "load_area", "tac_area_name", "Name"),
    refers=Reference("derms_controlzone", "code", NO_ZONE),
)
HOUR = Column("hour", _("Hour"), Moment(), HOUR_NAMES, _("Its start."))
REFUSE_NO_HOUR = """
SELECT s.line, 'hour'::text, s.hour::text, replace({pattern}, '%%(value)s', z.time_zone)
  FROM {staged} s JOIN derms_controlzone z ON z.code = s.zone
 WHERE s.hour <> date_trunc('hour', s.hour, z.time_zone)
"""
_IMPLAUSIBLE = """
SELECT s.line, 'load_mw'::text, s.load_mw::text, replace({pattern}, '%%(value)s', round(known.kw / 1000.0, 1)::text)
  FROM {staged} s
  JOIN (SELECT zone, max(abs(load_mw)) * 1000 AS kw FROM {staged} GROUP BY zone) highest USING (zone)
  JOIN (SELECT z.code AS zone, coalesce(greatest(max(abs(f.forecast_kw)), max(abs(f.metered_kw))), z.limit_kw) AS kw
          FROM derms_controlzone z LEFT JOIN derms_loadforecast f ON f.zone_id = z.id GROUP BY z.id) known USING (zone)
 WHERE known.kw > 0 AND highest.kw NOT BETWEEN known.kw / {times}.0 AND known.kw * {times}.0
"""
# Gridcall's own forecast of an hour to come is no file's: a file that says the same wins over it as well.
_FORECAST_NOW = """
SELECT z.code AS zone, f.hour, f.forecast_kw / 1000.0::float8 AS load_mw, {factors}
  FROM derms_loadforecast f JOIN derms_controlzone z ON z.id = f.zone_id {joins}
 WHERE f.source = 'file' OR f.hour <= now()
"""
_FACTOR_JOIN = """
LEFT JOIN derms_reductionfactor {name} ON {name}.zone_id = f.zone_id AND {name}.hour = f.hour
      AND {name}.device_class = '{name}'
"""
_WRITE_FORECAST = """
INSERT INTO derms_loadforecast (zone_id, hour, forecast_kw, source)
SELECT z.id, c.hour, round(c.load_mw * 1000), 'file' FROM {changes} c JOIN derms_controlzone z ON z.code = c.zone
 ORDER BY z.id, c.hour
    ON CONFLICT (zone_id, hour) DO UPDATE
   SET forecast_kw = EXCLUDED.forecast_kw, low_kw = NULL, high_kw = NULL, source = EXCLUDED.source,
       loaded_at = EXCLUDED.loaded_at
"""
WRITE_FACTORS = """
INSERT INTO derms_reductionfactor (zone_id, device_class, hour, factor)
SELECT z.id, c.device_class, c.hour, c.factor
  FROM {factors} c JOIN derms_controlzone z ON z.code = c.zone WHERE c.factor IS NOT NULL
 ORDER BY z.id, c.device_class, c.hour
    ON CONFLICT (zone_id, device_class, hour) DO UPDATE SET factor = EXCLUDED.factor
"""
_FACTORS_OF = "SELECT zone, hour, '{name}' AS device_class, {name} AS factor FROM {changes}"
_ZONES_OF = "SELECT DISTINCT zone FROM {changes}"
# An hour of which nobody forecast anything is kept as what meters said of it: operations/metered.py.
_METERED_NOW = """
SELECT z.code AS zone, f.hour, f.metered_kw / 1000.0::float8 AS metered_mw
  FROM derms_loadforecast f JOIN derms_controlzone z ON z.id = f.zone_id WHERE f.metered_kw IS NOT NULL
 UNION ALL
SELECT z.code, m.starts_at, m.load_kw / 1000.0::float8
  FROM derms_meteredload m JOIN derms_controlzone z ON z.id = m.zone_id
 WHERE m.length_s = 3600
   AND NOT EXISTS (SELECT FROM derms_loadforecast f WHERE f.zone_id = m.zone_id AND f.hour = m.starts_at)
"""
_WRITE_METERED = """
UPDATE derms_loadforecast f SET metered_kw = round(c.metered_mw * 1000)
  FROM {changes} c JOIN derms_controlzone z ON z.code = c.zone WHERE f.zone_id = z.id AND f.hour = c.hour
"""
_WRITE_METERED_ALONE = """
INSERT INTO derms_meteredload (zone_id, starts_at, length_s, load_kw)
SELECT z.id, c.hour, 3600, round(c.metered_mw * 1000)
  FROM {changes} c JOIN derms_controlzone z ON z.code = c.zone
 WHERE NOT EXISTS (SELECT FROM derms_loadforecast f WHERE f.zone_id = z.id AND f.hour = c.hour)
 ORDER BY z.id, c.hour
    ON CONFLICT (zone_id, starts_at) DO UPDATE SET length_s = EXCLUDED.length_s, load_kw = EXCLUDED.load_kw
"""


def write_forecast(applying: Applying) -> None:
    """Replace the hours to come and add those that are missing, with the factors that the file has."""
    changes = applying.changes
    sql.execute(compose(_WRITE_FORECAST, changes=changes))
    factors = union_all(compose(_FACTORS_OF, name=compose(name), changes=changes) for name in CLASSES)
    sql.execute(compose(WRITE_FACTORS, factors=compose("({factors})", factors=factors)))
    found = ControlZone.objects.filter(code__in=sql.column(compose(_ZONES_OF, changes=changes)))
    zones = sorted(found.values_list("pk", flat=True))
    keep_issued(zones, now=applying.now)
    close_old_forecast(set(zones))


def write_metered(applying: Applying) -> None:
    applying.write(_WRITE_METERED, _WRITE_METERED_ALONE)


def _forecast_now() -> Sql:
    names = [compose(name) for name in CLASSES]
    factors = listed(compose("{name}.factor AS {column}", name=n, column=identifier(n)) for n in names)
    return compose(_FORECAST_NOW, factors=factors, joins=Sql("".join(compose(_FACTOR_JOIN, name=n) for n in names)))


LOAD_FORECAST = Kind(
    name="load_forecast",
    label=_("Load forecast"),
    columns=(
        ZONE,
        HOUR,
        Column(
            "load_mw",
            _("Load, MW"),
            Share(-MOST_MW, MOST_MW),
            ("load", "forecast_mw", "mw", "Last_MW", "system_load", "Lastprognose_MW", "Prognose_MW"),
            _("Average power."),
        ),
        *(
            Column(value, label, Share(0, 1), help=_("Share of rated power that is reduced, 0 to 1."), may_lack=True)
            for value, label in DeviceClass.choices
        ),
    ),
    key=("zone", "hour"),
    current=_forecast_now(),
    apply=write_forecast,
    refusals=(
        (REFUSE_NO_HOUR, NO_HOUR),
        (_IMPLAUSIBLE.replace("{times}", str(PLAUSIBLE)), IMPLAUSIBLE),
    ),
    # An hour that has begun keeps the values people decided on.
    kept="t.hour <= now()",
    across=Across("zone", "load_mw", ZONES_KNOWN),
    hourly=ByHour("hour", "load_mw"),
)
METERED_LOAD = Kind(
    name="metered_load",
    label=_("Metered load"),
    columns=(
        ZONE,
        HOUR,
        Column(
            "metered_mw",
            _("Metered load, MW"),
            Share(-MOST_MW, MOST_MW),
            ("load_mw", "load", "mw", "integrated_load", "system_load", "Last_MW", "Messwert_MW"),
            _("Average."),
        ),
    ),
    key=("zone", "hour"),
    current=compose(_METERED_NOW),
    apply=write_metered,
    refusals=((REFUSE_NO_HOUR, NO_HOUR),),
    across=Across("zone", "metered_mw", ZONES_KNOWN),
    hourly=ByHour("hour", "metered_mw"),
)

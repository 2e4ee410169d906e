"""The grid, from the control zones down to the transformers: a kind each, also from one file with all columns."""

from django.utils.translation import gettext_lazy as _

from derms.models.grid import warm_months
from derms.operations.grid_sync import send_grid
from integration.importing.kinds import Applying, Column, Kind, Reference
from integration.importing.values import Code, Number, Text, Zone
from integration.importing.versions import write_versions
from integration.seam import sql
from integration.seam.recorded import recorded
from integration.seam.sql import compose

MOST_KW = 2_000_000_000
NO_ZONE = recorded("There is no control zone “%(value)s”. Near it: %(near)s.")
NO_SUBSTATION = recorded("There is no substation “%(value)s”. Near it: %(near)s.")
NO_FEEDER = recorded("There is no feeder “%(value)s”. Near it: %(near)s.")
HAS_DEVICES = recorded("It belongs to “%(value)s” and supplies registered devices; it can't be moved by a file.")

_ZONES = "SELECT code AS zone, name, time_zone, limit_kw::bigint FROM derms_controlzone"
_SUBSTATIONS = """
SELECT s.code AS substation, z.code AS zone FROM derms_substation s JOIN derms_controlzone z ON z.id = s.zone_id
"""
_FEEDERS = """
SELECT f.code AS feeder, s.code AS substation, f.rating_kw::bigint
  FROM derms_feeder f JOIN derms_substation s ON s.id = f.substation_id
"""
_TRANSFORMERS = """
SELECT t.code AS transformer, f.code AS feeder, t.kva::bigint
  FROM derms_transformer t JOIN derms_feeder f ON f.id = t.feeder_id
"""
_WRITE_ZONES = """
INSERT INTO derms_controlzone (code, name, time_zone, limit_kw, cooling_months, version, saved_by, saved_at)
SELECT zone, name, time_zone, limit_kw, %(months)s, 1, %(by)s, %(now)s FROM {changes} ORDER BY line
    ON CONFLICT (code) DO UPDATE
   SET name = EXCLUDED.name, time_zone = EXCLUDED.time_zone, limit_kw = EXCLUDED.limit_kw,
       version = derms_controlzone.version + 1, saved_by = EXCLUDED.saved_by, saved_at = EXCLUDED.saved_at
"""
_WRITE_SUBSTATIONS = """
INSERT INTO derms_substation (code, zone_id, {unsaved})
SELECT c.substation, z.id, {nobody} FROM {changes} c JOIN derms_controlzone z ON z.code = c.zone ORDER BY c.line
    ON CONFLICT (code) DO UPDATE SET zone_id = EXCLUDED.zone_id, {next_version}
"""
_WRITE_FEEDERS = """
INSERT INTO derms_feeder (code, substation_id, rating_kw, {unsaved})
SELECT c.feeder, s.id, c.rating_kw, {nobody}
  FROM {changes} c JOIN derms_substation s ON s.code = c.substation ORDER BY c.line
    ON CONFLICT (code) DO UPDATE
   SET substation_id = EXCLUDED.substation_id, rating_kw = EXCLUDED.rating_kw, {next_version}
"""
_WRITE_TRANSFORMERS = """
INSERT INTO derms_transformer (code, feeder_id, kva, {unsaved})
SELECT c.transformer, f.id, c.kva, {nobody} FROM {changes} c JOIN derms_feeder f ON f.code = c.feeder ORDER BY c.line
    ON CONFLICT (code) DO UPDATE SET feeder_id = EXCLUDED.feeder_id, kva = EXCLUDED.kva, {next_version}
"""
# Registered devices hold their zone and feeder, which would no longer be those of their transformer.
_MOVED_SUBSTATIONS = """
SELECT s.line, 'zone'::text, s.zone::text, replace({pattern}, '%%(value)s', t.zone)
  FROM {staged} s JOIN ({current}) t ON t.substation = s.substation AND t.zone <> s.zone
 WHERE EXISTS (SELECT FROM derms_device d JOIN derms_feeder f ON f.id = d.feeder_id
                 JOIN derms_substation p ON p.id = f.substation_id WHERE p.code = s.substation)
"""
_MOVED_FEEDERS = """
SELECT s.line, 'substation'::text, s.substation::text, replace({pattern}, '%%(value)s', t.substation)
  FROM {staged} s JOIN ({current}) t ON t.feeder = s.feeder AND t.substation <> s.substation
 WHERE EXISTS (SELECT FROM derms_device d JOIN derms_feeder f ON f.id = d.feeder_id WHERE f.code = s.feeder)
"""
_MOVED_TRANSFORMERS = """
SELECT s.line, 'feeder'::text, s.feeder::text, replace({pattern}, '%%(value)s', t.feeder)
  FROM {staged} s JOIN ({current}) t ON t.transformer = s.transformer AND t.feeder <> s.feeder
 WHERE EXISTS (SELECT FROM derms_device d JOIN derms_transformer p ON p.id = d.transformer_id
                WHERE p.code = s.transformer)
"""


def write_zones(applying: Applying) -> None:
    sql.execute(
        compose(_WRITE_ZONES, changes=applying.changes),
        {"months": warm_months(), "by": applying.by, "now": applying.now},
    )


def write_substations(applying: Applying) -> None:
    if write_versions(_WRITE_SUBSTATIONS, "derms_substation", applying):
        send_grid()


def write_feeders(applying: Applying) -> None:
    if write_versions(_WRITE_FEEDERS, "derms_feeder", applying):
        send_grid()


def write_transformers(applying: Applying) -> None:
    write_versions(_WRITE_TRANSFORMERS, "derms_transformer", applying)


ZONE_NAMES = ("control_zone", "zone_code", "zone_id", "Netzgebiet", "Regelzone")
SUBSTATION_NAMES = ("substation_code", "substation_id", "Umspannwerk", "UW")
FEEDER_NAMES = ("feeder_code", "feeder_id", "Abgang", "Leitung", "Stromkreis")
TRANSFORMER_NAMES = ("transformer_code", "transformer_id", "Trafo", "Transformator", "Ortsnetzstation")

ZONES = Kind(
    name="zones",
    label=_("Control zones"),
    columns=(
        Column("zone", _("Control zone"), Code(20), ZONE_NAMES, _("Its code.")),
        Column("name", _("Name"), Text(60), ("zone_name", "Bezeichnung", "Zonenname")),
        Column("time_zone", _("Time zone"), Zone(), ("timezone", "Zeitzone"), _("Written like Europe/Berlin.")),
        Column(
            "limit_kw",
            _("Limit, kW"),
            Number(0, MOST_KW),
            ("limit", "zone_limit_kw", "Grenze_kW", "Grenzleistung_kW", "Höchstlast_kW"),
            _("What the zone can carry. Empty: unknown."),
            is_required=False,
        ),
    ),
    key=("zone",),
    current=compose(_ZONES),
    apply=write_zones,
    repeats=True,
)
SUBSTATIONS = Kind(
    name="substations",
    label=_("Substations"),
    columns=(
        Column("substation", _("Substation"), Code(30), SUBSTATION_NAMES, _("Its code.")),
        Column("zone", _("Control zone"), Code(20), ZONE_NAMES, refers=Reference("derms_controlzone", "code", NO_ZONE)),
    ),
    key=("substation",),
    current=compose(_SUBSTATIONS),
    apply=write_substations,
    refusals=((_MOVED_SUBSTATIONS, HAS_DEVICES),),
    repeats=True,
)
FEEDERS = Kind(
    name="feeders",
    label=_("Feeders"),
    columns=(
        Column("feeder", _("Feeder"), Code(30), FEEDER_NAMES, _("Its code.")),
        Column(
            "substation",
            _("Substation"),
            Code(30),
            SUBSTATION_NAMES,
            refers=Reference("derms_substation", "code", NO_SUBSTATION),
        ),
        Column(
            "rating_kw",
            _("Rating, kW"),
            Number(0, MOST_KW),
            ("feeder_rating_kw", "rating", "capacity_kw", "Nennleistung_kW", "Belastbarkeit_kW"),
            _("What the feeder can carry. Empty: unknown."),
            is_required=False,
        ),
    ),
    key=("feeder",),
    current=compose(_FEEDERS),
    apply=write_feeders,
    refusals=((_MOVED_FEEDERS, HAS_DEVICES),),
    repeats=True,
)
TRANSFORMERS = Kind(
    name="transformers",
    label=_("Transformers"),
    columns=(
        Column("transformer", _("Transformer"), Code(40), TRANSFORMER_NAMES, _("Its code.")),
        Column("feeder", _("Feeder"), Code(30), FEEDER_NAMES, refers=Reference("derms_feeder", "code", NO_FEEDER)),
        Column(
            "kva",
            _("Rated power, kVA"),
            Number(0, MOST_KW),
            ("transformer_kva", "rated_kva", "Nennleistung_kVA", "Scheinleistung_kVA"),
            _("Empty: unknown."),
            is_required=False,
        ),
    ),
    key=("transformer",),
    current=compose(_TRANSFORMERS),
    apply=write_transformers,
    refusals=((_MOVED_TRANSFORMERS, HAS_DEVICES),),
    repeats=True,
)

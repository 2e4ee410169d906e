"""Program types, and programs with their rules. A utility has a handful, so programs are saved one by one."""

from typing import Any

import pghistory
from django.utils.translation import gettext_lazy as _

from cpm.models.programs import Program, ProgramType
from cpm.operations.programs import add_program, save_program
from integration.importing.dates import Day
from integration.importing.kinds import Applying, Column, Kind, Reference
from integration.importing.values import Choice, Code, Flag, Text, Type, Whole
from integration.seam import sql
from integration.seam.program_rules import FIELDS, MOST, ProgramRules, RuleField, Unit
from integration.seam.recorded import recorded
from integration.seam.sql import Sql, compose, identifier, identifiers, listed

from ..choices import LONGEST_CUTOFF, Category
from .enrollment_rules import ENROLLING, ENROLLING_NOW, enrolling_of
from .program_checks import OF_PROGRAMS, OF_TYPES
from .rule_values import Days, MonthDay, RuleNames, TimeOfDay, Weekdays

NO_TYPE = recorded("There is no program type “%(value)s”. Near it: %(near)s.")
NUMBERS = (Unit.MINUTES, Unit.DAYS, Unit.EVENTS, Unit.HOURS)
LISTS = (Unit.WEEKDAYS, Unit.DATES)
TYPES: dict[Unit, Type] = {
    Unit.MONTH_DAY: MonthDay(),
    Unit.TIME_OF_DAY: TimeOfDay(),
    Unit.WEEKDAYS: Weekdays(),
    Unit.DATES: Days(),
    Unit.FLAG: Flag(),
}
CATEGORIES = {"Gerätesteuerung": "device control", "Tarif": "rate based", "Kontrollgruppe": "control group"}
PLAIN = (
    "name",
    "active",
    "starts_on",
    "ends_on",
    "allow_customer_unavailability",
    "follows_holidays",
    "settlement",
    "dual_participation",
)
PROGRAM_NAMES = ("program_code", "program_external_id", "program_id", "Programm", "Programmkürzel")
_TYPES_NOW = """
SELECT code AS type, name, category, device_required, allow_to_opt_out, opt_out_cutoff_minutes::bigint
  FROM cpm_programtype
"""
_WRITE_TYPES = """
INSERT INTO cpm_programtype (code, name, category, device_required, allow_to_opt_out, opt_out_cutoff_minutes, version,
                             saved_by, saved_at)
SELECT type, name, category, device_required, allow_to_opt_out, opt_out_cutoff_minutes, 1, %(by)s, %(now)s
  FROM {changes} ORDER BY line
    ON CONFLICT (code) DO UPDATE
   SET name = EXCLUDED.name, category = EXCLUDED.category, device_required = EXCLUDED.device_required,
       allow_to_opt_out = EXCLUDED.allow_to_opt_out,
       opt_out_cutoff_minutes = EXCLUDED.opt_out_cutoff_minutes,
       version = cpm_programtype.version + 1, saved_by = EXCLUDED.saved_by, saved_at = EXCLUDED.saved_at
"""
_PROGRAMS_NOW = """
SELECT p.code AS program, p.name, t.code AS type, p.active, p.starts_on, p.ends_on, p.allow_customer_unavailability,
       p.follows_holidays, p.settlement, p.dual_participation, {enrolling}, {rules}
  FROM cpm_program p JOIN cpm_programtype t ON t.id = p.type_id
"""
_LIST = """
coalesce((SELECT string_agg(part, ' ' ORDER BY n)
            FROM jsonb_array_elements_text(p.rules_data -> '{field}') WITH ORDINALITY listed (part, n)), '') AS {name}
"""
_CHANGED = "SELECT outcome, {columns} FROM {changes} ORDER BY line"


def write_program_types(applying: Applying) -> None:
    with pghistory.context(by=applying.by):
        sql.execute(compose(_WRITE_TYPES, changes=applying.changes), {"by": applying.by, "now": applying.now})


def write_programs(applying: Applying) -> None:
    """Save each program that is new or changed, and send DERMS its rules."""
    query = compose(_CHANGED, columns=identifiers(PROGRAMS.names), changes=applying.changes)
    for outcome, *cells in sql.rows(query):
        row = dict(zip(PROGRAMS.names, cells, strict=True))
        code, rules = row.pop("program"), _rules(row)
        fields = {name: row[name] for name in PLAIN} | enrolling_of(row)
        fields["type"] = ProgramType.objects.get(code=row["type"])
        if outcome == "added":
            add_program(code=code, fields=fields, rules=rules, by=applying.by, now=applying.now)
        else:
            known = Program.objects.get(code=code)
            save_program(program_id=known.pk, fields=fields, rules=rules, by=applying.by, now=applying.now)


def _rules(row: dict[str, Any]) -> ProgramRules:
    texts = {field.name: row[field.name] for field in FIELDS}
    lists = {field.name: row[field.name].split() for field in FIELDS if field.unit in LISTS}
    given = {name: value for name, value in texts.items() if value not in (None, "")}
    return ProgramRules.model_validate({**given, **lists, "overridable": row["overridable"].split()})


def _column(field: RuleField) -> Column:
    is_number = field.unit in NUMBERS
    default = None if is_number else "f" if field.unit is Unit.FLAG else ""
    type_ = Whole(field.least, MOST) if is_number else TYPES[field.unit]
    return Column(field.name, field.label, type_, help=field.help_text, default=default, is_required=False)


def _now(field: RuleField) -> Sql:
    parts = {"field": compose(field.name), "name": identifier(field.name)}
    if field.unit in LISTS:
        return compose(_LIST, **parts)
    if field.unit in NUMBERS:
        return compose("(p.rules_data ->> '{field}')::bigint AS {name}", **parts)
    if field.unit is Unit.FLAG:
        return compose("coalesce((p.rules_data ->> '{field}')::boolean, false) AS {name}", **parts)
    return compose("coalesce(p.rules_data ->> '{field}', '') AS {name}", **parts)


_OVERRIDABLE = compose(_LIST, field=compose("overridable"), name=identifier("overridable"))

PROGRAM_TYPES = Kind(
    name="program_types",
    label=_("Program types"),
    columns=(
        Column("type", _("Program type"), Code(40), ("program_type", "type_code", "Programmart"), _("Its code.")),
        Column("name", _("Name"), Text(120), ("type_name", "Bezeichnung")),
        Column(
            "category",
            _("Category"),
            Choice(tuple(Category.values), CATEGORIES),
            ("program_category", "Art"),
            default=Category.DEVICE_CONTROL,
            is_required=False,
        ),
        Column(
            "device_required",
            _("Device required"),
            Flag(),
            ("needs_device", "Gerät_nötig"),
            _("If not, a place without a device can be enrolled, too."),
            default="t",
            is_required=False,
        ),
        Column(
            "allow_to_opt_out",
            _("Allow To Opt Out"),
            Flag(),
            ("opt_out", "Abmeldung_erlaubt"),
            default="f",
            is_required=False,
        ),
        Column(
            "opt_out_cutoff_minutes",
            _("Cut-off, minutes"),
            Whole(0, LONGEST_CUTOFF),
            ("cutoff_minutes", "cutoff", "Frist_Minuten"),
            _("0: until the stage starts."),
            default="0",
            is_required=False,
        ),
    ),
    key=("type",),
    refusals=OF_TYPES,
    current=compose(_TYPES_NOW),
    apply=write_program_types,
)
PROGRAMS = Kind(
    name="programs",
    label=_("Programs"),
    columns=(
        Column("program", _("Program"), Code(40), (*PROGRAM_NAMES, "code"), _("Its code.")),
        Column("name", _("Name"), Text(120), ("program_name", "Bezeichnung")),
        Column(
            "type",
            _("Program type"),
            Code(40),
            ("program_type", "Programmart"),
            refers=Reference("cpm_programtype", "code", NO_TYPE),
        ),
        Column("active", _("Active"), Flag(), ("Aktiv",), default="t", is_required=False),
        Column(
            "starts_on",
            _("First day of events"),
            Day(),
            ("first_day", "start_date", "program_start_date", "Beginn", "Erster_Tag"),
            _("Empty: any."),
            is_required=False,
            may_lack=True,
        ),
        Column(
            "ends_on",
            _("Last day of events"),
            Day(),
            ("last_day", "end_date", "program_end_date", "Ende", "Letzter_Tag"),
            _("Empty: any."),
            is_required=False,
            may_lack=True,
        ),
        Column(
            "allow_customer_unavailability",
            _("Allow Customer Unavailability"),
            Flag(),
            ("customer_unavailability", "Abwesenheit_erlaubt"),
            default="f",
            is_required=False,
        ),
        Column(
            "follows_holidays",
            _("No events on holidays"),
            Flag(),
            ("no_events_on_holidays", "Feiertage_frei"),
            _("Of the country and of the utility's own."),
            default="f",
            is_required=False,
        ),
        *ENROLLING,
        *map(_column, FIELDS),
        Column("overridable", _("Rules that events may override"), RuleNames(), default="", is_required=False),
    ),
    key=("program",),
    refusals=OF_PROGRAMS,
    current=compose(_PROGRAMS_NOW, enrolling=ENROLLING_NOW, rules=listed([*map(_now, FIELDS), _OVERRIDABLE])),
    apply=write_programs,
)

"""The program rules about single devices, as parts of sql/candidates.sql: each kind of rule is written once.

The SQL contains only the rules in force, so a rule costs nothing in programs that don't have it.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from derms.rules import lifted, reason_of
from integration.seam.program_rules import FIELDS, Kind, ProgramRules, RuleField
from integration.seam.sql import Sql, compose, identifier, listed


class _Counted(NamedTuple):
    """What a kind of rule counts over a device's stages, its value without any stage, and when the rule is broken."""

    use: str
    no_use: str
    broken: str


# In order of precedence: a device that breaks several rules is counted under the first. `past` holds the other stages
# that used the device; stages of the same event use up hours and days, but are not another event.
# `ran_from` and `ran_until` are the time in which the device was used, or will be.
_COUNTED: Mapping[Kind, _Counted] = {
    Kind.EVENTS: _Counted(
        use="count(DISTINCT event_id) FILTER (WHERE {in_scope} AND {in_period} AND event_id <> %(event)s)",
        no_use="0",
        broken="{use} >= %({field})s",
    ),
    Kind.HOURS: _Counted(
        use="coalesce(sum(hours) FILTER (WHERE {in_scope} AND {in_period}), 0)",
        no_use="0",
        broken="{use} + %(hours)s > %({field})s",
    ),
    Kind.GAP: _Counted(
        use="bool_or({in_scope} AND event_id <> %(event)s AND %({field})s > 0"
        " AND ran_from < %(event_ends_at)s + %({field})s * interval '1 minute'"
        " AND ran_until > %(event_starts_at)s - %({field})s * interval '1 minute')",
        no_use="false",
        broken="{use}",
    ),
    # Some run of days that is one longer than allowed includes this day and has a call on every other day.
    Kind.DAYS: _Counted(
        use="array_agg(DISTINCT day) FILTER (WHERE {in_scope})",
        no_use="NULL::date[]",
        broken="EXISTS (SELECT FROM generate_series(0, %({field})s) back"
        " WHERE (SELECT count(*) FROM unnest({use}) day WHERE day <> %(day)s"
        " AND day - %(day)s::date BETWEEN -back AND %({field})s - back) = %({field})s)",
    ),
}
_IN_PERIOD = "ran_from >= %({name}_from)s AND ran_from < %({name}_until)s"


class DeviceRules(NamedTuple):
    """Parts of sql/candidates.sql: exemptions, the counts of each device's use, their join, and the limits."""

    exemptions: Sql
    counted: Sql
    use: Sql
    limits: Sql


def rules_in_force(rules: ProgramRules, overridden: set[str]) -> dict[RuleField, Any]:
    """Return the values of the rules about single devices that the program has and the event doesn't override."""
    without = lifted(rules, overridden)
    fields = (field for field in FIELDS if field.rule.kind in {*_COUNTED, Kind.EXEMPTION})
    values = {field: getattr(rules, field.name) for field in fields if field.rule.name not in without}
    return {field: value for field, value in values.items() if value is not None and value is not False}


@cache
def device_rules(in_force: tuple[RuleField, ...], *, is_any_counted: bool) -> DeviceRules:
    """Return the SQL of the rules in force. An exemption applies to devices whose column of that name is true."""
    counted = {field: kind for of, kind in _COUNTED.items() for field in in_force if field.rule.kind == of}
    exempt = [field for field in in_force if field.rule.kind == Kind.EXEMPTION]
    return DeviceRules(
        exemptions=_cases({field: compose("c.{column}", column=identifier(field.rule.name)) for field in exempt}),
        counted=compose("".join(_use(field, kind) for field, kind in counted.items())),
        use=_join(counted, is_any_counted),
        limits=_cases({field: _broken(field, kind) for field, kind in counted.items()}),
    )


def _join(counted: Mapping[RuleField, _Counted], is_any_counted: bool) -> Sql:
    """Join the counted use, or a row of constants if there is none: an empty join still visits each candidate."""
    if not counted:
        return compose("")
    if is_any_counted:
        return compose("LEFT JOIN use ON use.device_id = c.device_id")
    constants = listed(
        compose("{no_use} AS {column}", no_use=compose(kind.no_use), column=identifier(field.name))
        for field, kind in counted.items()
    )
    return compose("CROSS JOIN (SELECT {constants}) use", constants=constants)


def _use(field: RuleField, kind: _Counted) -> Sql:
    period = compose(_IN_PERIOD, name=compose(field.rule.period.name)) if field.rule.period else compose("")
    scope = compose("true" if field.rule.all_programs else "is_own")
    use = compose(kind.use, field=compose(field.name), in_scope=scope, in_period=period)
    return compose(",\n           {use} AS {column}", use=use, column=identifier(field.name))


def _broken(field: RuleField, kind: _Counted) -> Sql:
    """A device that no stage used has no row in `use`."""
    no_use = compose(kind.no_use)
    use = compose("coalesce(use.{column}, {no_use})", column=identifier(field.name), no_use=no_use)
    return compose(kind.broken, field=compose(field.name), use=use)


def _cases(broken: Mapping[RuleField, Sql]) -> Sql:
    reasons = {field: compose(reason_of(field.rule)) for field in broken}
    cases = [compose("WHEN {broken} THEN '{reason}'", broken=broken[field], reason=reasons[field]) for field in broken]
    return compose("\n           ".join(cases))

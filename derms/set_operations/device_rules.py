"""The program rules about single devices, as parts of sql/candidates.sql: each kind of rule is written once.

The SQL contains only the rules in force, so a rule costs nothing in programs that don't have it. Counting the distinct
events or days of a million devices would sort every use. Here each event and each day is a bit of a mask, so that uses
are only collected, by several processes at once.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from derms.rules import lifted, reason_of
from derms.set_operations.counted_stages import CountedStages
from integration.seam.program_rules import FIELDS, Kind, ProgramRules, RuleField
from integration.seam.sql import Sql, compose

WORD = 62  # events or days that one bigint has a bit for
ONE_DAY = timedelta(days=1)
_MASK = "CASE WHEN {when} AND {number} / {bits} = {word} THEN 1::bigint << mod({number}, {bits})::integer ELSE 0 END"
_MICROSECONDS = "(extract(epoch FROM greatest({until} - ran_from, interval '0')) * 1000000)::bigint"
_AFTER_GAP = "%(event_starts_at)s - %({field})s * interval '1 minute'"
# What a device was used for ends when it was released; one that was removed before the start was not used.
_LEFT = "LEFT JOIN gone ON gone.stage_id = r.stage_id AND gone.device_id = r.device_id"
_NOT_REMOVED = "WHERE gone.device_id IS NULL OR gone.released_at IS NOT NULL"


class _Column(NamedTuple):
    """What is counted of a use: its value for a stage, for a device that was released from it, and the total."""

    of_stage: str
    of_released: str
    total: str


class _Use(NamedTuple):
    """The columns in which a rule is counted, and the condition over their totals that a device breaks it."""

    columns: Mapping[str, _Column]
    is_broken: Callable[[Mapping[str, str]], str]


class DeviceRules(NamedTuple):
    """Parts of sql/candidates.sql: exemptions, what is counted of stages and of devices, joins, and the limits."""

    exemptions: Sql
    of_stages: Sql
    counted: Sql
    left: Sql
    not_removed: Sql
    use: Sql
    limits: Sql


def rules_in_force(rules: ProgramRules, overridden: set[str]) -> dict[RuleField, Any]:
    """Return the values of the rules about single devices that the program has and the event doesn't override."""
    without = lifted(rules, overridden)
    fields = (field for field in FIELDS if field.rule.kind in {*_USES, Kind.EXEMPTION})
    values = {field: getattr(rules, field.name) for field in fields if field.rule.name not in without}
    return {field: value for field, value in values.items() if value is not None and value is not False}


def device_rules(in_force: Mapping[RuleField, Any], stages: CountedStages) -> DeviceRules:
    """Return the SQL of the rules in force. An exemption applies to devices whose column of that name is true."""
    exempt = [field for field in in_force if field.rule.kind == Kind.EXEMPTION]
    uses = {f: use(f, in_force[f], stages) for kind, use in _USES.items() for f in in_force if f.rule.kind == kind}
    columns = {name: column for use in uses.values() for name, column in use.columns.items()}
    is_used = bool(columns and stages.ids)
    # A device that no stage used has no row in `use`.
    totals = {name: f'coalesce(use."{name}", 0)' if is_used else "0::bigint" for name in columns}
    return DeviceRules(
        exemptions=_cases({field: f'c."{field.rule.name}"' for field in exempt}),
        of_stages=_columns({name: column.of_stage for name, column in columns.items()}),
        counted=_columns({name: _total(name, column, stages) for name, column in columns.items()}),
        left=compose(_LEFT if stages.any_left else ""),
        not_removed=compose(_NOT_REMOVED if stages.any_left else ""),
        use=compose("LEFT JOIN use ON use.device_id = c.device_id" if is_used else ""),
        limits=_cases({field: use.is_broken(totals) for field, use in uses.items()}),
    )


def _events(field: RuleField, limit: int, stages: CountedStages) -> _Use:
    """Events in a period. Stages of the same event use up hours and days, but are not another event."""
    when = f"{_counts(field)} AND event_id <> %(event)s"
    columns = _masks(field, when, "event_no", bits=len(stages.ids))

    def is_broken(totals: Mapping[str, str]) -> str:
        return " + ".join(f"bit_count({totals[name]}::bit(64))" for name in columns) + f" >= %({field.name})s"

    return _Use(columns, is_broken)


def _hours(field: RuleField, limit: int, stages: CountedStages) -> _Use:
    """Hours in a period, in microseconds."""
    ran, released = (_MICROSECONDS.format(until=until) for until in ("ran_until", "least(ran_until, gone.released_at)"))
    column = _Column(
        f"CASE WHEN {_counts(field)} THEN {ran} ELSE 0 END", f"least({{value}}, {released})", "sum({value})"
    )
    return _Use(
        {field.name: column},
        lambda totals: f"{totals[field.name]} + %(microseconds)s > %({field.name})s * 3600000000::bigint",
    )


def _gap(field: RuleField, limit: int, stages: CountedStages) -> _Use:
    """Whether an event of the device ends too shortly before this one, or begins too shortly after it."""
    after_gap = _AFTER_GAP.format(field=field.name)
    near = (
        f"{_counts(field)} AND event_id <> %(event)s AND %({field.name})s > 0 AND ran_until > {after_gap}"
        f" AND ran_from < %(event_ends_at)s + %({field.name})s * interval '1 minute'"
    )
    column = _Column(
        f"CASE WHEN {near} THEN 1::bigint ELSE 0 END",
        f"CASE WHEN gone.released_at > {after_gap} THEN {{value}} ELSE 0 END",
        "bit_or({value})",
    )
    return _Use({field.name: column}, lambda totals: f"{totals[field.name]} <> 0")


def _days(field: RuleField, limit: int, stages: CountedStages) -> _Use:
    """Days in a row: some run of days that is one longer than allowed has a use on each day but this one.

    Only the runs whose other days all have a stage can be broken; mostly there are none.
    """
    when = f"{_counts(field)} AND day <> %(day)s AND abs(day - %(day)s::date) <= %({field.name})s"
    columns = _masks(field, when, f"(day - %(day)s::date + %({field.name})s)", bits=2 * limit + 1)
    known = {(day - stages.day).days + limit for day in stages.days}
    others = (set(range(limit - back, 2 * limit + 1 - back)) - {limit} for back in range(limit + 1))
    runs = [run for run in others if run <= known]

    def has_all(run: set[int], totals: Mapping[str, str]) -> str:
        masks = {n: sum(1 << day % WORD for day in run if day // WORD == n) for n in range(len(columns))}
        terms = (
            f"{totals[name]} & {mask} = {mask}" for name, mask in zip(columns, masks.values(), strict=True) if mask
        )
        return " AND ".join(terms) or "true"

    return _Use(columns, lambda totals: " OR ".join(f"({has_all(run, totals)})" for run in runs) or "false")


# In order of precedence: a device that breaks several rules is counted under the first.
_USES: Mapping[Kind, Callable[[RuleField, int, CountedStages], _Use]] = {
    Kind.EVENTS: _events,
    Kind.HOURS: _hours,
    Kind.GAP: _gap,
    Kind.DAYS: _days,
}


def _counts(field: RuleField) -> str:
    """The condition that a stage counts for a rule: its program, and the period in which it ran."""
    scope = "true" if field.rule.all_programs else "is_own"
    if not field.rule.period:
        return scope
    period = field.rule.period.name
    return f"{scope} AND ran_from >= %({period}_from)s AND ran_from < %({period}_until)s"


def _masks(field: RuleField, when: str, number: str, *, bits: int) -> dict[str, _Column]:
    """Columns of masks, with the bit of a stage's number in one of them."""
    words = range(max(1, -(-bits // WORD)))
    masks = {f"{field.name}_{n}": _MASK.format(when=when, number=number, bits=WORD, word=n) for n in words}
    return {name: _Column(mask, "{value}", "bit_or({value})") for name, mask in masks.items()}


def _total(name: str, column: _Column, stages: CountedStages) -> str:
    value = f'ran."{name}"'
    if stages.any_left and column.of_released != "{value}":
        released = column.of_released.format(value=value)
        value = f"CASE WHEN gone.released_at IS NULL THEN {value} ELSE {released} END"
    return column.total.format(value=value)


def _columns(values: Mapping[str, str]) -> Sql:
    return compose("".join(f',\n           {value} AS "{name}"' for name, value in values.items()))


def _cases(broken: Mapping[RuleField, str]) -> Sql:
    cases = (f"WHEN {condition} THEN '{reason_of(field.rule)}'" for field, condition in broken.items())
    return compose("\n           ".join(cases))

"""Compare a staged file with what is there: rows added, changed, unchanged, refused, and no longer in the file.

Each step is one statement over all rows.
"""

import json
from typing import Any, NamedTuple

from integration.seam import sql
from integration.seam.recorded import recorded
from integration.seam.sql import Sql, compose, identifier, identifiers, listed

from .kinds import Column, Ending, Kind
from .models import ImportRun
from .recognising import Recognised
from .untouched import is_untouched

TWICE = recorded("Line %(other)s has the same %(key)s.")
CONTRADICTS = recorded("Line %(other)s says something else about “%(value)s”.")
NEAR_LOOKED_UP = 50  # unknown values for which similar ones are looked up
MOST_CONFLICTS = 20
MOST_MISSING = 20

_REFUSED = "CREATE TEMPORARY TABLE import_refused ON COMMIT DROP AS SELECT * FROM ({queries}) refused"
_TWICE = """
SELECT s.line, {name}::text AS "column", s.{first}::text AS value,
       replace(replace({pattern}, '%%(other)s', twice.line::text), '%%(key)s', {name}) AS reason
  FROM {staged} s
  JOIN (SELECT {key}, min(line) AS line FROM {staged} GROUP BY {key} HAVING count(*) > 1) twice ON {same}
 WHERE s.line > twice.line
"""
_CONTRADICTS = """
SELECT s.line, {name}::text AS "column", s.{first}::text AS value,
       replace(replace({pattern}, '%%(other)s', first.line::text), '%%(value)s', s.{first}::text) AS reason
  FROM {staged} s
  JOIN (SELECT DISTINCT ON ({key}) * FROM {staged} ORDER BY {key}, line) first ON {same}
 WHERE ROW({ours}) IS DISTINCT FROM ROW({firsts})
"""
_UNKNOWN = """
SELECT s.line, {name}::text, s.{column}::text,
       replace(replace({pattern}, '%%(value)s', s.{column}), '%%(near)s', coalesce(near.names, '—'))
  FROM {staged} s
  LEFT JOIN (SELECT value, (SELECT string_agg(known, ', ') FROM
                               (SELECT {field} AS known FROM {table}
                                 ORDER BY similarity({field}, value) DESC, {field} LIMIT 3) similar_ones) AS names
               FROM (SELECT DISTINCT {column} AS value FROM {staged} u
                      WHERE NOT EXISTS (SELECT FROM {table} t WHERE t.{field} = u.{column})
                      LIMIT {most}) unknown) near ON near.value = s.{column}
 WHERE s.{column} <> '' AND NOT EXISTS (SELECT FROM {table} t WHERE t.{field} = s.{column}) {unless_empty}
"""
_UNLESS_EMPTY = "AND EXISTS (SELECT FROM {table})"
_KEEP = """
INSERT INTO importing_refusedcell (run_id, line, "column", value, reason)
SELECT %(run)s, line, "column", left(value, 120), reason
  FROM (SELECT DISTINCT ON (line) * FROM import_refused ORDER BY line, reason) first
"""
# Rows that exist keep what the file says nothing of; `old` holds what the other columns were.
_CHANGES = """
CREATE {how} TABLE {changes} AS
SELECT s.line, CASE WHEN t.{first} IS NULL THEN 'added' ELSE 'changed' END AS outcome,
       CASE WHEN t.{first} IS NOT NULL THEN to_jsonb(t) END AS old, {columns}
  FROM {staged} s LEFT JOIN ({current}) t ON {same}
 WHERE (t.{first} IS NULL OR {differs} AND NOT ({kept}))
   AND NOT EXISTS (SELECT FROM import_refused r WHERE r.line = s.line)
   {once}
"""
# Where nothing is there yet: each row as it is staged, instead of a million rows that are written once more.
_ALL_NEW = """
CREATE VIEW {changes} AS
SELECT s.line, 'added'::text AS outcome, NULL::jsonb AS old, {columns} FROM {staged} s
"""
_IS_VIEW = "SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass(%s) AND relkind = 'v')"
_IS_THERE = "SELECT EXISTS (SELECT FROM ({current}) t)"
_ONCE = "AND s.line IN (SELECT min(line) FROM {staged} GROUP BY {key})"
_COUNT = "SELECT count(*) FILTER (WHERE outcome = 'added'), count(*) FILTER (WHERE outcome = 'changed') FROM {changes}"
_CONFLICTS = """
SELECT jsonb_build_object('line', line, 'shown', before.outcome, 'now', after.outcome,
                          'old', before.old, 'old_now', after.old,
                          'new', coalesce(to_jsonb(after), to_jsonb(before)) - ARRAY['line', 'outcome', 'old'])
  FROM {before} before FULL JOIN {after} after USING (line, {key})
 WHERE (before.outcome, before.old) IS DISTINCT FROM (after.outcome, after.old)
 ORDER BY line LIMIT {most}
"""
# Joins of a million rows in memory; a tenth of the usual sample describes tables that are joined by their keys.
_FOR_MANY = "SET LOCAL work_mem = '128MB'; SET LOCAL default_statistics_target = 10"


class Compared(NamedTuple):
    """How many staged rows would be added, changed, refused; how many rows the file no longer holds, a few by name."""

    added: int
    changed: int
    refused: int
    missing: int
    missing_shown: list[str]


def compare(run: ImportRun, kind: Kind) -> Compared:
    """Find what the run's staged rows would change, into its table of changes, and list the refused ones."""
    sql.execute(_FOR_MANY)
    sql.analyze(run.staged)
    refuse(run, kind)
    refused = sql.execute(_KEEP, {"run": run.pk})
    drop_changes(run)
    if refused or kind.repeats or kind.is_packed or sql.value(compose(_IS_THERE, current=kind.current)):
        sql.execute(_changes(run, kind, identifier(run.changes), how="UNLOGGED"))
        sql.analyze(run.changes)  # what applies it joins it
    else:
        sql.execute(_all_new(run, kind))
    added, changed = sql.row(compose(_COUNT, changes=identifier(run.changes)))
    return Compared(added, changed, refused, count_missing(run, kind), names_of_missing(run, kind))


def drop_changes(run: ImportRun) -> None:
    """Remove the run's table of changes, or the view in its place."""
    is_view = sql.value(_IS_VIEW, [run.changes])
    what = compose("VIEW" if is_view else "TABLE")
    sql.execute(compose("DROP {what} IF EXISTS {changes}", what=what, changes=identifier(run.changes)))


def _current(run: ImportRun, kind: Kind) -> Sql:
    return compose(kind.current, staged=identifier(run.staged)) if kind.is_packed else kind.current


def refuse(run: ImportRun, kind: Kind) -> None:
    """Collect the rows that can't be applied in a temporary table."""
    sql.execute("DROP TABLE IF EXISTS import_refused")
    sql.execute(compose(_REFUSED, queries=sql.union_all(_refusals(run, kind))), _patterns(kind))
    sql.analyze("import_refused")


def conflicts(run: ImportRun, kind: Kind) -> list[dict[str, Any]]:
    """What would now be changed otherwise than was shown, a few of them; the caller keeps others from changing it.

    Each has its line, the outcome that was shown and the present one, the stored values of both, and the file's. If
    there are more than MOST_CONFLICTS, one more than these.
    """
    if kind.stale:
        return [json.loads(row) for row in sql.column(compose(kind.stale, changes=identifier(run.changes)))]
    if is_untouched(run, kind):
        return []
    sql.execute(_FOR_MANY)
    refuse(run, kind)
    sql.execute("DROP TABLE IF EXISTS import_changes_now")
    sql.execute(_changes(run, kind, identifier("import_changes_now"), how="TEMPORARY"))
    query = compose(
        _CONFLICTS,
        before=identifier(run.changes),
        after=identifier("import_changes_now"),
        key=identifiers(kind.key),
        most=sql.integer(MOST_CONFLICTS + 1),
    )
    return [json.loads(row) for row in sql.column(query)]


def count_missing(run: ImportRun, kind: Kind) -> int:
    if kind.ending is None:
        return 0
    rows = missing(run, kind.ending)
    return int(sql.value(compose("SELECT count(*) FROM ({rows}) missing", rows=rows)))


def names_of_missing(run: ImportRun, kind: Kind) -> list[str]:
    """A few of the rows that the file does not hold, by what people call them."""
    if kind.ending is None:
        return []
    rows = compose("({rows}) missing", rows=missing(run, kind.ending))
    shown = compose(kind.ending.shown, missing=rows)
    return sql.column(compose("{shown} LIMIT {most}", shown=shown, most=sql.integer(MOST_MISSING)))


def missing(run: ImportRun, ending: Ending) -> Sql:
    """The query of the rows that exist and that the file does not hold."""
    return compose(ending.rows, staged=identifier(run.staged))


def _changes(run: ImportRun, kind: Kind, table: Sql, *, how: str) -> Sql:
    mapped = Recognised(**run.recognised).columns(kind)
    compared = [name for name in kind.values if name in mapped]
    ours, theirs = _of("s", compared), _of("t", compared)
    differs = compose("ROW({ours}) IS DISTINCT FROM ROW({theirs})", ours=ours, theirs=theirs)
    return compose(
        _CHANGES,
        how=compose(how),
        changes=table,
        first=identifier(kind.key[0]),
        columns=listed(_value(column, column.name in mapped) for column in kind.columns),
        staged=identifier(run.staged),
        current=_current(run, kind),
        same=_same(kind, "t"),
        kept=compose(kind.kept),
        differs=differs if compared else compose("false"),
        once=compose(_ONCE, staged=identifier(run.staged), key=identifiers(kind.key)) if kind.repeats else compose(""),
    )


def _all_new(run: ImportRun, kind: Kind) -> Sql:
    has = Recognised(**run.recognised).columns(kind)
    columns = listed(_value(column, column.name in has, is_new=True) for column in kind.columns)
    staged, changes = identifier(run.staged), identifier(run.changes)
    return compose(_ALL_NEW, changes=changes, columns=columns, staged=staged)


def _value(column: Column, is_mapped: bool, *, is_new: bool = False) -> Sql:
    name = identifier(column.name)
    if is_mapped:
        return compose("s.{name}", name=name)
    default = _literal(column.default)
    kind = compose(column.type.postgres)
    if is_new:
        return compose("{default}::{kind} AS {name}", name=name, default=default, kind=kind)
    return compose("coalesce(t.{name}, {default}::{kind}) AS {name}", name=name, default=default, kind=kind)


def _refusals(run: ImportRun, kind: Kind) -> list[Sql]:
    staged = identifier(run.staged)
    named = {"name": _literal(", ".join(kind.key)), "key": identifiers(kind.key), "first": identifier(kind.key[0])}
    has = Recognised(**run.recognised).columns(kind)
    names = compose("ARRAY[{names}]", names=listed(map(_literal, sorted(has))))
    mapped = [name for name in kind.values if name in has]
    if kind.is_packed:
        queries = []
    elif not kind.repeats:
        queries = [compose(_TWICE, staged=staged, pattern=_param("twice"), same=_same(kind, "twice"), **named)]
    else:
        pair = {"ours": _of("s", mapped), "firsts": _of("first", mapped), "same": _same(kind, "first")}
        queries = [compose(_CONTRADICTS, staged=staged, pattern=_param("contradicts"), **named, **pair)]
    queries += [_unknown(column, staged) for column in kind.columns if column.refers]
    for number, (query, _pattern) in enumerate(kind.refusals):
        parts = {"staged": staged, "current": _current(run, kind), "has": names, "pattern": _param(f"own_{number}")}
        queries.append(compose(query, **parts))
    return queries


def _unknown(column: Column, staged: Sql) -> Sql:
    assert column.refers  # noqa: S101  (narrows the type)
    table = identifier(column.refers.table)
    return compose(
        _UNKNOWN,
        staged=staged,
        name=_literal(column.name),
        column=identifier(column.name),
        table=table,
        unless_empty=compose(_UNLESS_EMPTY if column.refers.is_copy else "", table=table),
        field=identifier(column.refers.column),
        pattern=_param(f"unknown_{column.name}"),
        most=sql.integer(NEAR_LOOKED_UP),
    )


def _patterns(kind: Kind) -> dict[str, str]:
    own = {f"own_{number}": pattern.text for number, (_query, pattern) in enumerate(kind.refusals)}
    unknown = {f"unknown_{c.name}": c.refers.unknown.text for c in kind.columns if c.refers}
    return {"twice": TWICE.text, "contradicts": CONTRADICTS.text, **own, **unknown}


def _param(name: str) -> Sql:
    return compose("%({name})s::text", name=compose(name))


def _literal(text: str | None) -> Sql:
    """A text of a declaration as SQL; declarations have no quotation marks."""
    if text is None:
        return compose("NULL")
    if "'" in text or "{" in text:
        raise ValueError(f"“{text}” can't be part of a statement.")
    return Sql(f"'{text}'")


def _of(table: str, names: Any) -> Sql:
    return listed(compose("{table}.{name}", table=compose(table), name=identifier(name)) for name in names)


def _same(kind: Kind, other: str) -> Sql:
    pairs = (f"s.{identifier(name)} = {other}.{identifier(name)}" for name in kind.key)
    return Sql(" AND ".join(pairs))

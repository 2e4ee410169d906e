"""Statements are composed only of checked parts, and run for what they return."""

import ast
import re
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from django.db import DataError

from integration.engines.state import PROJECT
from integration.seam import sql
from integration.seam.sql import compose, identifier, identifiers, integer, statement
from integration.seam.systems import System

PACKAGES = ("integration", *(system.package for system in System))
# Files besides sql.py that need a cursor: for connections that are not Django's or databases of others.
OTHER_CURSORS = {
    "integration/bench/pages.py",
    "integration/engines/postgres.py",
    "integration/importing/staging.py",  # progress is written in a session beside the one that reads
    "integration/pages/listening.py",
    "integration/seam/outcome_check.py",
    "integration/seam/sql.py",
}


@pytest.mark.parametrize("name", ['x"; DROP TABLE derms_event', "a b", "Stage", "", "1st", "x" * 64, "é", "x\n"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a name"):
        identifier(name)


def test_only_checked_parts_are_composed() -> None:
    with pytest.raises(TypeError, match="“table”"):
        compose("DROP TABLE {table}", table="derms_event")  # type: ignore[arg-type]
    assert compose("DROP TABLE {table}", table=identifier("derms_event")) == 'DROP TABLE "derms_event"'
    assert compose("'{}'::jsonb") == "'{}'::jsonb"
    assert compose("IN ({ids})", ids=integer(7)) == "IN (7)"
    with pytest.raises(ValueError, match="invalid literal"):
        integer("7) OR (true")  # type: ignore[arg-type]


@pytest.mark.django_db
def test_a_statement_is_run_for_rows_a_row_a_value_a_column_or_a_count() -> None:
    query = "SELECT n, n * n FROM generate_series(1, %s) n"
    assert sql.rows(query, [2]) == [(1, 1), (2, 4)]
    assert sql.row(query, [2]) == (1, 1)
    assert sql.value(query, [2]) == 1
    assert sql.column(query, [2]) == [1, 2]
    assert sql.execute("CREATE TEMPORARY TABLE taken AS SELECT generate_series(1, 3) AS n") == 3
    with pytest.raises(LookupError):
        sql.row(query, [0])


@pytest.mark.django_db
def test_rows_are_copied_out_and_in() -> None:
    out = BytesIO()
    sql.copy_out("SELECT n, %(name)s FROM generate_series(1, 2) n", {"name": "ä,b"}, out)
    assert out.getvalue().decode() == '1,"ä,b"\n2,"ä,b"\n'
    sql.execute("CREATE TEMPORARY TABLE taken (number integer, name text)")
    copy = compose("COPY taken ({columns}) FROM STDIN (FORMAT csv)", columns=identifiers(["number", "name"]))
    assert sql.copy_in(copy, StringIO(out.getvalue().decode())) == 2
    with pytest.raises(DataError):
        sql.copy_in(copy, StringIO("one,x\n"))


def test_every_named_statement_is_a_file_and_every_file_is_named() -> None:
    named, computed = set(), set()
    for source in _sources():
        for call in ast.walk(ast.parse(source.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "statement":
                package, name = call.args
                folder = Path(*ast.literal_eval(package).split(".")) / "sql"
                if isinstance(name, ast.Constant):
                    named.add(folder / f"{name.value}.sql")
                else:
                    computed.add(folder)
    files = {path.relative_to(PROJECT) for package in PACKAGES for path in (PROJECT / package).rglob("sql/**/*.sql")}
    assert named <= files
    left = {file for file in files - named if not any(folder in file.parents for folder in computed)}
    assert {file for file in left if "migrations" not in file.parts and "schema" not in file.parts} == set()


def test_a_file_of_sql_begins_with_what_it_is_for() -> None:
    package = statement("derms", "candidates")
    assert package.startswith("-- Part of other statements")


def test_only_one_module_runs_statements() -> None:
    used = {str(path.relative_to(PROJECT)) for path in _sources() if re.search(r"cursor\(\)", path.read_text())}
    assert used == OTHER_CURSORS


def _sources() -> list[Path]:
    found = (path for package in PACKAGES for path in (PROJECT / package).rglob("*.py"))
    return [path for path in found if "migrations" not in path.parts]

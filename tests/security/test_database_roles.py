"""The role of the processes runs events from plan to outcomes, and can't rewrite history."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from django.db import connection

from integration.engines.state import PROJECT

pytestmark = [pytest.mark.django_db(transaction=True)]

DATABASE, OWNER, PROCESSES = (f"{name}_{os.getpid()}" for name in ("roles", "owner", "processes"))
# A table of history, and a column of it.
HISTORY = {
    "derms_transition": "by",
    "cpm_transition": "by",
    "integration_objectchange": "by",
    "integration_seal": "digest",
    "integration_historyblock": "digest",
}
REFUSED = "42501"  # insufficient_privilege, also of what only an owner may


def address(role: str, database: str = DATABASE) -> str:
    kept = connection.settings_dict
    return f"postgresql://{role}@/{database}?host={kept['HOST']}&port={kept['PORT']}"


def run(role: str, folder: Path, *arguments: str) -> str:
    """Run Python with the database as this role."""
    variables = {"DATABASE_URL": address(role), "EXTRACT_ROOT": str(folder), "SECRET_KEY": "of-this-test" * 3}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=PROJECT, env=os.environ | variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def two_roles(tmp_path: Path) -> Iterator[Path]:
    """A database that its owner migrated and opened to the processes, and a folder for their extracts."""
    with closing(psycopg2.connect(address(connection.settings_dict["USER"], "postgres"))) as server:
        server.autocommit = True
        cursor = server.cursor()
        cursor.execute(f"CREATE ROLE {OWNER} LOGIN; CREATE ROLE {PROCESSES} LOGIN; GRANT {PROCESSES} TO {OWNER}")
        cursor.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
        try:
            for command in (["migrate", "-v0"], ["createcachetable"], ["grant_processes", PROCESSES]):
                run(OWNER, tmp_path, "manage.py", *command)
            yield tmp_path
        finally:
            cursor.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
            cursor.execute(f"DROP ROLE {OWNER}; DROP ROLE {PROCESSES}")


def refusal(statement: str) -> str:
    with closing(psycopg2.connect(address(PROCESSES))) as server, server.cursor() as cursor:
        try:
            cursor.execute(statement)
        except psycopg2.Error as problem:
            return str(problem.pgcode)
    return "done"


def test_the_processes_work_and_cannot_rewrite_history(two_roles: Path) -> None:
    said = run(PROCESSES, two_roles, "-m", "tests.security.as_processes")
    assert said.startswith("Completed [] "), said

    for table, column in HISTORY.items():
        for statement in (
            f"UPDATE {table} SET {column} = NULL",
            f"DELETE FROM {table}",
            f"TRUNCATE {table}",
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            f"DROP TABLE {table}",
            f"ALTER TABLE {table} OWNER TO {PROCESSES}",
        ):
            assert refusal(statement) == REFUSED, statement
        assert refusal(f"SELECT count(*) FROM {table}") == "done"
    for table in ("integration_seal", "integration_historyblock", "integration_objectchange"):
        assert refusal(f"INSERT INTO {table} DEFAULT VALUES") == REFUSED
    assert refusal("SET session_replication_role = replica") == REFUSED
    assert refusal("ALTER TABLE config_user DISABLE TRIGGER record_change") == REFUSED
    for function in ("gridcall_write_seals()", "gridcall_record_change()", "gridcall_seal_history()"):
        assert refusal(f"DROP FUNCTION {function} CASCADE") == REFUSED
    # Of the bulk tables it is the owner, since it makes and drops partitions.
    assert refusal("CREATE TABLE derms_reservation_0 PARTITION OF derms_reservation FOR VALUES IN (0)") == "done"


def test_functions_with_the_rights_of_their_owner_search_where_it_says() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND proname LIKE 'gridcall%' ORDER BY 1")
        found = dict(cursor.fetchall())
    assert sorted(found) == ["gridcall_record_change", "gridcall_seal_history", "gridcall_write_seals"]
    assert all("search_path=public, pg_temp" in settings for settings in found.values())

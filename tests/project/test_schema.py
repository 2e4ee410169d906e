"""The tables match sql/schema, and committed migrations never change."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from integration.engines.state import PROJECT

# In the order in which their schemas are created.
APPS = ("integration/seam", "integration/console", "integration/importing", "derms", "cpm", "lec_sim")
KEPT = Path(__file__).with_name("migrations.sha256")
NAME = f"described_{os.getpid()}"

# Runs every migration without its SQL: the tables that Django makes of the models.
WITHOUT_SQL = """
import django
from django.core.management import call_command
from django.db.migrations.operations.special import RunSQL
django.setup()
RunSQL.database_forwards = lambda *args: None
call_command("migrate", verbosity=0, interactive=False)
call_command("createcachetable", verbosity=0)
"""

# Everything of ours in a database, one line of text each; partitions come and go.
SIGNATURE = """
WITH ours AS (
    SELECT c.oid, c.relname, c.relkind FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'))
SELECT 'column ' || relname || '.' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull
       || ' ' || coalesce(pg_get_expr(adbin, adrelid), '')
       || ' ' || CASE WHEN relkind IN ('p', 'v') THEN attnum::text ELSE '' END
  FROM ours JOIN pg_attribute ON attrelid = ours.oid LEFT JOIN pg_attrdef d ON d.adrelid = ours.oid AND d.adnum = attnum
 WHERE attnum > 0 AND NOT attisdropped AND relkind <> 'i' AND relkind <> 'I'
UNION ALL SELECT 'sequence ' || relname FROM ours WHERE relkind = 'S'
UNION ALL SELECT 'constraint ' || relname || ' ' || conname || ' ' || pg_get_constraintdef(k.oid)
  FROM ours JOIN pg_constraint k ON k.conrelid = ours.oid
UNION ALL SELECT 'index ' || pg_get_indexdef(indexrelid) FROM ours JOIN pg_index ON indrelid = ours.oid
UNION ALL SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM ours JOIN pg_trigger t ON tgrelid = ours.oid
 WHERE NOT tgisinternal
UNION ALL SELECT 'view ' || relname || pg_get_viewdef(ours.oid) FROM ours WHERE relkind = 'v'
UNION ALL SELECT 'function ' || pg_get_functiondef(p.oid) FROM pg_proc p
 WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
UNION ALL SELECT 'value of ' || typname || ' ' || enumsortorder || ' ' || enumlabel
  FROM pg_type t JOIN pg_enum ON enumtypid = t.oid WHERE typnamespace = 'public'::regnamespace
"""


def address(database: str) -> str:
    """The address of another database on the tests' server."""
    kept = connection.settings_dict
    return f"postgresql://{kept['USER']}@/{database}?host={kept['HOST']}&port={kept['PORT']}"


# An index that a first import made again has its condition's casts in other places, and means the same.
CASTS = re.compile(r"[()]|::text(\[\])?|::character varying(\[\])?")


def signature(database: str) -> set[str]:
    with closing(psycopg2.connect(database)) as server, server.cursor() as cursor:
        cursor.execute(SIGNATURE)
        return {CASTS.sub("", line) for (line,) in cursor.fetchall()}


@pytest.fixture
def described() -> Iterator[str]:
    """The address of a database made only of the models' tables and of sql/schema."""
    with closing(psycopg2.connect(address("postgres"))) as server, server.cursor() as cursor:
        server.autocommit = True
        cursor.execute(f"CREATE DATABASE {NAME}")
        try:
            make(address(NAME))
            yield address(NAME)
        finally:
            cursor.execute(f"DROP DATABASE {NAME}")


def make(database: str) -> None:
    environment = os.environ | {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "integration.project.settings"}
    subprocess.run([sys.executable, "-c", WITHOUT_SQL], cwd=PROJECT, env=environment, check=True)
    with closing(psycopg2.connect(database)) as server, server, server.cursor() as cursor:
        for app in APPS:
            for path in sorted((PROJECT / app / "sql" / "schema").glob("*.sql")):
                cursor.execute(path.read_text())


@pytest.mark.django_db(transaction=True)
def test_the_schema_files_describe_the_migrated_database(described: str) -> None:
    migrated = signature(address(connection.settings_dict["NAME"]))

    assert signature(described) ^ migrated == set()
    assert len(migrated) > 300, "the signature sees tables"


def committed() -> dict[str, str]:
    """The SHA-256 of every migration, by its path."""
    paths = [p for app in APPS for p in (PROJECT / app / "migrations").rglob("0*")]
    return {p.relative_to(PROJECT).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths if p.is_file()}


def test_a_committed_migration_is_never_edited() -> None:
    """To add a migration, sha256sum its files into tests/project/migrations.sha256."""
    kept = dict(reversed(line.split("  ")) for line in KEPT.read_text().splitlines())

    assert committed() == kept


@pytest.mark.django_db
def test_a_database_of_another_version_is_refused() -> None:
    MigrationRecorder(connection).record_applied("derms", "0018_candidates_by_zone")

    with pytest.raises(CommandError, match=r"it has derms\.0018_candidates_by_zone, .* Nothing was changed\."):
        call_command("migrate", verbosity=0)

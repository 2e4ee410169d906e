"""The people every test can sign in as, and a small utility for them to work on."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.core.files.storage import storages
from django.core.management import call_command
from django.core.management.commands import flush
from django.db import connection, transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from django.http import HttpRequest
from django.test import override_settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from derms import operations
from derms.models import ControlZone, Event, Program, Strategy
from integration.console.models import User
from integration.console.roles import ADMINISTRATOR, APPROVER, BALANCE_AUTHORITY, CSR, OPERATOR, PROGRAM_MANAGER
from integration.seam import clock, sql

from . import factories, walk

# A slow machine is not a fault of the code under test.
hypothesis_settings.register_profile(
    "tests", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
hypothesis_settings.load_profile("tests")

# As many in one transaction as PostgreSQL has locks for.
PARTITIONS = """
SELECT relname FROM pg_class
 WHERE relkind = 'r' AND (relispartition OR relname ~ '^(derms|cpm|lec|importing)_[a-z]+_[0-9]+$') LIMIT 100
"""

KEEP_MIGRATED = """
DROP SCHEMA IF EXISTS migrated CASCADE;
CREATE SCHEMA migrated;
DO $$ DECLARE name text; is_filled boolean; BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
                   AND relname NOT IN ('django_migrations', 'django_cache') LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO is_filled;
        IF is_filled THEN EXECUTE format('CREATE TABLE migrated.%I AS TABLE public.%I', name, name); END IF;
    END LOOP;
END $$
"""
# A table that never had a row has no size; deleting from the others is cheaper than TRUNCATE of all.
BACK_TO_MIGRATED = """
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
                   AND (relkind = 'p' OR relkind = 'r' AND pg_relation_size(oid) > 0)
                   AND relname NOT IN ('django_migrations', 'django_cache') LOOP
        EXECUTE format('DELETE FROM public.%I', name);
    END LOOP;
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'migrated'::regnamespace LOOP
        EXECUTE format('INSERT INTO public.%I SELECT * FROM migrated.%I', name, name);
    END LOOP;
END $$
"""


@pytest.fixture(scope="session", autouse=True)
def end_other_sessions(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Threads of the async server's pool may keep connections open; end them so that the database can be dropped."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session", autouse=True)
def flush_past_history(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """History refuses TRUNCATE and DELETE, even from tests, so only the flush bypasses the triggers.

    What `migrate` fills in, such as the roles, is copied back in place of being worked out again after each test.
    """
    with django_db_blocker.unblock():
        sql.execute(KEEP_MIGRATED)

    def execute_sql_flush(self: DatabaseOperations, statements: list[str]) -> None:
        drop_partitions()
        with transaction.atomic(using=self.connection.alias), self.connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(BACK_TO_MIGRATED)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", execute_sql_flush)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *args, **kwargs: None)
        yield


def drop_partitions() -> None:
    """Each zone and each reserved stage left some, attached or not; a later test's stage may have the same number.

    A process that was killed may still create or drop some.
    """
    while names := [name for (name,) in sql.rows(PARTITIONS)]:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS " + ", ".join(names) + " CASCADE")


@pytest.fixture(autouse=True)
def extract_folder(tmp_path: Path, settings: Any) -> Path:
    """Every test writes its extracts into its own folder."""
    settings.EXTRACT_ROOT = tmp_path / "extracts"
    settings.STORAGES = {
        **settings.STORAGES,
        "extracts": {**settings.STORAGES["extracts"], "OPTIONS": {"location": settings.EXTRACT_ROOT}},
        "imports": {**settings.STORAGES["imports"], "OPTIONS": {"location": tmp_path / "imports"}},
    }
    storages.__dict__.pop("backends", None)
    return Path(settings.EXTRACT_ROOT)


@pytest.fixture(autouse=True)
def signed_in_lately() -> Iterator[None]:
    """Anyone who signs in during a test counts as having just authenticated."""

    def remember(request: HttpRequest, user: User, **kwargs: object) -> None:
        record_authentication(request, user, method="password", reauthenticated=True)

    user_logged_in.connect(remember)
    yield
    user_logged_in.disconnect(remember)


@pytest.fixture
def operator(db: None) -> User:
    return factories.person("olive", OPERATOR)


@pytest.fixture
def second_operator(db: None) -> User:
    return factories.person("oscar", OPERATOR)


@pytest.fixture
def approver(db: None) -> User:
    return factories.person("ada", APPROVER)


@pytest.fixture
def balance_authority(db: None) -> User:
    return factories.person("bela", BALANCE_AUTHORITY)


@pytest.fixture
def csr(db: None) -> User:
    return factories.person("cora", CSR)


@pytest.fixture
def program_manager(db: None) -> User:
    return factories.person("pia", PROGRAM_MANAGER)


@pytest.fixture
def administrator(db: None) -> User:
    return factories.person("adam", ADMINISTRATOR)


@pytest.fixture
def outsider(db: None) -> User:
    return factories.person("nora")


@pytest.fixture
def now(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def zone(now: datetime) -> ControlZone:
    made = factories.zone()
    factories.forecast(made, now)
    return made


@pytest.fixture
def program(zone: ControlZone) -> Program:
    return factories.program()


@pytest.fixture
def strategy(zone: ControlZone, program: Program, now: datetime) -> Strategy:
    """Maximum Reduction over twenty devices of 1 kW."""
    factories.fleet(zone, program, 20, since=now - timedelta(days=30))
    return factories.strategy(zone, program)


@pytest.fixture
def new_event(strategy: Strategy, operator: User, now: datetime) -> Callable[..., Event]:
    """Create New events that start in two hours, planned by the operator."""

    def make(name: str = "Heat peak", **fields: Any) -> Event:
        given = {"strategy_id": strategy.pk, "starts_at": now + timedelta(hours=2), **fields}
        return operations.create_event(by=operator, now=now, details=operations.EventDetails(name=name), **given)

    return make


@pytest.fixture
def event_in(new_event: Callable[..., Event], operator: User, approver: User, now: datetime) -> Callable[..., Event]:
    """Create an event and move it to a state through the operations that lead there."""

    def make(state: str, **fields: Any) -> Event:
        event = new_event(**fields)
        walk.to(state, event, operator=operator, approver=approver, now=now)
        return Event.objects.get(pk=event.pk)

    return make


DEMO_DEVICES = 300


@pytest.fixture(scope="module")
def small_demo(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """One small demo utility, shared by all tests of a module."""
    root = tmp_path_factory.mktemp("extracts")
    extracts = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": root}}
    folders: dict[str, Any] = {**settings.STORAGES, "extracts": extracts}
    with django_db_blocker.unblock(), override_settings(EXTRACT_ROOT=root, STORAGES=folders):
        storages.__dict__.pop("backends", None)
        call_command("seed_demo", devices=DEMO_DEVICES, seed=1, verbosity=0)
        yield
        call_command("flush", interactive=False, verbosity=0)

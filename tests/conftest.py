"""The people every test can sign in as, and a small utility for them to work on."""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.contrib.auth.signals import user_logged_in
from django.core.files.storage import storages
from django.core.management.commands import flush
from django.db import connection, transaction
from django.http import HttpRequest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker
from whitenoise.middleware import WhiteNoiseMiddleware
from xdist.scheduler import LoadFileScheduling

from cpm.queries.notifications import CONSOLE
from derms import operations
from derms.models import ControlZone, Event, Program, Strategy
from integration.console.models import User
from integration.console.roles import ADMINISTRATOR, APPROVER, BALANCE_AUTHORITY, CSR, OPERATOR, PROGRAM_MANAGER
from integration.seam import clock, sql

from . import factories, walk
from .databases import MIGRATED, Databases, extracts_in

# A slow machine is not a fault of the code under test.
hypothesis_settings.register_profile(
    "tests", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
hypothesis_settings.load_profile("tests")

HERE = Path(__file__).parent
LONGEST = (
    "browser/test_own_utility.py", "browser/running", "browser", "usecases", "project", "removals", "faults", "engines",
)  # fmt: skip
SHARED_DEMOS = ("tests/browser/running", "tests/browser/quiet")
# As many in one transaction as PostgreSQL has locks for.
PARTITIONS = """
SELECT relname FROM pg_class
 WHERE relkind = 'r' AND (relispartition OR relname ~ '^(derms|cpm|lec|importing)_[a-z]+_[0-9]+$') LIMIT 100
"""

# A table that never had a row has no size; deleting from the others is cheaper than TRUNCATE of all.
BACK_TO_MIGRATED = """
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
                   AND (relkind = 'p' OR relkind = 'r' AND pg_relation_size(oid) > 0)
                   AND relname <> 'django_migrations' LOOP
        EXECUTE format('DELETE FROM public.%I', name);
    END LOOP;
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'migrated'::regnamespace LOOP
        EXECUTE format('INSERT INTO public.%I SELECT * FROM migrated.%I', name, name);
    END LOOP;
END $$
"""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first, so that no process of a run works on one of them when the others are done."""
    places = {HERE / name: number for number, name in enumerate(LONGEST)}

    def place(item: pytest.Item) -> int:
        return min((places[one] for one in (item.path, *item.path.parents) if one in places), default=len(places))

    items.sort(key=place)


class ByFile(LoadFileScheduling):
    """A file's tests are run by one process, and so are those of all files that share a demo."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        folder = file.rpartition("/")[0]
        return folder if folder in SHARED_DEMOS else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_finish() -> None:
    """What thousands of collected tests consist of is there to the end, so don't look for garbage in it."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    own = tmp_path_factory.getbasetemp()
    return Databases(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    databases: Databases,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """Every process of a run works on a copy of one migrated database."""
    with ExitStack() as kept:
        with django_db_blocker.unblock():
            kept.enter_context(databases.copy(MIGRATED, "test", tmp_path_factory.mktemp("migrated") / "extracts"))
        yield
        with django_db_blocker.unblock():
            kept.close()


@pytest.fixture(scope="session", autouse=True)
def flush_past_history(django_db_setup: None) -> Iterator[None]:
    """History refuses TRUNCATE and DELETE, even from tests, so only the flush bypasses the triggers.

    What `migrate` fills in, such as the roles, is copied back in place of being worked out again after each test.
    """

    def handle(self: flush.Command, **options: object) -> None:
        drop_partitions()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(BACK_TO_MIGRATED)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush.Command, "handle", handle)
        yield


@pytest.fixture(scope="session", autouse=True)
def static_files_are_found_once() -> Iterator[None]:
    """Each test client makes the middleware again, and each one would look for the same hundreds of files."""
    found: dict[str, Any] = {}
    find = WhiteNoiseMiddleware.add_files_from_finders

    def find_once(self: WhiteNoiseMiddleware) -> None:
        if not found:
            find(self)
            found.update(self.files)
        self.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", find_once)
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
def without_emails(settings: Any) -> None:
    """Customers' notifications wait, as where only a terminal would show e-mails.

    To write one to each customer takes longer than all the rest of a small event; `tests/cpm/` is about them.
    """
    settings.EMAIL_BACKEND = CONSOLE


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
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    databases: Databases,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """One small demo utility, shared by all tests of a module."""
    root = tmp_path_factory.mktemp("demo") / "extracts"
    with django_db_blocker.unblock(), extracts_in(root), databases.demo(DEMO_DEVICES, root):
        yield

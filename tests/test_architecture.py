"""Code rules that no linter knows, and rules that the database enforces by itself."""

import ast
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from pghistory.models import Event as HistoryRow

from cpm.models.program_events import ProgramEvent
from derms.models import Event, Stage
from integration.engines.state import PROJECT
from integration.seam.history import HistoryRecord
from integration.seam.systems import System
from tests.messages import bulk

PACKAGES = ("integration", *(system.package for system in System))
SOURCES = [path for package in PACKAGES for path in sorted((PROJECT / package).rglob("*.py"))]
TESTS = sorted((PROJECT / "tests").rglob("*.py"))
TEMPLATES = sorted((PROJECT / "templates").rglob("*.html"))
Found = Iterator[tuple[str, ast.Call]]


def _name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def _calls(*names: str) -> Found:
    """Every call of a function or method with one of these names, by file."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _called(node) in names:
                yield _name(path), node


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _functions_calling(path: str, name: str) -> set[str]:
    """The functions of a file that call a name."""
    tree = ast.parse((PROJECT / path).read_text())
    return {
        function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and _called(node) == name
    }


# --- Limits, as stated in CONTRIBUTING --------------------------------------------------------------------------------

FUNCTION_LINES, FILE_LINES, TEST_FILE_LINES, TEMPLATE_COLUMNS = 40, 300, 400, 120
HALF_OF_THE_FUNCTIONS = 8
# Longer ones, with the reason. An entry that is no longer needed fails the test.
LONG_FUNCTIONS: dict[str, str] = {}
LONG_FILES: dict[str, str] = {}


def _written(paths: list[Path]) -> list[Path]:
    """Files written by hand; Django writes the migrations."""
    return [path for path in paths if "migrations" not in path.parts]


def _function_lines(paths: list[Path]) -> dict[str, int]:
    """The number of lines of each function, by file and name."""
    return {
        f"{_name(path)}:{node.name}:{node.lineno}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in _written(paths)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_functions_are_short() -> None:
    lines = _function_lines([*SOURCES, *TESTS])

    long = {name.rpartition(":")[0] for name, count in lines.items() if count > FUNCTION_LINES}
    assert long == LONG_FUNCTIONS.keys()


def test_half_of_the_functions_are_very_short() -> None:
    assert median(_function_lines(SOURCES).values()) <= HALF_OF_THE_FUNCTIONS


def test_files_are_short() -> None:
    limits = dict.fromkeys(_written(SOURCES), FILE_LINES) | dict.fromkeys(TESTS, TEST_FILE_LINES)

    long = {_name(path) for path, limit in limits.items() if len(path.read_text().splitlines()) > limit}
    assert long == LONG_FILES.keys()


def test_template_lines_are_short() -> None:
    lines = [(_name(path), line) for path in TEMPLATES for line in path.read_text().splitlines()]

    assert [(name, line) for name, line in lines if len(line) > TEMPLATE_COLUMNS] == []


# --- One place for each of these ------------------------------------------------------------------------------------


def test_partitions_are_attached_in_one_place() -> None:
    # The schema of a new database may too: its tables are still empty.
    files = [*SOURCES, *(path for package in PACKAGES for path in (PROJECT / package).rglob("*.sql"))]
    files = [path for path in files if not {"migrations", "schema"}.intersection(path.parts)]

    assert [_name(path) for path in files if "ATTACH PARTITION" in path.read_text().upper()] == [
        "integration/seam/loads.py"
    ]


def test_reservations_are_attached_by_one_function() -> None:
    assert {file for file, _ in _calls("reservation_partition")} == {"derms/set_operations/choosing.py"}
    assert _functions_calling("derms/set_operations/choosing.py", "reservation_partition") == {
        "reserve_devices",
        "attach_reservations",
    }
    assert _functions_calling("derms/set_operations/choosing.py", "attach") == {"attach_reservations"}
    assert {file for file, _ in _calls("attach_reservations")} == {"derms/set_operations/choosing.py"}
    partitions = [
        (file, call.args[0].value)
        for file, call in _calls("Partition")
        if call.args and isinstance(call.args[0], ast.Constant)
    ]
    made = [file for file, table in partitions if table == "derms_reservation"]
    # The benchmark invents events that are long over.
    assert made == ["integration/bench/counted.py", "derms/set_operations/choosing.py"]


def test_every_row_lock_lets_rows_refer_to_the_locked_one() -> None:
    locks = list(_calls("select_for_update"))

    assert len(locks) > 10
    without = [
        (file, call.lineno)
        for file, call in locks
        if not any(word.arg == "no_key" and ast.unparse(word.value) == "True" for word in call.keywords)
    ]
    assert without == []
    raw = [_name(path) for path in SOURCES if "FOR UPDATE" in path.read_text().replace("FOR NO KEY UPDATE", "")]
    assert raw == []


def test_the_database_has_the_only_clock() -> None:
    asked = [
        (file, ast.unparse(call))
        for file, call in _calls("now", "utcnow", "today", "localtime", "time")
        if isinstance(call.func, ast.Attribute)
        and ast.unparse(call.func.value)
        in {"datetime", "date", "timezone", "django.utils.timezone", "time", "datetime.datetime"}
    ]

    assert asked == []


def test_work_is_published_by_the_scheduler_alone() -> None:
    published = {file for file, _ in _calls("delay", "apply_async", "send_task")}

    assert published == {"integration/seam/scheduler.py"}


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["derms_transition", "cpm_transition"])
@pytest.mark.parametrize(
    "change", ["UPDATE {table} SET why = 'Another reason'", "DELETE FROM {table}", "TRUNCATE {table}"]
)
def test_history_is_only_ever_added(table: str, change: str, event_in: Callable[..., Event], now: datetime) -> None:
    event_in("Approved")
    bulk.known_stage(now)
    connection.check_constraints()

    refused = pytest.raises(IntegrityError, match=f"{table} is history: rows are only ever added")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(table=table))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "state"), [(Event, "Submitted"), (Stage, "Scheduled"), (ProgramEvent, "Completed")], ids=str
)
def test_a_state_change_without_history_is_refused_at_the_commit(
    model: type[models.Model], state: str, event_in: Callable[..., Event], now: datetime
) -> None:
    event_in("New")
    bulk.known_stage(now)

    with pytest.raises(IntegrityError, match=f"to {state} has no transition row"):
        _commit(lambda: model._default_manager.update(state=state))


@pytest.mark.django_db
def test_a_state_change_with_another_revisions_history_is_refused(event_in: Callable[..., Event]) -> None:
    event = event_in("Submitted")
    row = event.transitions.latest("revision")

    def submit_again() -> None:
        """The first submission's row exists, and does not count for the second."""
        back = {"revision": row.revision + 1, "from_state": "Submitted", "to_state": "New"}
        Event.objects.filter(pk=event.pk).update(state="New", revision=back["revision"])
        event.transitions.create(**back, at=row.at, by="olive")
        Event.objects.filter(pk=event.pk).update(state="Submitted", revision=row.revision + 2)

    with pytest.raises(IntegrityError, match="New to Submitted has no transition row"):
        _commit(submit_again)


def _commit(change: Callable[[], object]) -> None:
    """Make a change and let the database check it as at a commit."""
    with transaction.atomic():
        change()
        connection.check_constraints()


# Without history: a history row repeats states that were checked on the row it describes.
STATEFUL = [
    model
    for model in apps.get_models()
    if any(field.name == "state" for field in model._meta.concrete_fields)
    and not issubclass(model, HistoryRow | HistoryRecord)
]


def test_the_models_with_a_state_are_known() -> None:
    names = {model._meta.label for model in STATEFUL}

    assert names == {
        "derms.Event",
        "derms.Stage",
        "derms.Strategy",
        "cpm.Enrollment",
        "cpm.ProgramEvent",
        "cpm.SettlementRun",
        "cpm.Unavailability",
        "lec_sim.LecStage",
        "importing.ImportRun",
    }


@pytest.mark.django_db
@pytest.mark.parametrize("model", STATEFUL, ids=lambda model: model._meta.label)
def test_the_database_knows_the_states_of_every_model(model: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass",
            [model._meta.db_table],
        )
        checks = [text for (text,) in cursor.fetchall() if text.startswith("CHECK (((state)")]

    (text,) = checks
    assert set(re.findall("'([^']+)'", text)) == {value for value, _ in model._meta.get_field("state").choices}

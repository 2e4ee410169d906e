"""Stored sentences are shown in the reader's language, and none is written without a pattern."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation import override

import integration.project.urls  # noqa: F401  (its views import every module with patterns)
from integration.project.words import APPS
from integration.seam.kind_names import NAMES, words_of_kind
from integration.seam.messages import CONTRACTS
from integration.seam.recorded import NAME, Pattern, in_words, patterns

BASE = Path(__file__).parents[2]
# What these receive as `text`, `why` and `note` is stored.
STORING = {"raise_alert", "raise_stage_alert", "save_event", "save_stage", "Receipt", "_alert", "create"}
STORED = {"text", "why", "note"}


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for app in APPS:
        for path in (BASE / app).rglob("*.py"):
            if "migrations" not in path.parts:
                yield path, ast.parse(path.read_text())


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def is_loose(value: ast.expr) -> bool:
    """Whether a sentence is written in place; an empty text is none."""
    return isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Constant) and bool(value.value))


def test_every_stored_sentence_has_a_pattern() -> None:
    loose = [
        f"{path.relative_to(BASE)}:{call.lineno}"
        for path, module in modules()
        for call in ast.walk(module)
        if isinstance(call, ast.Call) and name_of(call) in STORING
        for given in call.keywords
        if given.arg in STORED and is_loose(given.value)
    ]
    assert loose == []


def test_patterns_are_made_when_a_module_is_imported() -> None:
    late = [
        f"{path.relative_to(BASE)}:{call.lineno}"
        for path, module in modules()
        for function in ast.walk(module)
        if isinstance(function, ast.FunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and name_of(call) == "recorded"
    ]
    assert late == []


def test_the_pages_process_knows_every_pattern() -> None:
    written = {
        call.args[0].value
        for _path, module in modules()
        for call in ast.walk(module)
        if isinstance(call, ast.Call) and name_of(call) == "recorded" and isinstance(call.args[0], ast.Constant)
    }
    program = (
        "import integration.project.asgi, integration.project.urls; from integration.seam.recorded import patterns; "
        "print(chr(0).join(pattern.text for pattern in patterns()))"
    )
    known = subprocess.run([sys.executable, "-c", program], cwd=BASE, check=True, capture_output=True, text=True)
    assert written - set(known.stdout.rstrip("\n").split("\0")) == set()


@pytest.mark.parametrize("pattern", patterns(), ids=lambda pattern: pattern.text)
def test_a_sentence_is_found_by_its_own_pattern(pattern: Pattern) -> None:
    values = {name: f"{name}ß" for name in NAME.findall(pattern.text)}
    with override("en"):
        assert in_words(pattern(**values)) == pattern(**values)
    with override("de"):
        shown = in_words(pattern(**values))
    assert shown != pattern(**values)
    assert all(value in shown for value in values.values())


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("4583 devices reserved", "4.583 Geräte reserviert"),
        (
            "DR-2026-0004 delivers 435 of 1,900 kW, 22 % of its target; at least 90 % are expected. "
            "1,465 kW are missing. 948 of 948 silent devices: sample-climate.",
            "DR-2026-0004 liefert 435 von 1.900 kW, 22 % des Ziels; mindestens 90 % werden erwartet. "
            "Es fehlen 1.465 kW. 948 der 948 stummen Geräte gehören zu sample-climate.",
        ),
        (
            "DR-2026-0004 stage 2 has not started 60 s after its time. At stake: 1,035 kW, 120 customers.",
            "DR-2026-0004 Stufe 2 hat 60 s nach der vorgesehenen Zeit nicht begonnen. Es geht um 1.035 kW, 120 Kunden.",
        ),
        ("the stage is Canceled already", "die Stufe ist bereits Abgesagt"),
        ("The wind is too strong", "The wind is too strong"),
        ("", ""),
    ],
)
def test_values_are_shown_in_german(stored: str, shown: str) -> None:
    with override("de"):
        assert in_words(stored) == shown


def test_every_kind_of_message_has_a_name() -> None:
    assert set(NAMES) == set(CONTRACTS)
    with override("de"):
        assert words_of_kind("stage_status") == "Stufenstatus"
    assert words_of_kind("kind_of_a_newer_version") == "kind of a newer version"


def test_a_stages_name_is_in_the_readers_language() -> None:
    with override("de"):
        assert in_words("DR-2026-0001 stage 2") == "DR-2026-0001 Stufe 2"
        assert in_words("system") == "System"
        assert in_words("olive.operator") == "olive.operator"

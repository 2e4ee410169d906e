"""Any file is applied as its dry run showed or not at all, twice is once, and damage is a sentence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derms.models import HeadEnd
from integration.importing import queries
from integration.importing.kinds import kind_of
from integration.importing.models import ImportRun
from integration.importing.operations import ImportNotAllowed
from integration.importing.refusals import FileRefused

from .bringing import apply, checked
from .samples import FILES, SAMPLES, bring_in

CODES = st.sampled_from(["HE1", "HE2", "007", "7", "", "1.2E+10", "=A1"])
NAMES = st.sampled_from(["One", "Zwei", "Ünf", "", "x" * 81, 'with "quotes"', "a,b", "tab\tand \\ slash"])
FILE = st.lists(st.tuples(CODES, NAMES), min_size=1, max_size=6)


def head_ends() -> dict[str, str]:
    return dict(HeadEnd.objects.values_list("code", "name"))


def as_csv(rows: list[tuple[str, str]]) -> str:
    lines = ['"' + '","'.join(cell.replace('"', '""') for cell in row) + '"\n' for row in rows]
    return "head_end,name\n" + "".join(lines)


@pytest.mark.django_db
@settings(max_examples=40)
@given(before=FILE, rows=FILE, good=st.booleans())
def test_any_file_is_applied_as_its_dry_run_showed_or_not_at_all(
    before: list[tuple[str, str]], rows: list[tuple[str, str]], good: bool
) -> None:
    HeadEnd.objects.all().delete()
    HeadEnd.objects.bulk_create(
        HeadEnd(code=code, name=name) for code, name in dict(before).items() if code and 0 < len(name) <= 80
    )
    there = head_ends()

    try:
        run = checked("head_ends", as_csv(rows))
    except FileRefused:  # rows of nothing but blanks
        assert head_ends() == there
        return
    shown = _shown(run, there)
    assert head_ends() == there
    if run.state == "Checked" and (good or not run.refused):
        apply(run, only_good_rows=good)
        assert head_ends() == shown
        assert _counts(checked("head_ends", as_csv(rows))) == (0, 0), "twice is once"
    elif run.state == "Checked":
        with pytest.raises(ImportNotAllowed):
            apply(run)
        assert head_ends() == there


def _shown(run: ImportRun, there: dict[str, str]) -> dict[str, str]:
    """What the dry run shows that there would be."""
    kind = kind_of("head_ends")
    rows = [row for outcome in ("added", "changed") for row in queries.sample_of_changes(run, kind, outcome)]
    return there | {row["key"]: new for row in rows for _name, _old, new in row["differs"]}


def _counts(run: ImportRun) -> tuple[int, int]:
    return run.added, run.changed


TEXT = {kind: SAMPLES / name for kind, name in FILES if name.endswith(".csv")}
ENCODED = {"customers": "cp1252"}


def cut(text: str) -> str:
    """A file whose writer was stopped in the middle of its last row."""
    lines = text.splitlines()
    separator = ";" if ";" in lines[0] else ","
    return "\n".join([*lines[:-1], lines[-1].split(separator)[0]])


def doubled(text: str) -> str:
    """The first column twice."""
    separator = ";" if ";" in text.splitlines()[0] else ","
    return "".join(f"{line.split(separator)[0]}{separator}{line}\n" for line in text.splitlines())


def with_formula(text: str) -> str:
    lines = text.splitlines()
    separator = ";" if ";" in lines[0] else ","
    return "\n".join([*lines[:-1], separator.join(["=A2", *lines[-1].split(separator)[1:]])])


def with_exponent(text: str) -> str:
    return with_formula(text).replace("=A2", "1E+10")


def with_huge_cell(text: str) -> str:
    return with_formula(text).replace("=A2", "x" * 10_000_000)


DAMAGES: list[Callable[[str], str]] = [cut, doubled, with_formula, with_exponent, with_huge_cell]


@pytest.mark.django_db
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("kind", ["transformers", "customers", "device_locations", "devices", "enrollments"])
def test_a_damaged_sample_is_a_sentence_and_nothing_changes(kind: str, damage: Callable[[str], str]) -> None:
    why = _why(kind, damage(_text_of(TEXT[kind], ENCODED.get(kind, "utf-8"))))

    assert why
    assert all(one.rstrip().endswith((".", "?")) or ":" in one for one in why), why


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "old", "new", "reason"),
    [
        ("devices", "2026-03-01", "2026-02-30", "It is no date and time"),
        ("devices", ",3500,", ",3500 W,", "It is no number"),
        ("devices", ",3500,", ",3.500,", "It is no whole number."),
        ("device_locations", "Europe/Berlin", "Europe/Musterstadt", "There is no such time zone"),
        ("customers", "@example.com", "(at)example.com", "It is no e-mail address."),
        ("devices", ",thermostat,", ",toaster,", "It is none of thermostat"),
        ("devices", ",no,", ",perhaps,", "It is neither yes nor no."),
    ],
)
def test_a_bad_value_of_a_sample_is_named(kind: str, old: str, new: str, reason: str) -> None:
    bring_in("zones", "substations", "feeders", "transformers", "head_ends", "customers", "device_locations")
    data = _text_of(TEXT[kind], ENCODED.get(kind, "utf-8"))
    assert old in data

    run = checked(kind, data.replace(old, new))

    assert run.refused
    assert all(reason in cell.reason for cell in run.refused_cells.all())


def _text_of(path: Path, encoding: str) -> str:
    return path.read_text(encoding)


def _why(kind: str, data: Any) -> list[str]:
    """Why a file, or the rows of it, are refused; nothing of it is applied."""
    try:
        run = checked(kind, data)
    except FileRefused as refused:
        return [str(refused)]
    if run.state == "Refused":
        return [run.why]
    with pytest.raises(ImportNotAllowed):
        apply(run)
    return list(run.refused_cells.values_list("reason", flat=True))

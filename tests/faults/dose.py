"""How often a test repeats: a little in make test, a lot in make test-full, or as often as the fault suite asks for."""

import os
from typing import Any

import pytest

DOSE = "GRIDCALL_FAULT_DOSE"
PORTION = 250  # a test's rows slow down later rounds; after this many rounds it starts over


def doses(few: int, many: int, words: str = "rounds", portion: int = PORTION) -> list[Any]:
    """Counts of rounds to parametrize a test with."""
    if asked := int(os.environ.get(DOSE, "0")):
        portions = [portion] * (asked // portion) + [asked % portion] * bool(asked % portion)
        return [pytest.param(rounds, id=f"portion {n}: {rounds} {words}") for n, rounds in enumerate(portions, 1)]
    full = pytest.param(many, id=f"{many} {words}", marks=pytest.mark.full)
    return [pytest.param(few, id=f"{few} {words}"), full]


def repeats(cases: int) -> range:
    """How often to go through so many cases: once, or as often as the fault suite's dose requires."""
    return range(max(1, -(-int(os.environ.get(DOSE, "0")) // cases)))

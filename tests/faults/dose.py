"""How often a test does what it does: few in make test, many in make test-full, or what the fault suite asks for."""

import os
from typing import Any

import pytest

DOSE = "GRIDCALL_FAULT_DOSE"
PORTION = 250  # a test's rows slow the next ones down; after so many rounds it begins anew


def doses(few: int, many: int, words: str = "rounds", portion: int = PORTION) -> list[Any]:
    """What to parametrize a test by: counts of rounds."""
    if asked := int(os.environ.get(DOSE, "0")):
        portions = [portion] * (asked // portion) + [asked % portion] * bool(asked % portion)
        return [pytest.param(rounds, id=f"portion {n}: {rounds} {words}") for n, rounds in enumerate(portions, 1)]
    full = pytest.param(many, id=f"{many} {words}", marks=pytest.mark.full)
    return [pytest.param(few, id=f"{few} {words}"), full]


def repeats(cases: int) -> range:
    """How often so many cases are gone through: once, or as often as the fault suite's dose needs."""
    return range(max(1, -(-int(os.environ.get(DOSE, "0")) // cases)))

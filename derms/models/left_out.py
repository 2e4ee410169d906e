"""Candidates of a stage that are not reserved, by reason."""

from collections.abc import Mapping
from typing import NamedTuple

ABOVE_APPROVED = "above what was approved"  # a reason


class LeftOut(NamedTuple):
    """Why candidates are left out, how many, and the W expected of them; None if the W were not kept yet."""

    reason: str
    devices: int
    watts: int | None


def left_out_rows(devices: Mapping[str, int], watts: Mapping[str, int]) -> list[LeftOut]:
    """Return a row per reason, the one with the most devices first."""
    counts = sorted(devices.items(), key=lambda one: -one[1])
    return [LeftOut(reason, count, watts.get(reason)) for reason, count in counts]

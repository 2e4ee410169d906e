"""The most that Schedule may reserve of what was approved."""

from typing import NamedTuple

from derms.models import Stage

UNLIMITED = 1 << 60  # more devices, and more W, than there are


class Cap(NamedTuple):
    """The most that may be reserved, whatever the goal is."""

    devices: int
    watts: int


def approved_cap(stage: Stage) -> Cap | None:
    """Return the most that Schedule may reserve: a share of what Submit expected; None if that wasn't counted."""
    if stage.expected_devices is None or stage.expected_w is None:
        return None
    pct = stage.event.type.approved_cap_pct
    return Cap(stage.expected_devices * pct // 100, stage.expected_w * pct // 100)

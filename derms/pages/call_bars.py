"""The picture of how often a program's devices were called: a bar for each number of events."""

from collections.abc import Sequence
from typing import NamedTuple

from integration.pages.drawing import percent

from ..queries.calls import ProgramCalls

HEIGHT_PX = 80
BARS = 40  # more numbers of events are put together


class CallBar(NamedTuple):
    """A bar: the events it stands for, its devices, x and width in percent, y and height in pixels."""

    events: str
    devices: int
    x: str
    width: str
    y: int
    height: int


def call_bars(calls: ProgramCalls) -> Sequence[CallBar]:
    """The bars of a program's picture, from no event to the most."""
    together = calls.most // BARS + 1
    devices = [0] * (calls.most // together + 1)
    for events, count in calls.counts:
        devices[events // together] += count
    highest, share = max(devices), 1 / len(devices)
    bars = []
    for number, count in enumerate(devices):
        height = max(round(HEIGHT_PX * count / highest), 1 if count else 0)
        first, last = number * together, number * together + together - 1
        label = str(first) if first == last else f"{first}-{last}"
        place = (percent(number * share), percent(share * 0.85))
        bars.append(CallBar(label, count, *place, HEIGHT_PX - height, height))
    return bars

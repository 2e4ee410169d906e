"""The picture of how often a program's devices were called: a bar for each number of events."""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from integration.pages.drawing import percent
from integration.pages.numbers import count_text

from ..queries.calls import ProgramCalls

HEIGHT_PX = 80
BARS = 40


class CallBar(NamedTuple):
    """A bar: the events it stands for, its devices, x and width in percent, y and height in pixels."""

    events: str
    devices: int
    x: str
    width: str
    y: int
    height: int


class CallPicture(NamedTuple):
    """A program's picture, from no event to the most, and what it says in one line."""

    summary: str
    bars: Sequence[CallBar]


def call_picture(calls: ProgramCalls) -> CallPicture:
    """Return a program's picture."""
    said = _("%(devices)s devices; called by %(fewest)s to %(most)s events, the median by %(median)s")
    names = ("devices", "fewest", "most", "median")
    return CallPicture(said % {name: count_text(getattr(calls, name)) for name in names}, call_bars(calls))


def call_bars(calls: ProgramCalls) -> Sequence[CallBar]:
    """Return a program's bars; many numbers of events are put together."""
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

"""The picture of what devices reduced next to what was expected of each: a bar for each tenth of it."""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from integration.pages.drawing import Tick, percent
from integration.pages.numbers import NBSP, count_text, share_text

from ..queries.reductions import MOST_TENTHS, NOTHING, Reductions

HEIGHT_PX = 96
EVERY = 2  # tenths between two numbers of the axis
AS_EXPECTED = 10  # tenths
HALF = 5
_PLACES = MOST_TENTHS - NOTHING + 1
_GAP = 0.15  # between two bars, of the width of one


class ReductionBar(NamedTuple):
    """A bar: what its devices reduced, how many they are, x and width in percent, y and height in pixels."""

    label: str
    devices: int
    x: str
    width: str
    y: int
    height: int


class ReductionPicture(NamedTuple):
    """The bars from nothing to the most, the axis, the place of 100 %, and what they say in one line."""

    summary: str
    sample: str
    bars: Sequence[ReductionBar]
    ticks: Sequence[Tick]
    expected_x: str


def reduction_picture(found: Reductions) -> ReductionPicture:
    """Return the picture of a program event; it has no bars if nothing was expected of any device."""
    tenths = range(NOTHING, MOST_TENTHS + 1) if found.total else ()
    highest = max(found.devices.values(), default=0)
    bars = [_bar(one, found.devices.get(one, 0), highest) for one in tenths]
    ticks = [Tick(percent(_place(one)), str(10 * one)) for one in range(0, MOST_TENTHS, EVERY)]
    return ReductionPicture(_summary(found), _sample(found), bars, ticks, percent(_place(AS_EXPECTED)))


def _bar(tenths: int, devices: int, highest: int) -> ReductionBar:
    height = max(round(HEIGHT_PX * devices / highest), 1 if devices else 0)
    width = percent((1 - _GAP) / _PLACES)
    return ReductionBar(_label(tenths), devices, percent(_place(tenths)), width, HEIGHT_PX - height, height)


def _place(tenths: int) -> float:
    """Where the bar of so many tenths begins, as a share of the picture's width."""
    return (tenths - NOTHING) / _PLACES


def _label(tenths: int) -> str:
    if tenths == NOTHING:
        return _("nothing")
    if tenths == MOST_TENTHS:
        return _("%(least)s %% or more") % {"least": 10 * tenths}
    # At least the first number, less than the second.
    return f"{10 * tenths}-{10 * tenths + 10}{NBSP}%"


def _summary(found: Reductions) -> str:
    if not found.total:
        return _("Nothing was expected of any device with an outcome.")
    return _("%(nothing)s of the devices reduced nothing, %(half)s at least half of what was expected of them.") % {
        "nothing": share_text(found.devices.get(NOTHING, 0), found.total),
        "half": share_text(found.reached(HALF), found.total),
    }


def _sample(found: Reductions) -> str:
    """What was read, if it is not all; else nothing."""
    if found.one_in == 1:
        return ""
    read = count_text(found.total + found.unexpected)
    return _("A sample: one device in %(one_in)s, %(read)s in all.") % {"one_in": found.one_in, "read": read}

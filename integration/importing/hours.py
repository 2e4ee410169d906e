"""What headings say of the hours of a load file: their time zone, whether they are ends, and what is beside them.

The grid operators of North America publish hourly load in layouts of their own: PJM's datetime_beginning_utc, ERCOT's
Hour Ending with a column for each zone, NYISO's Time Stamp with EST or EDT in a column beside it, CAISO's
INTERVALSTARTTIME_GMT.
"""

from collections.abc import Sequence
from typing import NamedTuple

from integration.seam import sql

from .dates import OFFSETS
from .kinds import Kind, plain_name

ENDS = ("hourending", "hourend", "intervalending", "datetimeending", "stundenende")
IN_UTC = ("utc", "gmt")
OFFSET_NAMES = ("timezone", "tz", "utcoffset")
US_OPERATORS = {"datetimebeginningept", "datetimebeginningutc", "ptid", "ercot"}  # headings that only they have


class Hours(NamedTuple):
    """How a file names hours; `offsets` is the place of the column with the offset of the row's time."""

    time_zone: str
    are_ends: bool
    offsets: int | None


def hours_of(heading: Sequence[str], places: Sequence[int], sample: Sequence[Sequence[str]]) -> Hours:
    """What the headings of columns of moments say, and the column beside them."""
    names = [plain_name(heading[place]) for place in places]
    time_zone = "UTC" if names and all(name.endswith(IN_UTC) for name in names) else ""
    return Hours(time_zone, any(name.startswith(ENDS) for name in names), _offsets(heading, sample) if places else None)


def across_of(heading: Sequence[str], kind: Kind) -> dict[str, int]:
    """The place of each known value that is a heading of its own; none if the file has a column of such values.

    If only one value is known, a file that names none is about it: its place is -1.
    """
    if kind.across is None or kind.across.column in kind.matching(heading):
        return {}
    places = {plain_name(text): place for place, text in reversed(list(enumerate(heading)))}
    known = {value: places.get(plain_name(value)) for value in sql.column(kind.across.known)}
    found = {value: place for value, place in known.items() if place is not None}
    return found or (dict.fromkeys(known, -1) if len(known) == 1 else {})


def names_us_operator(heading: Sequence[str]) -> bool:
    """Whether the layout is one of those, in which months come first."""
    return not US_OPERATORS.isdisjoint(map(plain_name, heading))


def _offsets(heading: Sequence[str], sample: Sequence[Sequence[str]]) -> int | None:
    for place, text in enumerate(heading):
        if plain_name(text) in OFFSET_NAMES:
            cells = {row[place].strip().upper() for row in sample if place < len(row)}
            if cells and cells <= OFFSETS.keys():
                return place
    return None

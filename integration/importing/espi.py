"""Green Button files (NAESB REQ.21 ESPI, an Atom feed) as rows: one for each reading of an interval block.

Entries name each other by links and come in any order, so the file is read twice; of the blocks, one is in memory at a
time. Times of readings are seconds of UTC; the local time parameters only say how people see them. What is no electric
energy of an interval keeps its code in words, so that its rows are refused and named.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import IO, Any, NamedTuple

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from . import refusals
from .refusals import FileRefused

ATOM, ESPI = "{http://www.w3.org/2005/Atom}", "{http://naesb.org/espi}"
NAMESPACE = b"http://naesb.org/espi"
HEADING = ["meter", "usage_point", "starts_at", "value", "interval", "register", "unit", "quality"]
MOST_IN_ENTRY = 1_000_000  # readings
Element = Any  # of xml.etree, which only defusedxml may make here
WATT_HOURS, WATTS, AVERAGE = "72", "38", "2"
ELECTRICITY, OF_INTERVALS = ("", "0", "1", "2"), ("", "0", "4")
REGISTERS = {"": "forward", "0": "forward", "1": "forward", "4": "forward", "19": "reverse"}  # 4: net
# Of a reading with several qualities, the last one in this order counts.
QUALITIES = {
    "good": ("0", "17", "18", "19"),
    "edited": ("7",),
    "estimated": ("8", "9", "11", "12", "13", "15"),
    "questionable": ("10", "14", "16"),
}


class _Reading(NamedTuple):
    start: str
    duration: str
    value: str
    qualities: tuple[str, ...]


@dataclass
class _Entry:
    """An Atom entry: its address, those it links to, and the resource in it with its plain fields."""

    title: str
    self: str = ""
    up: str = ""
    related: list[str] = field(default_factory=list)
    kind: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    readings: list[_Reading] = field(default_factory=list)

    def names(self, collection: str) -> list[str]:
        """The addresses by which what belongs to it may name it."""
        return [self.self, f"{self.self}/{collection}", *self.related]


class _Type(NamedTuple):
    unit: str
    wh_per_value: Decimal
    is_power: bool
    interval: str
    register: str
    quality: str


def is_espi(start: bytes) -> bool:
    """Whether a file that begins so is a Green Button file."""
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and NAMESPACE in start


def espi_rows(file: IO[bytes], name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with their numbers, the heading first. Raises FileRefused."""
    try:
        feed = _Feed([entry for entry in _entries(file, with_readings=False) if entry.kind != "IntervalBlock"])
        yield 1, HEADING
        line = 1
        for entry in _entries(file, with_readings=True):
            if entry.kind == "IntervalBlock":
                for row in feed.rows(entry):
                    line += 1
                    yield line, row
    except (ParseError, DefusedXmlException, _Broken) as problem:
        raise FileRefused(refusals.DAMAGED(file=name, problem=str(problem)[:200])) from problem


class _Broken(ValueError):
    """The feed is XML, but its parts don't fit together."""


class _Feed:
    """What a feed says of its meters and readings' types, but for the readings."""

    def __init__(self, entries: list[_Entry]) -> None:
        of = {kind: [one for one in entries if one.kind == kind] for kind in ("UsagePoint", "MeterReading")}
        self.points, self.readings = of["UsagePoint"], of["MeterReading"]
        self.types = [one for one in entries if one.kind == "ReadingType"]
        self.point_by = {name: one for one in self.points for name in one.names("MeterReading")}
        self.reading_by = {name: one for one in self.readings for name in one.names("IntervalBlock")}
        self.type_by = {one.self: one for one in self.types}

    def rows(self, block: _Entry) -> Iterator[list[str]]:
        reading = self.reading_by.get(block.up) or _only(self.readings, "MeterReading", block)
        point = self.point_by.get(reading.up) or _only(self.points, "UsagePoint", reading)
        named = (self.type_by[link] for link in reading.related if link in self.type_by)
        type_ = _type_of(next(named, None) or _only(self.types, "ReadingType", reading))
        number = point.self.rpartition("/")[2]
        begin = _whole(block.fields.get("start", "0"))
        for place, one in enumerate(block.readings):
            seconds = _whole(one.duration or type_.interval or "0")
            start = _whole(one.start) if one.start else begin + place * seconds
            yield [
                point.title or number,
                number,
                datetime.fromtimestamp(start, UTC).isoformat(),
                _energy(one.value, type_, seconds),
                str(seconds // 60) if seconds % 60 == 0 else f"{seconds} s",
                type_.register,
                type_.unit,
                _quality(one.qualities) or type_.quality,
            ]


def _entries(file: IO[bytes], *, with_readings: bool) -> Iterator[_Entry]:
    file.seek(0)
    events = iterparse(file, events=("start", "end"), forbid_dtd=True)
    root: Element = next(events)[1]
    readings: list[_Reading] = []
    for event, element in events:
        if event == "start":
            continue
        if element.tag == f"{ESPI}IntervalReading":
            if with_readings:
                readings.append(_reading(element))
            if len(readings) > MOST_IN_ENTRY:
                raise _Broken(f"an entry has more than {MOST_IN_ENTRY:,} readings")
            element.clear()
        elif element.tag == f"{ATOM}entry":
            yield _entry(element, readings)
            readings = []
            root.clear()


def _entry(element: Element, readings: list[_Reading]) -> _Entry:
    found = _Entry((element.findtext(f"{ATOM}title") or "").strip(), readings=readings)
    for link in element.findall(f"{ATOM}link"):
        rel, href = link.get("rel"), (link.get("href") or "").rstrip("/")
        if rel == "related":
            found.related.append(href)
        elif rel in ("self", "up"):
            setattr(found, rel, href)
    content = element.find(f"{ATOM}content")
    for resource in content if content is not None else ():
        found.kind = resource.tag.removeprefix(ESPI)
        found.fields = {part.tag.removeprefix(ESPI): (part.text or "").strip() for part in resource.iter()}
    return found


def _reading(element: Element) -> _Reading:
    def text(path: str) -> str:
        return (element.findtext("/".join(ESPI + part for part in path.split("/"))) or "").strip()

    found = element.findall(f"{ESPI}ReadingQuality/{ESPI}quality")
    qualities = tuple((one.text or "").strip() for one in found)
    return _Reading(text("timePeriod/start"), text("timePeriod/duration"), text("value"), qualities)


def _type_of(entry: _Entry) -> _Type:
    said = entry.fields
    uom, commodity, accumulation = (said.get(name, "") for name in ("uom", "commodity", "accumulationBehaviour"))
    is_power = uom == WATTS and said.get("dataQualifier") == AVERAGE
    is_energy = uom == WATT_HOURS and accumulation in OF_INTERVALS
    flow = said.get("flowDirection", "")
    return _Type(
        "Wh"
        if commodity in ELECTRICITY and (is_energy or is_power)
        else f"uom {uom}, commodity {commodity or '-'}, accumulationBehaviour {accumulation or '-'}",
        Decimal(1).scaleb(_whole(said.get("powerOfTenMultiplier") or "0")),
        is_power,
        said.get("intervalLength", ""),
        REGISTERS.get(flow, f"flowDirection {flow}"),
        _quality((said["defaultQuality"],)) if said.get("defaultQuality") else "good",
    )


def _energy(value: str, type_: _Type, seconds: int) -> str:
    if not value:
        return ""
    wh = _whole(value) * type_.wh_per_value * (Decimal(seconds) / 3600 if type_.is_power else 1)
    return f"{wh:f}"


def _quality(codes: tuple[str, ...]) -> str:
    """The worst of the qualities; empty if there is none; an unknown one is questionable."""
    known = {code: name for name, ours in QUALITIES.items() for code in ours}
    names = [known.get(code, "questionable") for code in codes if code]
    return max(names, key=list(QUALITIES).index, default="")


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as problem:
        raise _Broken(f"“{text[:40]}” is no whole number") from problem


def _only(found: list[_Entry], kind: str, of: Any) -> _Entry:
    """The only entry of its kind, which needs no link."""
    if len(found) != 1:
        raise _Broken(f"{of.kind} {of.self} links to no {kind}")
    return found[0]

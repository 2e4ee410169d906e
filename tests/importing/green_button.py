"""Green Button files of our own making, and the order and types of elements as the published schema has them.

The order is that of espi.xsd, version 4.0 of 13 December 2023 (NAESB REQ.21), typed in by hand for the resources that
carry readings; the schema itself is not part of this repository.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

ATOM, ESPI = "{http://www.w3.org/2005/Atom}", "{http://naesb.org/espi}"
WHOLE = r"-?\d{1,15}"
ORDER: dict[str, tuple[str, ...]] = {
    "UsagePoint": ("roleFlags", "ServiceCategory", "status", "serviceDeliveryPoint"),
    "ServiceCategory": ("kind",),
    "LocalTimeParameters": ("dstEndRule", "dstOffset", "dstStartRule", "tzOffset"),
    "MeterReading": (),
    "ReadingType": (
        "accumulationBehaviour", "commodity", "consumptionTier", "currency", "dataQualifier", "defaultQuality",
        "flowDirection", "intervalLength", "kind", "phase", "powerOfTenMultiplier", "timeAttribute", "tou", "uom",
    ),
    "IntervalBlock": ("interval", "IntervalReading"),
    "interval": ("duration", "start"),
    "IntervalReading": ("cost", "ReadingQuality", "timePeriod", "value", "consumptionTier", "tou", "cpp"),
    "ReadingQuality": ("quality",),
    "timePeriod": ("duration", "start"),
}  # fmt: skip
TYPES = {"dstEndRule": "[0-9A-F]{8}", "dstStartRule": "[0-9A-F]{8}", "roleFlags": "[0-9A-F]{4}"}
MULTIPLIERS = {"-12", "-9", "-6", "-3", "-1", "0", "1", "2", "3", "6", "9", "12"}
WH = {"accumulationBehaviour": 4, "commodity": 1, "dataQualifier": 12, "flowDirection": 1, "kind": 12, "uom": 72}
BASE = "https://data.example/espi/1_1/resource"


class Reading(NamedTuple):
    start: datetime
    value: int
    quality: Sequence[int] = ()


class Channel(NamedTuple):
    """The readings of one usage point and type."""

    point: str
    readings: Sequence[Reading]
    type: dict[str, Any] = {}
    title: str = ""
    seconds: int = 900


def feed(*channels: Channel, reverse: bool = False) -> bytes:
    """A feed with all that belongs to channels, as utilities write it; `reverse`: the last entry first."""
    entries = [_entry(f"{BASE}/LocalTimeParameters/1", "", [], _tag("LocalTimeParameters", _local_time()))]
    points: set[str] = set()
    for number, channel in enumerate(channels, 1):
        point = f"{BASE}/RetailCustomer/1/UsagePoint/{channel.point}"
        reading, type_ = f"{point}/MeterReading/{number}", f"{BASE}/ReadingType/{number}"
        if channel.point not in points:
            points.add(channel.point)
            category = _tag("ServiceCategory", _tag("kind", 0))
            related = [f"{point}/MeterReading", f"{BASE}/LocalTimeParameters/1"]
            entries.append(_entry(point, channel.title, related, _tag("UsagePoint", category)))
        entries.append(_entry(reading, "", [f"{reading}/IntervalBlock", type_], "<espi:MeterReading/>"))
        said = {**WH, "intervalLength": channel.seconds, "powerOfTenMultiplier": 0, **channel.type}
        fields = "".join(_tag(name, said[name]) for name in ORDER["ReadingType"] if said.get(name) is not None)
        entries.append(_entry(type_, "Energy", [], _tag("ReadingType", fields)))
        entries.append(_entry(f"{reading}/IntervalBlock/1", "", [], _block(channel)))
    body = "".join(reversed(entries) if reverse else entries)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" '
        f'xmlns:espi="http://naesb.org/espi"><id>urn:uuid:0</id><title>Green Button</title>{body}</feed>'
    ).encode()


def faults_of(data: bytes) -> list[str]:
    """What the published schema would not take of a file."""
    faults: list[str] = []
    for entry in fromstring(data).findall(f"{ATOM}entry"):
        content = entry.find(f"{ATOM}content")
        if content is None or len(content) != 1:
            faults.append("an entry has no content, or more than one resource")
        else:
            _check(content[0], faults)
    return faults


def _check(element: Element, faults: list[str]) -> None:
    name = element.tag.removeprefix(ESPI)
    parts = [part.tag.removeprefix(ESPI) for part in element]
    order = ORDER.get(name)
    if order is None:
        if parts or not re.fullmatch(TYPES.get(name, WHOLE), element.text or ""):
            faults.append(f"{name}: {element.text}")
        if name == "powerOfTenMultiplier" and element.text not in MULTIPLIERS:
            faults.append(f"{name}: {element.text} is no multiplier")
        return
    if unknown := set(parts) - set(order):
        faults.append(f"{name} has {unknown}")
    elif [order.index(part) for part in parts] != sorted(order.index(part) for part in parts):
        faults.append(f"{name}: {parts} are not in the order of the schema")
    for part in element:
        _check(part, faults)


def _local_time() -> str:
    rules = {"dstEndRule": "B40E2000", "dstOffset": 3600, "dstStartRule": "360E2000", "tzOffset": -18000}
    return "".join(_tag(name, value) for name, value in rules.items())


def _block(channel: Channel) -> str:
    start = int(channel.readings[0].start.timestamp())
    end = int(channel.readings[-1].start.timestamp()) + channel.seconds
    readings = "".join(
        _tag(
            "IntervalReading",
            "".join(_tag("ReadingQuality", _tag("quality", code)) for code in one.quality)
            + _tag("timePeriod", _tag("duration", channel.seconds) + _tag("start", int(one.start.timestamp())))
            + _tag("value", one.value),
        )
        for one in channel.readings
    )
    whole = _tag("interval", _tag("duration", end - start) + _tag("start", start))
    return _tag("IntervalBlock", whole + readings)


def _entry(address: str, title: str, related: Sequence[str], content: str) -> str:
    links = [f'<link rel="self" href="{address}"/>', f'<link rel="up" href="{address.rpartition("/")[0]}"/>']
    links += [f'<link rel="related" href="{one}"/>' for one in related]
    told = "".join(links)
    return f"<entry><id>urn:uuid:1</id>{told}<title>{title}</title><content>{content}</content></entry>"


def _tag(name: str, text: object) -> str:
    return f"<espi:{name}>{text}</espi:{name}>"

"""Which devices stages used, as masks: in memory, a million devices of twenty stages are counted in a blink.

Counting them in SQL reads every reservation of a season again for each choice, and groups them by device.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from derms.models import StageUse
from integration.seam import sql
from integration.seam.outcomes import CALLS
from integration.seam.sql import Sql, compose, statement

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]
# The bytes are a subquery that only the leader may run: it hands them to the parallel workers as they are. A constant
# would be written into the plan of each of them, number by number, and read again, for longer than a scan takes.
_BYTE = "get_byte((SELECT %(NAME)s::bytea WHERE pg_backend_pid() > 0), c.nth)"
REMOVED = -1  # in place of a moment: the device left before the start


class _Reserved(NamedTuple):
    """The devices reserved for a stage: bit n is the device whose id is `first` + n."""

    first: int
    bits: NDArray[np.uint8]

    @property
    def last(self) -> int:
        return self.first + len(self.bits) * 8 - 1


class _Left(NamedTuple):
    """Devices that left a stage, and when, in microseconds since 1970; REMOVED if before the start."""

    devices: Numbers
    moments: Numbers


class Uses:
    """Masks of the devices that stages used, and `others`, one place per device id from `first` on.

    The last place stands for every device outside, which no stage used. What a device's former registrations were used
    for counts for it, too.
    """

    def __init__(self, stages: Sequence[int], *others: Numbers) -> None:
        self._reserved, self._left = _reserved(stages), _left(stages)
        earlier, present = _earlier_registrations() if stages else (unpacked(None), unpacked(None))
        ends = [end for one in self._reserved.values() for end in (one.first, one.last)]
        ends += [int(end) for ids in (earlier, present, *others) if len(ids) for end in (ids.min(), ids.max())]
        self.first = min(ends, default=0)
        self.places = max(ends, default=-1) - self.first + 2
        self._earlier, self._present = earlier - self.first, present - self.first

    def nobody(self) -> Mask:
        return np.zeros(self.places, dtype=np.bool_)

    def users(self, stages: Iterable[int], *, released_after: int | None = None) -> Mask:
        """The devices that any of these stages used; not those released at or before a moment, if it is given."""
        found = self.nobody()
        for stage in stages:
            found |= self._users_of(stage, released_after)
        if len(self._present):
            np.logical_or.at(found, self._present, found[self._earlier])
        return found

    def holders(self, stages: Iterable[int]) -> Mask:
        """The devices that any of these stages holds: reserved, and not left since."""
        found = self.nobody()
        for stage in stages:
            held = self._users_of(stage)
            if left := self._left.get(stage):
                held[left.devices - self.first] = False
            found |= held
        return found

    def called(self, stages: Sequence[int]) -> Mask:
        """Those of the devices in this span that any of these stages has called."""
        ids = unpacked(sql.value(statement("derms", "called_devices"), {"stages": list(stages), "calls": CALLS}))
        found, places = self.nobody(), ids - self.first
        found[places[(places >= 0) & (places < self.places - 1)]] = True
        return found

    def of(self, ids: Numbers) -> Mask:
        """These devices, which were among the `others`."""
        found = self.nobody()
        found[ids - self.first] = True
        return found

    def in_sql(self, name: str, values: NDArray[np.uint8], ids: range) -> tuple[Sql, dict[str, Any]]:
        """A byte for each place: the SQL of that of candidate `c`, of these ids, and its parameter, if they differ."""
        sent = np.full(len(ids), values[-1])
        first, end = max(self.first, ids.start), min(self.first + self.places - 1, ids.stop)
        if first < end:
            sent[first - ids.start : end - ids.start] = values[first - self.first : end - self.first]
        if (sent == sent[0]).all():
            return compose(str(int(sent[0]))), {}
        return compose(_BYTE.replace("NAME", name)), {name: sent.tobytes()}

    def microseconds(self, stages: Mapping[int, tuple[int, int]]) -> Numbers:
        """For how long stages used each device: stage -> when it began and ended, in microseconds since 1970."""
        total = np.zeros(self.places, dtype=np.int64)
        lengths = {stage: max(ended - began, 0) for stage, (began, ended) in stages.items()}
        for length, of_length in groupby(sorted(stages, key=lengths.__getitem__), lengths.__getitem__):
            used = np.zeros(self.places, dtype=np.uint16)  # adding up small numbers first is several times as fast
            for stage in of_length:
                used += self._users_of(stage)
            total += used * np.int64(length)
        for stage, (began, ended) in stages.items():
            devices, moments = self._released(stage)
            total[devices] += np.maximum(np.minimum(moments, ended) - began, 0) - lengths[stage]
        if len(self._present):
            np.add.at(total, self._present, total[self._earlier])
        return total

    def _users_of(self, stage: int, released_after: int | None = None) -> Mask:
        found = self.nobody()
        if reserved := self._reserved.get(stage):
            start = reserved.first - self.first
            bits = np.unpackbits(reserved.bits, bitorder="little")
            found[start : start + len(bits)] = bits
        if left := self._left.get(stage):
            is_out = left.moments <= (REMOVED if released_after is None else released_after)
            found[left.devices[is_out] - self.first] = False
        return found

    def _released(self, stage: int) -> tuple[Numbers, Numbers]:
        left = self._left.get(stage)
        if left is None:
            return unpacked(None), unpacked(None)
        is_released = left.moments != REMOVED
        return left.devices[is_released] - self.first, left.moments[is_released]


def keep_uses(stage: int) -> None:
    """Keep a stage's reserved devices as a mask, so that choices don't read its reservations again.

    Reservations never change. Who left is not part of it, since an answer may come late.
    """
    if reserved := _read_reserved(stage):
        mask = {"first_device": reserved.first, "devices": reserved.bits.tobytes()}
        StageUse.objects.update_or_create(stage_id=stage, defaults=mask)


def _reserved(stages: Sequence[int]) -> dict[int, _Reserved]:
    kept = StageUse.objects.filter(stage_id__in=stages).values_list("stage_id", "first_device", "devices")
    found = {stage: _Reserved(first, np.frombuffer(devices, dtype=np.uint8)) for stage, first, devices in kept}
    read = {stage: _read_reserved(stage) for stage in stages if stage not in found}
    return found | {stage: reserved for stage, reserved in read.items() if reserved}


def _read_reserved(stage: int) -> _Reserved | None:
    ids = unpacked(sql.value(statement("derms", "reserved_devices"), {"stage": stage}))
    if not len(ids):
        return None
    first = int(ids.min())
    places = np.zeros(int(ids.max()) - first + 1, dtype=np.bool_)
    places[ids - first] = True
    return _Reserved(first, np.packbits(places, bitorder="little"))


def _left(stages: Sequence[int]) -> dict[int, _Left]:
    found = sql.rows(statement("derms", "departed_devices"), {"stages": list(stages), "removed": REMOVED})
    return {stage: _Left(unpacked(devices), unpacked(moments)) for stage, devices, moments in found}


def _earlier_registrations() -> tuple[Numbers, Numbers]:
    """Pairs of a former registration and the present one that it counts for."""
    earlier, present = sql.row(statement("derms", "earlier_registrations"))
    return unpacked(earlier), unpacked(present)


def unpacked(packed: bytes | memoryview | None) -> Numbers:
    """The whole numbers that PostgreSQL's int8send packed one after another."""
    return np.frombuffer(packed or b"", dtype=">i8").astype(np.int64)

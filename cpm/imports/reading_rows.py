"""Rows of readings put together to days: looked up, judged, and refused by their line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from cpm.choices import Quality
from cpm.meter_days import judged
from cpm.models.meters import MeterArchive
from cpm.operations.meter_days import Days, days_as_csv
from integration.importing.blocks import Block
from integration.importing.kinds import Batch, Kind, plain_name
from integration.importing.staging import CELLS_MISSING
from integration.importing.values import NO_NUMBER, Fault
from integration.seam.recorded import recorded

from .day_rows import DAY_S, NOT_THERE, Series, moments_of, series_of, spread
from .meter_book import NONE, MeterBook
from .reading_cells import Cells, Floats, Places, Rows, floats

NO_METER = recorded("There is no meter “%(value)s”.")
WRONG_INTERVAL = recorded("The readings are of %(file)s minutes each; the meter measures every %(meter)s minutes.")
NOT_ON_INTERVAL = recorded("It does not begin with an interval of the meter's %(meter)s minutes.")
OTHER_TIME = recorded("The meter was not there at that time: it is from %(from)s until %(until)s.")
ONE_REGISTER = recorded("The meter does not measure what is given to the grid apart.")
LONG_DAY = recorded(
    "This day is longer than the row's columns: its clocks go back. Send it in UTC, or with a column for each interval."
)
NO_SUCH_TIME = recorded("There is a value at a time that this day does not have.")
TOO_MUCH = recorded(
    "On average it is %(value)s kW, and the meter can measure %(most)s. Are the values Wh instead of kWh?"
)
PUT_AWAY = recorded("The readings of this month are put away (METER_DAYS_KEPT) and can't be corrected any more.")
SAME_TIME = recorded("Line %(other)s has a reading of the same meter at the same time.")
DAYS_AT_ONCE = 4_000
WH_PER = {"Wh": 1.0, "kWh": 1_000.0, "MWh": 1_000_000.0}
QUALITIES = {
    one.name.lower(): one.value for one in (Quality.GOOD, Quality.EDITED, Quality.ESTIMATED, Quality.QUESTIONABLE)
}


class Reading:
    """Reads the blocks of one file of readings."""

    def __init__(self, kind: Kind, found: Any, book: MeterBook) -> None:
        self.found, self.book, self.cells = found, book, Cells(kind, found)
        self.series = Series(found.series, series_of(found.heading).minutes)
        self.zone = ZoneInfo(found.time_zone)
        months = MeterArchive.objects.values_list("month", flat=True)
        self.put_away = np.array(list(months), "datetime64[M]")

    def batches(self, blocks: Iterable[Block]) -> Iterator[Batch]:
        for block in blocks:
            rows = self._rows(block)
            made = self._day_rows(block, rows) if self.series.places else self._single_rows(block, rows)
            text = b"".join(made)
            ragged = [
                (line, "", "", CELLS_MISSING(cells=cells, columns=len(self.found.heading)))
                for line, cells in block.ragged
            ]
            yield Batch(block.rows, ragged + rows.refused, text)

    def _rows(self, block: Block) -> Rows:
        import pyarrow as pa

        numbers, indices = self.cells.decoded(block, "meter")
        known = [None if isinstance(number, Fault) else number for number in numbers]
        rows = Rows(
            block.lines,
            pa.array(known, pa.string()).take(pa.array(indices)),
            self.book.places(known)[indices],
            self.cells.chosen(block, "register", {"reverse": True}, False),
            self.cells.chosen(block, "quality", QUALITIES, Quality.GOOD.value).astype(np.uint8),
            self.cells.chosen(block, "unit", WH_PER, self._wh_per_unit()),
            {},
        )
        self.cells.faults(block, rows)
        rows.refuse(
            rows.at == NONE,
            "meter",
            lambda at: rows.numbers[at].as_py(),
            lambda at: NO_METER(value=rows.numbers[at].as_py()),
        )
        rows.refuse(
            rows.are_reverse & ~self.book.have_both[rows.at],
            "register",
            lambda _at: "reverse",
            lambda _at: ONE_REGISTER(),
        )
        minutes = self.cells.chosen(block, "interval", {str(n): n for n in (5, 15, 30, 60)}, 0)
        if self.series.places:
            minutes = np.full(len(rows.lines), self.series.interval_s // 60)
        own = self.book.intervals_s[rows.at] // 60
        rows.refuse(
            (minutes > 0) & (minutes != own),
            "interval",
            lambda at: minutes[at],
            lambda at: WRONG_INTERVAL(file=minutes[at], meter=own[at]),
        )
        return rows

    def _wh_per_unit(self) -> float:
        """Wh in one unit of the values, as their heading says; else kWh."""
        place = self.found.mapping.get("value")
        name = plain_name(self.found.heading[place]) if place is not None else ""
        return next((wh for end, wh in (("mwh", 1e6), ("kwh", 1e3), ("wh", 1.0)) if name.endswith(end)), 1e3)

    def _day_rows(self, block: Block, rows: Rows) -> Iterator[bytes]:
        """Rows of a day each: those of one day have their readings at the same times."""
        import pyarrow as pa

        cells = pa.concat_arrays([block.cells[place] for place in self.series.places])
        numbers, wrong = floats(cells, self.cells.sign)
        shape = len(self.series.places), len(block.lines)
        values: Floats = np.ascontiguousarray(numbers.reshape(shape).T, np.float64)
        bad = np.ascontiguousarray(wrong.reshape(shape).T)
        first_bad = bad.argmax(axis=1)
        heading = [self.found.heading[place] for place in self.series.places]
        cell = lambda at: block.cells[self.series.places[first_bad[at]]][at].as_py()  # noqa: E731
        for place in np.flatnonzero(bad.any(axis=1)).tolist():
            rows.refuse(
                np.arange(len(bad)) == place,
                heading[first_bad[place]],
                cell,
                lambda _at: NO_NUMBER(sign=self.cells.sign),
            )
        days, indices = self.cells.decoded(block, "day")
        for number, day in enumerate(days):
            if day and not isinstance(day, Fault):
                yield from self._one_day(date.fromisoformat(day), (indices == number) & rows.kept, values, rows)

    def _one_day(self, day: date, ours: NDArray[np.bool_], values: Floats, rows: Rows) -> Iterator[bytes]:
        moments, are_all = moments_of(day, self.series, self.zone)
        if not are_all:
            rows.refuse(ours, "day", lambda _at: day, lambda _at: LONG_DAY())
            return
        extra = ours & ~np.isnan(values[:, moments == NOT_THERE]).all(axis=1)
        rows.refuse(extra, "day", lambda _at: day, lambda _at: NO_SUCH_TIME())
        places = np.flatnonzero(ours & ~extra)
        if not len(places):
            return
        wh = values[places] * rows.wh_per_unit[places, None]
        is_whole = bool((moments[moments != NOT_THERE] // DAY_S == moments[0] // DAY_S).all())
        for utc_day, part in spread(wh, moments, self.series.interval_s):
            said = np.ones(len(part), bool) if is_whole else ~np.isnan(part).all(axis=1)
            yield self._days(rows, places[said], utc_day, part[said])

    def _single_rows(self, block: Block, rows: Rows) -> Iterator[bytes]:
        """Rows of one reading each, put together to days as far as the block has them."""
        values, bad = floats(block.cells[self.found.mapping["value"]], self.cells.sign)
        shown = block.cells[self.found.mapping["value"]]
        rows.refuse(bad, "value", lambda at: shown[at].as_py(), lambda _at: NO_NUMBER(sign=self.cells.sign))
        moments, indices = self.cells.decoded(block, "starts_at")
        seconds = [datetime.fromisoformat(m).timestamp() if m and not isinstance(m, Fault) else 0 for m in moments]
        times = np.array(seconds, np.int64)[indices]
        interval = self.book.intervals_s[rows.at].astype(np.int64)
        if self.found.hour_ends:
            times = times + 3600 - interval  # what names the end was taken for that of an hour
        given = block.cells[self.found.mapping["starts_at"]]
        rows.refuse(
            times % interval != 0,
            "starts_at",
            lambda at: given[at].as_py(),
            lambda at: NOT_ON_INTERVAL(meter=interval[at] // 60),
        )
        self._refuse_other_times(rows, times, given)
        for size in np.unique(interval[rows.kept]).tolist():
            yield from self._of_interval(rows, np.flatnonzero(rows.kept & (interval == size)), times, values, size)

    def _refuse_other_times(self, rows: Rows, times: NDArray[np.int64], given: Any) -> None:
        starts, ends = self.book.starts[rows.at], self.book.ends[rows.at]
        rows.refuse(
            (times < starts) | (times >= ends),
            "starts_at",
            lambda at: given[at].as_py(),
            lambda at: _other_time(starts[at], ends[at]),
        )

    def _of_interval(
        self, rows: Rows, places: Places, times: NDArray[np.int64], values: Floats, size: int
    ) -> Iterator[bytes]:
        slots = DAY_S // size
        day = times[places] // DAY_S
        key = (rows.at[places].astype(np.int64) * 2 + rows.are_reverse[places]) * 100_000 + day
        order = np.argsort(key * slots + times[places] % DAY_S // size, kind="stable")
        places, key = places[order], key[order]
        slot = times[places] % DAY_S // size
        again = np.concatenate(([False], (key[1:] == key[:-1]) & (slot[1:] == slot[:-1])))
        mask = np.zeros(len(rows.lines), bool)
        mask[places[again]] = True
        before = dict(zip(places[1:].tolist(), places[:-1].tolist(), strict=True))
        rows.refuse(
            mask, "starts_at", lambda at: rows.numbers[at].as_py(), lambda at: SAME_TIME(other=rows.lines[before[at]])
        )
        places, key, slot = places[~again], key[~again], slot[~again]
        keys, firsts, group = np.unique(key, return_index=True, return_inverse=True)
        for begin in range(0, len(keys), DAYS_AT_ONCE):
            some = (group >= begin) & (group < begin + DAYS_AT_ONCE)
            chosen = places[firsts[begin : begin + DAYS_AT_ONCE]]
            wh, quality = np.full((len(chosen), slots), np.nan), np.zeros((len(chosen), slots), np.uint8)
            at = group[some] - begin, slot[some]
            wh[at] = values[places[some]] * rows.wh_per_unit[places[some]]
            quality[at] = rows.quality[places[some]]
            yield self._days(rows, chosen, keys[begin : begin + DAYS_AT_ONCE] % 100_000, wh, quality)

    def _days(self, rows: Rows, places: Places, day: Any, wh: Floats, quality: Any = None) -> bytes:
        """Days as the text that COPY reads; those that can't be are refused by the line of their first row."""
        import pyarrow as pa

        at = rows.at[places]
        days = np.broadcast_to(np.asarray(day, np.int64), len(places))
        size = DAY_S // wh.shape[1]
        times = days[:, None] * DAY_S + np.arange(wh.shape[1]) * size
        outside = ~np.isnan(wh) & ((times < self.book.starts[at, None]) | (times >= self.book.ends[at, None]))
        most_wh = self.book.largest_kw[at] * size / 3.6
        mean = np.abs(wh).sum(axis=1, where=~np.isnan(wh)) / np.maximum(1, (~np.isnan(wh)).sum(axis=1))
        is_away = np.isin(days.astype("datetime64[D]").astype("datetime64[M]"), self.put_away)
        for place in places[is_away].tolist():
            rows.faults.setdefault(int(place), ("meter", rows.numbers[int(place)].as_py(), PUT_AWAY()))
        good = ~outside.any(axis=1) & (mean <= most_wh) & ~is_away
        self._refuse_days(rows, places, at, outside.any(axis=1), mean * 3.6 / size)
        known = rows.quality[places][:, None] if quality is None else quality
        known = judged(wh, np.broadcast_to(known, wh.shape), most_wh=most_wh, may_be_negative=self.book.are_net[at])
        chosen = Days(
            rows.lines[places[good]], self.book.ids[at[good]], days[good].astype("datetime64[D]"),
            rows.are_reverse[places[good]], wh[good], known[good],
        )  # fmt: skip
        return days_as_csv(chosen, rows.numbers.take(pa.array(places[good]))) if good.any() else b""

    def _refuse_days(self, rows: Rows, places: Places, at: Places, outside: NDArray[np.bool_], mean_kw: Floats) -> None:
        most, starts, ends = self.book.largest_kw[at], self.book.starts[at], self.book.ends[at]
        for n in np.flatnonzero(outside | (mean_kw > most)).tolist():
            reason = (
                _other_time(starts[n], ends[n])
                if outside[n]
                else TOO_MUCH(value=f"{mean_kw[n]:,.1f}", most=f"{most[n]:,.1f}")
            )
            number = rows.numbers[int(places[n])].as_py()
            rows.faults.setdefault(int(places[n]), ("meter", number, reason))


def _other_time(starts: int, ends: int) -> str:
    shown = [
        "—" if moment > 2**40 else f"{datetime.fromtimestamp(int(moment), UTC):%Y-%m-%d %H:%MZ}"
        for moment in (starts, ends)
    ]
    return OTHER_TIME(**{"from": shown[0], "until": shown[1]})

"""Readings of meters: rows of one reading, or of a day, become days that are compared and written whole."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from django.utils.translation import gettext_lazy as _

from cpm.choices import Quality
from cpm.meter_days import unpack, unpack_quality
from cpm.operations.meter_days import COLUMNS, Days, days_as_csv, write_meter_days
from integration.importing import refusals as file_refusals
from integration.importing.blocks import Block
from integration.importing.dates import Day, Moment
from integration.importing.kinds import Applying, Batch, Column, Kind, Packing
from integration.importing.refusals import FileRefused
from integration.importing.values import Choice, Code, Layout, Number, Reading
from integration.seam import sql
from integration.seam.recorded import recorded
from integration.seam.sql import Sql, compose, identifiers

from .day_rows import series_of
from .meter_book import meter_book
from .meters import METER_NAMES, MINUTES
from .reading_rows import SAME_TIME
from .reading_rows import Reading as Rows
from .suspicions import suspicions

UNITS = recorded(
    "The readings of this file are about %(value)s times those of the same meters before it. Are they Wh instead of "
    "kWh, or the other way round?"
)
ROWS_AT_ONCE = 4_000
_CURRENT = """
SELECT DISTINCT ON (d.meter_id, d.day, d.is_reverse) d.*, m.number AS meter
  FROM cpm_meterday d JOIN cpm_meter m ON m.id = d.meter_id
 WHERE d.day BETWEEN (SELECT min(day) FROM {staged}) AND (SELECT max(day) FROM {staged})
   AND d.meter_id IN (SELECT meter_id FROM {staged})
 ORDER BY d.meter_id, d.day, d.is_reverse, d.version DESC
"""
_NEXT = "(SELECT c.*, 1 + coalesce((c.old->>'version')::integer, 0) AS version FROM {changes} c) next"
_STALE = """
SELECT jsonb_build_object('line', c.line, 'shown', c.outcome, 'now', 'changed',
                          'old', c.old - ARRAY['readings', 'quality'],
                          'old_now', jsonb_build_object('total_wh', d.total_wh, 'interval_s', d.interval_s),
                          'new', to_jsonb(c) - ARRAY['readings', 'quality', 'old'])
  FROM {changes} c,
       LATERAL (SELECT version, total_wh, interval_s FROM cpm_meterday d
                 WHERE d.meter_id = c.meter_id AND d.day = c.day AND d.is_reverse = c.is_reverse
                 ORDER BY version DESC LIMIT 1) d
 WHERE d.version > coalesce((c.old->>'version')::integer, 0)
 ORDER BY c.line LIMIT 21
"""
# The usual factor between this file's days and the last known ones of the same meters, of a sample; the house of a
# single meter may just have been moved into.
_UNITS = """
SELECT s.line, 'value'::text AS "column", s.total_wh::text AS value,
       replace({pattern}, '%%(value)s', factor.shown) AS reason
  FROM {staged} s,
       (SELECT CASE WHEN f >= 1 THEN round(f)::text ELSE '1/' || round(1 / f)::text END AS shown
          FROM (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY sample.total_wh::float8 / before.total_wh) AS f,
                       count(DISTINCT sample.meter_id) AS meters
                  FROM (SELECT * FROM {staged} WHERE total_wh > 0 ORDER BY line LIMIT 500) sample
                  JOIN LATERAL (SELECT total_wh FROM cpm_meterday d
                                 WHERE d.meter_id = sample.meter_id AND d.is_reverse = sample.is_reverse
                                   AND d.day BETWEEN sample.day - 45 AND sample.day AND total_wh > 0
                                 ORDER BY d.day DESC, d.version DESC LIMIT 1) before ON true) ratio
         WHERE meters >= 3 AND (f BETWEEN 300 AND 3000 OR f BETWEEN 1 / 3000.0 AND 1 / 300.0)) factor
"""
_KEY = "meter_id, day, is_reverse, interval_s"
# Days in several parts, and days with gaps that are known already; with what is known of them, as line 0.
_PIECES = """
CREATE TEMPORARY TABLE import_pieces ON COMMIT DROP AS
  WITH parts AS (SELECT {key} FROM {staged} GROUP BY {key}
                 HAVING count(*) > 1 OR bool_or(position('\\x06'::bytea in quality) > 0)),
       latest AS (SELECT DISTINCT ON ({key}) d.* FROM cpm_meterday d JOIN parts USING ({key})
                   ORDER BY {key}, d.version DESC)
SELECT s.* FROM {staged} s JOIN parts USING ({key})
 UNION ALL
SELECT 0, meter_id, day, is_reverse, interval_s, scale, total_wh, readings, quality, NULL FROM latest
"""
_ORDERED = """
SELECT line, meter_id, day, is_reverse, interval_s, scale, readings, quality, meter FROM import_pieces
 ORDER BY interval_s, meter_id, day, is_reverse, line
"""
_TAKE_OFF = """
DELETE FROM {staged} s USING import_pieces p
 WHERE (s.meter_id, s.day, s.is_reverse, s.interval_s) = (p.meter_id, p.day, p.is_reverse, p.interval_s)
"""
_COPY = "COPY {staged} ({columns}) FROM STDIN (FORMAT csv)"
Refused = tuple[int, str, str, str]


class Piece(NamedTuple):
    line: int
    meter_id: int
    day: Any
    is_reverse: bool
    interval_s: int
    scale: int
    readings: bytes
    quality: bytes
    number: str | None

    @property
    def key(self) -> tuple[Any, ...]:
        return self[1:5]


def read(kind: Kind, found: Any, blocks: Iterable[Block]) -> Iterable[Batch]:
    """The batches of a file. Raises FileRefused if it has neither a time and a value nor a day and its columns."""
    needed = ("meter", "day") if found.series else ("meter", "starts_at", "value")
    if missing := [name for name in needed if name not in found.mapping]:
        heading, columns = ", ".join(found.heading)[:300], ", ".join(missing)
        raise FileRefused(file_refusals.COLUMN_MISSING(file="", columns=columns, heading=heading))
    return Rows(kind, found, meter_book()).batches(blocks)


def settle(staged: Sql) -> list[Refused]:
    """Put the parts of days together, and fill their gaps with what is known; two readings of one time are refused."""
    sql.analyze(staged.strip('"'))
    sql.execute("DROP TABLE IF EXISTS import_pieces")
    if not sql.execute(compose(_PIECES, staged=staged, key=compose(_KEY))):
        return []
    sql.execute(compose(_TAKE_OFF, staged=staged))
    refused: list[Refused] = []
    copy = compose(_COPY, staged=staged, columns=identifiers([*COLUMNS, "meter"]))
    for pieces in _chunks():
        sql.copy_in(copy, BytesIO(_together(pieces, refused)))
    return refused


def _chunks() -> Iterable[list[Piece]]:
    """The parts of some days at a time, all of one interval."""
    left: list[Piece] = []
    for rows in sql.batches(_ORDERED, rows=ROWS_AT_ONCE):
        left += map(Piece._make, rows)
        ends = [at for at in range(1, len(left)) if left[at].key != left[at - 1].key]
        borders = [0, *(at for at in ends if left[at].interval_s != left[at - 1].interval_s), *ends[-1:]]
        for begin, end in pairwise(borders):
            if end > begin:
                yield left[begin:end]
        left = left[borders[-1] :]
    if left:
        yield left


def _together(pieces: list[Piece], refused: list[Refused]) -> bytes:
    """One day of all parts of it: the next fills what those before it lack, what the file says fills what was known."""
    import pyarrow as pa

    starts = [at for at, one in enumerate(pieces) if not at or one.key != pieces[at - 1].key]
    counts = np.diff([*starts, len(pieces)])
    slots = 86_400 // pieces[0].interval_s
    wh = np.full((len(starts), slots), np.nan)
    quality = np.full(wh.shape, Quality.MISSING, np.uint8)
    lines = np.zeros(wh.shape, np.int64)  # of each reading; 0: known before
    for rank in range(int(counts.max())):
        days = np.flatnonzero(counts > rank)
        part = [pieces[starts[day] + rank] for day in days]
        part_wh, part_quality = _arrays(part, slots)
        says = part_quality != Quality.MISSING
        twice = (says & (lines[days] > 0)).any(axis=1)
        for at in np.flatnonzero(twice).tolist():
            other = int(lines[days[at]][says[at] & (lines[days[at]] > 0)][0])
            refused.append((part[at].line, "meter", part[at].number or "", SAME_TIME(other=other)))
        puts = says & ~twice[:, None]
        number = np.array([one.line for one in part])[:, None]
        for whole, new in ((wh, part_wh), (quality, part_quality), (lines, np.broadcast_to(number, says.shape))):
            whole[days] = np.where(puts, new, whole[days])
    first = [next((p for p in pieces[at : at + n] if p.line), pieces[at]) for at, n in zip(starts, counts, strict=True)]
    together = Days(
        np.array([one.line for one in first], np.int64),
        np.array([one.meter_id for one in first], np.int32),
        np.array([one.day for one in first], "datetime64[D]"),
        np.array([one.is_reverse for one in first]),
        wh,
        quality,
    )
    return days_as_csv(together, pa.array([one.number for one in first], pa.string()))


def _arrays(part: Sequence[Piece], slots: int) -> tuple[Any, Any]:
    wh = np.concatenate([unpack(bytes(p.readings), days=1, intervals=slots, scale=p.scale) for p in part])
    return wh, np.concatenate([unpack_quality(bytes(p.quality), days=1, intervals=slots) for p in part])


def write_readings(applying: Applying) -> None:
    write_meter_days(compose(_NEXT, changes=applying.changes))


class _Stored(NamedTuple):
    """What a column of days holds; no file has it."""

    postgres: str

    def reading(self, layout: Layout) -> Reading:
        raise NotImplementedError


LABELS = {"meter": _("Meter"), "day": _("Day"), "total_wh": _("Energy, Wh"), "interval_s": _("Interval, s")}


def _stored(name: str) -> Column:
    return Column(name, LABELS.get(name, ""), _Stored({**COLUMNS, "meter": "text"}[name]))


def _series(heading: Sequence[str]) -> list[int]:
    return series_of(heading).places


METER_DAYS = Kind(
    name="meter_days",
    label=_("Days of meters"),
    columns=tuple(_stored(name) for name in [*COLUMNS, "meter"] if name != "line"),
    key=("meter_id", "day", "is_reverse"),
    current=compose(_CURRENT),
    apply=write_readings,
    compared=("interval_s", "scale", "readings", "quality"),
    refusals=((_UNITS, UNITS),),
    is_packed=True,
    stale=_STALE,
    shown=("total_wh", "interval_s"),
    named_by=("meter", "day"),
    suspicions=suspicions,
)
METER_READINGS = Kind(
    name="meter_readings",
    label=_("Meter readings"),
    columns=(
        Column("meter", _("Meter"), Code(40), METER_NAMES, _("The meter's number.")),
        Column("day", _("Day"), Day(), ("date", "reading_date", "Datum", "Tag"), may_lack=True),
        Column(
            "starts_at",
            _("Time"),
            Moment(),
            ("time", "timestamp", "interval_start", "interval_ending", "datetime", "Zeitpunkt", "Zeitstempel"),
            _("When the reading begins; a column named interval_ending: when it ends."),
            may_lack=True,
        ),
        Column(
            "value",
            _("Energy"),
            Number(-1e9, 1e9),
            ("kwh", "wh", "mwh", "energy_kwh", "reading", "consumption", "Verbrauch_kWh", "Messwert"),
            _("In kWh, unless its heading or the column of the unit says Wh or MWh."),
            default="",
            is_required=False,
        ),
        Column(
            "interval",
            _("Interval, minutes"),
            Choice(MINUTES),
            ("interval_minutes", "Takt"),
            default="",
            is_required=False,
        ),
        Column(
            "register",
            _("Register"),
            Choice(
                ("forward", "reverse"),
                {"delivered": "forward", "received": "reverse", "Bezug": "forward", "Einspeisung": "reverse"},
            ),
            ("flow", "direction", "channel", "Richtung"),
            default="forward",
            is_required=False,
        ),
        Column("unit", _("Unit"), Choice(("kWh", "Wh", "MWh")), ("uom", "Einheit"), default="kWh", is_required=False),
        Column(
            "quality",
            _("Quality"),
            Choice(
                ("good", "edited", "estimated", "questionable"),
                {
                    "A": "good",
                    "actual": "good",
                    "measured": "good",
                    "valid": "good",
                    "W": "good",
                    "E": "estimated",
                    "V": "questionable",
                },
            ),
            ("status", "flag", "Güte"),
            default="good",
            is_required=False,
        ),
    ),
    key=("meter", "day", "starts_at"),
    current=compose("SELECT FROM cpm_meterday"),
    apply=write_readings,
    packing=Packing(METER_DAYS, _series, read, settle),
)

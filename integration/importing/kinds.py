"""The kinds of files: each is declared by the system that owns its rows.

Dotted names, so that the importer imports none of the systems.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.module_loading import import_string

from integration.seam import sql
from integration.seam.loads import STATISTICS_TARGET, analyze_after_commit
from integration.seam.recorded import Pattern
from integration.seam.sql import Sql, compose

from .values import Type

# In the order in which a new utility brings them in.
KINDS: dict[str, str] = {
    "zones": "derms.imports.grid.ZONES",
    "substations": "derms.imports.grid.SUBSTATIONS",
    "feeders": "derms.imports.grid.FEEDERS",
    "transformers": "derms.imports.grid.TRANSFORMERS",
    "head_ends": "derms.imports.head_ends.HEAD_ENDS",
    "head_end_facts": "lec_sim.imports.head_ends.HEAD_END_FACTS",
    "program_types": "cpm.imports.programs.PROGRAM_TYPES",
    "programs": "cpm.imports.programs.PROGRAMS",
    "customers": "cpm.imports.customers.CUSTOMERS",
    "device_locations": "cpm.imports.customers.DEVICE_LOCATIONS",
    "devices": "cpm.imports.devices.DEVICES",
    "meters": "cpm.imports.meters.METERS",
    "enrollments": "cpm.imports.enrollments.ENROLLMENTS",
    "participations": "cpm.imports.participations.PARTICIPATIONS",
    "holidays": "cpm.imports.holidays.HOLIDAYS",
    "unavailability": "cpm.imports.unavailability.UNAVAILABILITY",
    "load_forecast": "derms.imports.load.LOAD_FORECAST",
    "reduction_factors": "derms.imports.factors.REDUCTION_FACTORS",
    "metered_load": "derms.imports.load.METERED_LOAD",
    "temperatures": "derms.imports.temperatures.TEMPERATURES",
    "meter_readings": "cpm.imports.readings.METER_READINGS",
    "device_states": "lec_sim.imports.device_states.DEVICE_STATES",
}
MANY_ADDED = 1_000
_TABLE = re.compile(r"\b(?:FROM|JOIN) ((?:cpm|derms|lec_sim)_[a-z_]+)\b")


class Reference(NamedTuple):
    """A column of a table of the same system that a value must be in; the sentence that names it if it isn't.

    is_copy: the table is a copy of another system's, which refuses nothing before it has arrived.
    """

    table: str
    column: str
    unknown: Pattern
    is_copy: bool = False


@dataclass(frozen=True)
class Column:
    """A column of a kind of file. A file may lack it if it has a default; it is matched by its name or an alias.

    `default` is what an empty cell means, None for null; of rows that exist, a column that the file lacks stays as it
    is. `is_required` refuses empty cells; the file has to have such a column, unless it `may_lack` it.
    """

    name: str
    label: str | Promise
    type: Type
    aliases: tuple[str, ...] = ()
    help: str | Promise = ""
    default: str | None = None
    is_required: bool = True
    may_lack: bool = False
    refers: Reference | None = None


class Applying(NamedTuple):
    """What a kind needs to write its rows: the table of changes, who applies them, when, and how many are added.

    has: the columns that the file has.
    """

    changes: Sql
    by: str
    now: datetime
    added: int = 0
    has: frozenset[str] = frozenset()

    def write(self, *statements: str) -> None:
        """Run statements over `{changes}`, `%(now)s` and `%(has)s`."""
        for statement in statements:
            sql.execute(compose(statement, changes=self.changes), {"now": self.now, "has": sorted(self.has)})

    def analyze(self, *tables: str) -> None:
        """Update the planner's statistics after the commit, if so many rows are added that they tell another story."""
        if self.added > MANY_ADDED:
            analyze_after_commit(*tables, target=STATISTICS_TARGET)


@dataclass(frozen=True)
class Ending:
    """How rows end that a file, if it is the whole truth, no longer holds.

    rows: a query over `{staged}` of such rows. act: ends the rows of a table of that query; returns how many.
    shown: a query over `{missing}`, such rows, of the texts by which people know them.
    """

    rows: str
    shown: str
    act: Callable[[Applying], int]


class Locks(NamedTuple):
    """The rows that people lock who change the same things: a table, and a query over `{changes}` of their ids."""

    table: str
    ids: str


class Across(NamedTuple):
    """A column whose values may be headings: then each has a column of its own, with what `value` would hold.

    known: a query of the values; other headings are left out.
    """

    column: str
    value: str
    known: str


class ByHour(NamedTuple):
    """A column of moments that a file may have as a day and an hour (hourly.py), and that of an hour's value."""

    column: str
    value: str


class Batch(NamedTuple):
    """So many rows of a file: those refused as (line, column, value, reason), and the others as CSV that COPY reads."""

    rows: int
    refused: list[tuple[int, str, str, str]]
    text: bytes


@dataclass(frozen=True)
class Packing:
    """How the rows of a file are put together before they are compared, as readings are to days.

    into: the kind of what they become.
    series: the places of columns that together are one value, in a heading.
    read: reads blocks (blocks.Block) of a file as recognised (recognising.Recognised) into batches.
    settle: makes one row of `{staged}` of all that belong together; returns the refused ones.
    """

    into: Kind
    series: Callable[[Sequence[str]], list[int]]
    read: Callable[[Kind, Any, Iterable[Any]], Iterable[Batch]]
    settle: Callable[[Sql], list[tuple[int, str, str, str]]]


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    key: the columns that name a row.
    current: a query of the rows that exist, with all columns of the kind.
    refusals: queries of (line, column, value, reason) over `{staged}`, `{current}` and `{has}`, the file's columns.
    apply: writes the rows of the table of changes, which has all columns, `outcome` and `old`.
    ending: how rows end that the file no longer holds; None if rows of this kind don't.
    compared: the columns whose values are compared; None: all but the key.
    kept: a condition on a row `t` that exists, under which it stays as it is, whatever the file says.
    locks: the rows that are locked before the file is compared for the last time; None if people change none of these.
    across: the column whose values may be headings; None if there is none.
    hourly: the column whose moments may be days and hours; None if there is none.
    repeats: several rows may name the same thing, as in one file of the whole grid, if they say the same of it.
    packing: how rows are put together before they are compared; None if each stands for itself.
    is_packed: whether it is what others are put together to; `current` is then of what `{staged}` is about.
    stale: a query over `{changes}` of conflicts (comparing.conflicts), where that is sooner than to compare again.
    shown: the columns whose old and new values people see; None: those that are compared.
    named_by: the columns by which people know a row; None: the key.
    suspicions: sentences about what looks wrong in `{staged}` as a whole; they are shown and refuse nothing.
    """

    name: str
    label: str | Promise
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    current: Sql
    apply: Callable[[Applying], object]
    refusals: Sequence[tuple[str, Pattern]] = ()
    ending: Ending | None = None
    compared: tuple[str, ...] | None = None
    kept: str = "false"
    locks: Locks | None = None
    across: Across | None = None
    hourly: ByHour | None = None
    repeats: bool = False
    packing: Packing | None = None
    is_packed: bool = False
    stale: str | None = None
    shown: tuple[str, ...] | None = None
    named_by: tuple[str, ...] | None = None
    suspicions: Callable[[Sql], list[str]] | None = None

    @property
    def stored(self) -> Kind:
        """The kind of the rows that are compared and applied."""
        return self.packing.into if self.packing else self

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def values(self) -> list[str]:
        """The columns that are compared with what is there."""
        return [name for name in self.names if name not in (self.key if self.compared is None else self._others)]

    @property
    def tables(self) -> list[str]:
        """The tables that a file of this kind is compared with."""
        texts = [self.current, *(query for query, _pattern in self.refusals)]
        named = {name for text in texts for name in _TABLE.findall(text)}
        return sorted(named | {column.refers.table for column in self.columns if column.refers})

    @property
    def _others(self) -> set[str]:
        return set(self.names) - set(self.compared or ())

    def matching(self, heading: Sequence[str]) -> dict[str, int]:
        """The place of each column in a heading, by its name or an alias."""
        places = {plain_name(text): place for place, text in reversed(list(enumerate(heading)))}
        known = {c.name: [places.get(plain_name(name)) for name in (c.name, *c.aliases)] for c in self.columns}
        found = {name: next((place for place in found if place is not None), None) for name, found in known.items()}
        return {name: place for name, place in found.items() if place is not None}


def plain_name(text: str) -> str:
    """A heading without case, blanks and signs, so that “Customer No.” is “customer_no”."""
    return re.sub(r"[\W_]+", "", text.casefold())


def kind_of(name: str) -> Kind:
    """The declared kind. Raises LookupError if there is none of this name."""
    if name not in KINDS:
        raise LookupError(name)
    kind: Kind = import_string(KINDS[name])
    return kind

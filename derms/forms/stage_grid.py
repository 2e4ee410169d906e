"""The stages of a plan as a form: when the event starts, and one row per stage relative to that.

The grid's buttons (add, clone, remove, shift all) only change what was typed; nothing is saved.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from integration.pages.numbers import exact, whole
from integration.seam.localtime import to_utc
from integration.seam.refusals import Refused

from ..models import DerGroup, Program, Stage, Strategy, StrategyStage
from ..operations import PlannedStage
from ..planning.check import StageCheck
from ..planning.generated import GeneratedStage
from .events import MOST_MINUTES
from .generate import PREFIX, GenerateForm, generated_row
from .stage_rows import StageRowForm, StageRows, StartForm, seconds
from .strategies import MOST_STAGES

FIELDS = (
    "number", "program", "der_groups", "offset_minutes", "length_minutes", "target_kw", "share_pct", "control",
    "control_value", "generated",
)  # fmt: skip
ROW_MINUTES = ("offset_minutes", "length_minutes")

# What was typed into one row, by field.
Row = dict[str, list[str]]


class StageGrid:
    """The start and the rows; bound to check them, unbound to show what was typed without errors."""

    shifts = ((-60, _("\N{MINUS SIGN}1 h")), (-15, _("\N{MINUS SIGN}15 min")), (15, _("+15 min")), (60, _("+1 h")))

    def __init__(self, typed: QueryDict, time_zone: str, *, bound: bool) -> None:
        if bound:
            self.start = StartForm(typed, time_zone=time_zone)
            self.rows = StageRows(typed, prefix="stages")
        else:
            self.start = StartForm(initial=typed.dict(), time_zone=time_zone)
            self.rows = StageRows(initial=[_initial(row) for row in rows_of(typed)], prefix="stages")
        self.rows_of, self.time_zone = typed.get("rows_of", ""), time_zone
        self._offer_choices(typed)
        self._number_rows()
        self._show_windows(typed, time_zone)

    def is_valid(self) -> bool:
        return all([self.start.is_valid(), self.rows.is_valid()])

    @property
    def control_help(self) -> tuple[str, str]:
        """What each control is made for and what its value means, once for all rows."""
        control, value = (StageRowForm.base_fields[name].help_text for name in ("control", "control_value"))
        return str(control), str(value)

    @property
    def forms(self) -> list[forms.BaseForm]:
        return [self.start, *self.rows.forms]

    def _offer_choices(self, typed: QueryDict) -> None:
        """Query the choices once instead of once per row."""
        programs: list[tuple[int | str, str]] = [("", "—"), *self._programs()]
        groups = list(DerGroup.objects.order_by("name").values_list("pk", "name"))
        for row in self.rows.forms:
            for name, choices in (("program", programs), ("der_groups", groups)):
                cast(forms.ChoiceField, row.fields[name]).choices = choices
        self.generator = GenerateForm(typed, programs[1:], list(groups), rows_of(typed))

    def _programs(self) -> list[tuple[int, str]]:
        """The open programs, and others that a row has already: the check says why these can't be submitted."""
        chosen = {str(row["program"].value()) for row in self.rows}
        offered = [p for p in Program.objects.order_by("name") if p.is_open or str(p.pk) in chosen]
        return [(p.pk, _name(p)) for p in offered]

    def _number_rows(self) -> None:
        """Number the rows from 1 on, just as they will be saved."""
        for number, row in enumerate(self.rows.forms, start=1):
            row.stage_number = number

    def _show_windows(self, typed: QueryDict, time_zone: str) -> None:
        """Compute each row's window from what was typed, complete or not."""
        if (start := _typed_start(typed, time_zone)) is None:
            return
        for row in self.rows.forms:
            after, lasts = (exact(str(row[name].value())) for name in ROW_MINUTES)
            if after is None or lasts is None:
                continue
            with suppress(OverflowError):
                row.window = (start + seconds(after), start + seconds(after) + seconds(lasts))

    def keep_found(self, found: Iterable[StageCheck]) -> None:
        """Show in each filled row of a valid grid what a check found for its stage."""
        by_number = {one.stage.number: one for one in found}
        for row in self.filled:
            row.found = by_number.get(row.stage_number)

    @property
    def filled(self) -> list[StageRowForm]:
        """The rows of a valid grid that are not empty."""
        return [row for row in self.rows.forms if row.cleaned_data]

    def planned(self) -> list[PlannedStage]:
        """The stages of a valid grid."""
        return [row.planned(self.starts_at) for row in self.filled]

    @property
    def starts_at(self) -> datetime:
        """The start of a valid grid."""
        moment: datetime = self.start.cleaned_data["starts_at"]
        return moment


def rows_of(typed: QueryDict) -> list[Row]:
    """Return the typed rows, unchecked."""
    count = min(whole(typed.get("stages-TOTAL_FORMS", "")) or 0, MOST_STAGES)
    return [{name: typed.getlist(f"stages-{n}-{name}") for name in FIELDS} for n in range(count)]


def with_rows(typed: QueryDict, rows: list[Row]) -> QueryDict:
    """Return a copy with these rows in place of its own."""
    changed = QueryDict(mutable=True)
    for name, values in typed.lists():
        if not name.startswith("stages-"):
            changed.setlist(name, values)
    changed["stages-TOTAL_FORMS"], changed["stages-INITIAL_FORMS"] = str(len(rows)), "0"
    for n, row in enumerate(rows):
        for name, values in row.items():
            changed.setlist(f"stages-{n}-{name}", values)
    return changed


def with_generated(typed: QueryDict, stages: Iterable[GeneratedStage], starts_at: datetime) -> QueryDict:
    """Return a copy with these stages in place of all rows: together they cover what is needed."""
    groups = typed.getlist(f"{PREFIX}-der_groups")
    return with_rows(typed, [generated_row(stage, starts_at, groups) for stage in stages])


def with_strategy(typed: QueryDict, strategy: Strategy) -> QueryDict:
    """Return a copy with a strategy's default stages, unless its rows already come from that strategy."""
    if typed.get("rows_of") == str(strategy.uid) and "stages-TOTAL_FORMS" in typed:
        return typed
    defaults = strategy.stages.prefetch_related("der_groups").order_by("number")
    start = _typed_start(typed, strategy.zone.time_zone)
    rows = [
        _row(None, stage, _offset(stage, start, strategy.zone.time_zone), stage.length_minutes) for stage in defaults
    ]
    changed = with_rows(typed, rows)
    changed["rows_of"] = str(strategy.uid)
    return changed


def with_stages(stages: Iterable[Stage], time_zone: str) -> QueryDict:
    """Return an event's stages as if they had been typed into the grid."""
    stages = list(stages)
    if not stages:
        return with_rows(QueryDict(), [])
    start = min(stage.starts_at for stage in stages).replace(microsecond=0)
    rows = [
        _row(s.number, s, _minutes(s.starts_at.replace(microsecond=0) - start), _minutes(s.ends_at - s.starts_at))
        for s in stages
    ]
    typed = with_rows(QueryDict(), rows)
    typed["starts_at"] = wall(start, time_zone)
    return typed


def after_button(typed: QueryDict, button: str, time_zone: str) -> QueryDict:
    """Return what the form contains after a button of the grid: add, clone-2, remove-2, shift-15, shift--15."""
    what, _dash, text = button.partition("-")
    rows, number = rows_of(typed), whole(text.removeprefix("-"))
    if what == "shift" and number is not None and number <= MOST_MINUTES:
        return _shifted(typed, timedelta(minutes=-number if text.startswith("-") else number), time_zone)
    if what == "remove" and number is not None:
        rows = rows[:number] + rows[number + 1 :]
    elif what == "clone" and number is not None:
        rows += [_following(row, row) for row in rows[number : number + 1]]
    elif what == "add":
        rows = [*rows, _following(rows[-1], {"control": ["off"]}) if rows else dict(FIRST_ROW)]
    return with_rows(typed, rows)


def wall(moment: datetime, time_zone: str) -> str:
    """Format a moment for the browser's date and time picker."""
    local = moment.astimezone(ZoneInfo(time_zone))
    return f"{local:%Y-%m-%dT%H:%M:%S}" if local.second else f"{local:%Y-%m-%dT%H:%M}"


FIRST_ROW: Row = {"offset_minutes": ["0"], "length_minutes": ["60"], "control": ["off"], "control_value": ["0"]}


def _following(last: Row, like: Row) -> Row:
    """Return a row that starts when another ends and lasts as long."""
    length = last["length_minutes"]
    begins, lasts = (exact(typed[0]) if typed else None for typed in (last["offset_minutes"], length))
    offset = last["offset_minutes"] if begins is None or lasts is None else [_plain(begins + lasts)]
    fresh: Row = {"number": [], "generated": [], "offset_minutes": offset, "length_minutes": length}
    return {"control_value": ["0"], **like, **fresh}


def _shifted(typed: QueryDict, by: timedelta, time_zone: str) -> QueryDict:
    """Shift the start in UTC; an invalid start stays as it is, and the form reports it."""
    changed = typed.copy()
    if start := _typed_start(typed, time_zone):
        changed["starts_at"] = wall(start + by, time_zone)
    return changed


def _typed_start(typed: QueryDict, time_zone: str) -> datetime | None:
    """The start that was typed; None as long as it is no moment."""
    try:
        return to_utc(datetime.fromisoformat(typed.get("starts_at", "")), time_zone, typed.get("starts_at_offset", ""))
    except (ValueError, OverflowError, Refused):
        return None


def _row(number: int | None, stage: Any, offset: Decimal | int, length: Decimal | int) -> Row:
    return {
        "number": [] if number is None else [str(number)],
        "program": [str(stage.program_id)],
        "der_groups": [str(group.pk) for group in stage.der_groups.all()],
        "offset_minutes": [_plain(Decimal(offset))],
        "length_minutes": [_plain(Decimal(length))],
        "target_kw": [] if stage.target_kw is None else [str(stage.target_kw)],
        "share_pct": [] if stage.share_pct is None else [str(stage.share_pct)],
        "control": [stage.control],
        "control_value": [f"{stage.control_value:g}"],
        "generated": ["on"] if getattr(stage, "generated", False) else [],
    }


def _offset(stage: StrategyStage, start: datetime | None, time_zone: str) -> Decimal:
    """The minutes that pass until a default stage begins, once it is known on which day its event starts."""
    return _minutes(stage.begins(start, time_zone) - start) if start else Decimal(stage.offset_minutes)


def _initial(row: Row) -> dict[str, Any]:
    single = {name: values[0] for name, values in row.items() if values}
    return {**single, "der_groups": row.get("der_groups", [])}


def _minutes(length: timedelta) -> Decimal:
    return round(Decimal(round(length.total_seconds())) / 60, 4)


def _plain(minutes: Decimal) -> str:
    return f"{minutes.normalize():f}"


def _name(program: Program) -> str:
    if program.is_open:
        return program.name
    if not program.active:
        sentence = _("%(program)s (not active)")
    else:
        sentence = _("%(program)s (suspended)") if program.suspended else _("%(program)s (devices are never called)")
    return sentence % {"program": program}

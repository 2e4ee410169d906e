"""The form of Generate Stages, next to the grid of stages: for how long, whose devices, within which bounds."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from ..choices import Control
from ..models import DerGroup, Event, Stage
from ..planning.generated import Asked, GeneratedStage
from ..set_operations.cohorts import ProgramControl
from ..set_operations.controls import unsuited_classes
from .stage_rows import StageRowForm
from .strategies import MOST_STAGES

PREFIX = "gen"
MOST_HOURS = 12
STEPS = (15, 30, 60)
WITHOUT_VALUE = (Control.OFF, Control.DISCHARGE)  # one of them suits each class
Choices = list[tuple[Any, Any]]


class GenerateForm(forms.Form):
    """What a person asks for; the event's own fields say how much is needed, the grid when it starts."""

    hours = forms.IntegerField(label=_("Window (h)"), min_value=1, max_value=MOST_HOURS, initial=4)
    step_minutes = forms.TypedChoiceField(
        label=_("Steps"), choices=[(n, f"{n} min") for n in STEPS], coerce=int, initial=30
    )
    max_increase_pct = forms.FloatField(
        label=_("Max Increase (%)"), min_value=0, max_value=100, initial=2,
        help_text=_("By how much what comes back may raise the load beside the window."),
    )  # fmt: skip
    most_stages = forms.IntegerField(label=_("Most stages"), min_value=1, max_value=MOST_STAGES, initial=8)
    least_kw = forms.FloatField(label=_("Least stage (kW)"), min_value=0, max_value=10_000_000, initial=0)
    fairness = forms.FloatField(
        label=_("Fairness"), min_value=0, max_value=10, initial=0.05,
        help_text=_("For the fair plan: how many kWh an earlier call of a device costs."),
    )  # fmt: skip
    programs = forms.MultipleChoiceField(label=_("Programs"), widget=forms.CheckboxSelectMultiple)
    der_groups = forms.ModelMultipleChoiceField(
        DerGroup.objects.all(), label=_("DER groups"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, typed: QueryDict, programs: Choices, groups: Choices, rows: list[dict[str, list[str]]]) -> None:
        """Bound once it has been sent; before that, the programs of the rows are ticked."""
        is_sent = f"{PREFIX}-hours" in typed
        ticked = [pk for row in rows for pk in row.get("program", []) if pk]
        super().__init__(typed if is_sent else None, prefix=PREFIX, initial={"programs": ticked})
        for name, choices in (("programs", programs), ("der_groups", groups)):
            cast(forms.ChoiceField, self.fields[name]).choices = choices

    def takes_controls(self, rows: Sequence[StageRowForm]) -> bool:
        """Whether the controls that a valid form takes from rows are valid; if not, the rows' fields have errors."""
        used = [row for pk, row in _rows_by_program(rows).items() if pk in self.cleaned_data["programs"]]
        return not any(row.errors.keys() & {"control", "control_value"} for row in used)

    def asked(self, event: Event, starts_at: datetime, rows: Sequence[StageRowForm]) -> Asked:
        """What a valid form asks for, whose rows have valid controls.

        A program's control is that of its first row, or else the one it was last called with, or else the first that
        suits its devices.
        """
        given = dict(self.cleaned_data)
        programs, groups = [int(pk) for pk in given.pop("programs")], given.pop("der_groups")
        criteria = tuple(group.criteria for group in groups)
        asked = Asked(starts_at=starts_at, programs=(), groups=criteria, **given)
        return replace(asked, programs=tuple(_controls(event, asked, programs, rows)))


def generated_row(stage: GeneratedStage, starts_at: datetime, groups: list[str]) -> dict[str, list[str]]:
    """A generated stage as if it had been typed into the grid."""
    return {
        "number": [],
        "program": [str(stage.program.pk)],
        "der_groups": groups,
        "offset_minutes": [str(round((stage.starts_at - starts_at).total_seconds() / 60))],
        "length_minutes": [str(round((stage.ends_at - stage.starts_at).total_seconds() / 60))],
        "target_kw": [str(max(1, math.ceil(round(stage.target_kw, 3))))],
        "share_pct": [],
        "control": [stage.control.control],
        "control_value": [f"{stage.control.control_value:g}"],
        "generated": ["on"],
    }


def _rows_by_program(rows: Sequence[StageRowForm]) -> dict[str, StageRowForm]:
    """The first row of each program, by the program's id as it was typed."""
    return {str(row["program"].value()): row for row in reversed(rows)}


def _controls(
    event: Event, asked: Asked, programs: list[int], rows: Sequence[StageRowForm]
) -> Iterator[ProgramControl]:
    typed = _rows_by_program(rows)
    last = Stage.objects.filter(program__in=programs, event__zone=event.zone_id).order_by("program", "-starts_at")
    called = {pk: (control, value) for pk, control, value in last.distinct("program").values_list(
        "program", "control", "control_value")}  # fmt: skip
    for pk in programs:
        if row := typed.get(str(pk)):
            yield ProgramControl(pk, row.cleaned_data["control"], row.cleaned_data["control_value"])
        else:
            yield ProgramControl(pk, *(called.get(pk) or (_first_suited(event, asked, pk), 0.0)))


def _first_suited(event: Event, asked: Asked, program: int) -> str:
    """The first control without a value that suits devices of a program."""
    window = {"starts_at": asked.starts_at, "ends_at": asked.starts_at + timedelta(hours=asked.hours)}
    for control in WITHOUT_VALUE:
        stage = Stage(event=event, program_id=program, control=control, control_value=0, **window)
        stage.group_criteria = list(asked.groups)
        if not unsuited_classes(stage):
            return control
    return Control.OFF  # none suits: nobody is called

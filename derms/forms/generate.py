"""The form of Generate Stages, next to the grid of stages: for how long, whose devices, within which bounds."""

from datetime import datetime
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from ..choices import Control
from ..models import DerGroup, Event, Stage
from ..planning.generated import Asked, GeneratedStage
from ..set_operations.cohorts import ProgramControl
from .stage_rows import StageRowForm
from .strategies import MOST_STAGES

PREFIX = "gen"
MOST_HOURS = 12
STEPS = (15, 30, 60)
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

    def asked(self, event: Event, starts_at: datetime, rows: list[StageRowForm]) -> Asked:
        """What a valid form asks for. A program's control is that of a row, or else the one it was last called with."""
        given = dict(self.cleaned_data)
        programs, groups = [int(pk) for pk in given.pop("programs")], given.pop("der_groups")
        return Asked(
            starts_at=starts_at,
            programs=tuple(_controls(event, programs, rows)),
            groups=tuple(group.criteria for group in groups),
            **given,
        )


def generated_row(stage: GeneratedStage, starts_at: datetime, groups: list[str]) -> dict[str, list[str]]:
    """A generated stage as if it had been typed into the grid."""
    return {
        "number": [],
        "program": [str(stage.program.pk)],
        "der_groups": groups,
        "offset_minutes": [str(round((stage.starts_at - starts_at).total_seconds() / 60))],
        "length_minutes": [str(round((stage.ends_at - stage.starts_at).total_seconds() / 60))],
        "target_kw": [str(max(1, round(stage.target_kw)))],
        "share_pct": [],
        "control": [stage.control.control],
        "control_value": [f"{stage.control.control_value:g}"],
        "generated": ["on"],
    }


def _controls(event: Event, programs: list[int], rows: list[StageRowForm]) -> list[ProgramControl]:
    typed = {str(row["program"].value()): row for row in reversed(rows)}
    last = Stage.objects.filter(program__in=programs, event__zone=event.zone_id).order_by("program", "-starts_at")
    called = {pk: (control, value) for pk, control, value in last.distinct("program").values_list(
        "program", "control", "control_value")}  # fmt: skip
    return [_control(pk, typed.get(str(pk)), called.get(pk)) for pk in programs]


def _control(pk: int, row: StageRowForm | None, last: tuple[str, float] | None) -> ProgramControl:
    if row is not None and row["control"].value() in Control.values:
        try:
            return ProgramControl(pk, str(row["control"].value()), float(row["control_value"].value() or 0))
        except ValueError:
            pass  # what was typed is no number: as it was last called
    return ProgramControl(pk, *(last or (Control.OFF, 0.0)))

"""The forms of the grid of stages: when the event starts, and one row per stage."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from integration.pages.numbers import count_text
from integration.pages.wall_time import LocalMomentMixin, WallTimeField

from ..controls import CONTROLS
from ..models import DerGroup
from ..operations import PlannedStage
from ..planning.check import StageCheck
from .strategies import MOST_STAGES, StrategyStageForm

LEAST_MINUTES = Decimal("0.01")
SHARED_FIELDS = ("target_kw", "share_pct", "control", "control_value", "generated")


class StartForm(LocalMomentMixin, forms.Form):
    """When the event starts, in the control zone's time; every stage moves with it."""

    starts_at = WallTimeField(label=_("Start"))

    def __init__(self, *args: Any, time_zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.time_zone = time_zone

    def clean(self) -> dict[str, Any]:
        super().clean()
        self.take_moment("starts_at", self.time_zone)
        return self.cleaned_data


class StageRowForm(StrategyStageForm):
    """One row of the grid. `number` is that of the saved stage, if any; minutes may have a fraction."""

    stage_number: int  # the number shown for the row
    window: tuple[datetime, datetime] | None = None  # when the stage starts and ends, if what was typed says it
    found: StageCheck | None = None  # what a check found for it
    number = forms.IntegerField(required=False, widget=forms.HiddenInput)
    generated = forms.BooleanField(required=False, widget=forms.HiddenInput)
    offset_minutes = forms.DecimalField(label=_("After (min)"), max_digits=9, decimal_places=4)
    length_minutes = forms.DecimalField(label=_("Lasts (min)"), max_digits=9, decimal_places=4)
    der_groups = forms.ModelMultipleChoiceField(
        DerGroup.objects.all(), label=_("DER groups"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def clean_offset_minutes(self) -> Decimal:
        minutes: Decimal = self.cleaned_data["offset_minutes"]
        if minutes < 0:
            sentence = _("%(n)s min is before the event's start; 0 is the earliest.")
            raise forms.ValidationError(sentence, params={"n": count_text(minutes)})
        return minutes

    def clean_length_minutes(self) -> Decimal:
        minutes: Decimal = self.cleaned_data["length_minutes"]
        if minutes < LEAST_MINUTES:
            values = {"least": count_text(LEAST_MINUTES), "n": count_text(minutes)}
            raise forms.ValidationError(_("A stage lasts at least %(least)s min; this is %(n)s."), params=values)
        return minutes

    def _post_clean(self) -> None:
        """The operation writes the row; the form only checks what was typed."""

    @property
    def group_names(self) -> list[str]:
        """The DER groups that are ticked."""
        ticked = {str(pk) for pk in self["der_groups"].value() or []}
        offered = cast(list[tuple[int, str]], cast(forms.ChoiceField, self.fields["der_groups"]).choices)
        return [name for pk, name in offered if str(pk) in ticked]

    @property
    def value_unit(self) -> str:
        """What the value of the chosen control means."""
        effect = CONTROLS.get(str(self["control"].value()))
        return str(effect.unit) if effect else "—"

    def planned(self, starts_at: datetime) -> PlannedStage:
        given = self.cleaned_data
        begins = starts_at + seconds(given["offset_minutes"])
        fields = {name: given[name] for name in SHARED_FIELDS}
        fields |= {"program": given["program"], "starts_at": begins}
        fields["ends_at"] = begins + seconds(given["length_minutes"])
        return PlannedStage(given["number"], fields, list(given["der_groups"]))


StageRows = forms.formset_factory(
    StageRowForm, extra=0, max_num=MOST_STAGES, validate_max=True, absolute_max=MOST_STAGES + 1
)


def seconds(minutes: Decimal) -> timedelta:
    """A length that was typed in minutes, to the second."""
    return timedelta(seconds=round(minutes * 60))

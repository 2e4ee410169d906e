"""Forms of strategies and event types."""

from typing import Any

from django import forms
from django.forms.models import model_to_dict
from django.http import QueryDict
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from ..models import EventType, Strategy, StrategyStage
from .events import LABELS, ControlMixin, TargetMixin, controls_in_words

MOST_STAGES = 24


class StrategyForm(TargetMixin, forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs alone
    class Meta:
        model = Strategy
        fields = [
            "name",
            "description",
            "zone",
            "type",
            "objective",
            "target_kw",
            "threshold_kw",
            "call_order",
            "is_reserve",
        ]
        labels = {
            **LABELS,
            "zone": _("Control zone"),
            "type": _("Type"),
            "call_order": _("Order of devices"),
            "is_reserve": _("Operating reserve"),
        }
        help_texts = {
            "call_order": _("Whom its events ask first. Events that were already made keep theirs."),
            "is_reserve": _("What it could call is counted every 15 minutes, for each of the next 24 hours."),
        }

    def clean(self) -> dict[str, Any]:
        super().clean()
        if objective := self.cleaned_data.get("objective"):
            self.check_amount(objective)
        return self.cleaned_data


class StrategyStageForm(ControlMixin, forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs alone
    class Meta:
        model = StrategyStage
        fields = [
            "program",
            "der_groups",
            "offset_minutes",
            "length_minutes",
            "target_kw",
            "share_pct",
            "control",
            "control_value",
        ]
        widgets = {"der_groups": forms.SelectMultiple(attrs={"size": 3})}
        labels = {
            "program": _("Program"),
            "der_groups": _("DER groups"),
            "offset_minutes": _("Offset from start (min)"),
            "length_minutes": _("Length (min)"),
            "target_kw": _("Target (kW)"),
            "share_pct": _("Share (%)"),
            "control": _("Control"),
            "control_value": _("Control value"),
        }
        help_texts = {
            "control": lazy(controls_in_words, str)(),
            "control_value": _(
                "Percent of the time off for a duty cycle. Kelvin for a setpoint offset: thermostats reduce above 0 K "
                "while the zone cools and below 0 K while it heats, water heaters always below 0 K. Otherwise 0."
            ),
        }

    def clean(self) -> dict[str, Any]:
        super().clean()
        self.check_control()
        return self.cleaned_data


StrategyStageFormSet = forms.formset_factory(
    StrategyStageForm,
    extra=1,
    can_delete=True,
    min_num=1,
    validate_min=True,
    max_num=MOST_STAGES,
    validate_max=True,
    absolute_max=MOST_STAGES + 1,
)


def stage_rows(typed: QueryDict | None, strategy: Strategy | None) -> Any:
    """The default stages as typed, or else of the strategy, and a row for another one.

    Rows are known by their place: saving a strategy makes its stages anew.
    """
    stages = strategy.stages.order_by("number") if strategy else StrategyStage.objects.none()
    shown = [model_to_dict(stage, StrategyStageForm.Meta.fields) for stage in stages]
    return StrategyStageFormSet(typed, initial=shown, prefix="stages")


class EventTypeForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs alone
    class Meta:
        model = EventType
        fields = [
            "lead_time_s",
            "outcome_timeout_s",
            "reserve_margin_pct",
            "approved_cap_pct",
            "balance_authority_check",
            "balance_authority_threshold_kw",
        ]
        labels = {
            "lead_time_s": _("Minimum lead time (s)"),
            "outcome_timeout_s": _("Outcome time-out (s)"),
            "reserve_margin_pct": _("Reserve margin (%)"),
            "approved_cap_pct": _("Most of what was approved (%)"),
            "balance_authority_check": _("Balance Authority check"),
            "balance_authority_threshold_kw": _("Threshold (kW)"),
        }
        help_texts = {
            "outcome_timeout_s": _("Seconds to wait for raw outcomes."),
            "reserve_margin_pct": _(
                "0 to 100. Schedule reserves this much more than the target, "
                "so that devices that leave are made up for."
            ),
            "approved_cap_pct": _(
                "100 or more. Schedule reserves at most this share of the devices and the power that were approved."
            ),
            "balance_authority_check": _("Large events of this type need the Balance Authority's approval as well."),
            "balance_authority_threshold_kw": _(
                "Compared with the total power of all open events subject to the check, at any moment."
            ),
        }

"""Forms of events and stages."""

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from integration.pages.numbers import count_text
from integration.seam.program_rules import RULES

from ..choices import Control, StrategyState
from ..controls import CONTROLS
from ..models import Event, Strategy
from ..objectives import OBJECTIVES

MOST_KW = 10_000_000  # more than any control zone has
MOST_MINUTES = 10_080  # a week: longer than any event


def limit(form: forms.BaseForm, **most: int) -> None:
    """Give number fields a greatest value, and the sentence that names it."""
    for name, value in most.items():
        if name in form.fields:
            field = form.fields[name]
            sentence = _("At most %(limit_value)s; this is %(show_value)s.")
            others = [one for one in field.validators if not isinstance(one, MaxValueValidator)]
            field.validators = [*others, MaxValueValidator(value, sentence)]
            field.widget.attrs["max"] = value


class TargetMixin(forms.BaseForm):
    """An objective that needs an amount must have it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit(self, target_kw=MOST_KW, threshold_kw=MOST_KW)

    def check_amount(self, objective: str) -> None:
        name = OBJECTIVES[objective].event_needs
        if name and not self.cleaned_data.get(name):
            self.add_error(name, _("%(objective)s needs this amount in kW, above 0.") % {"objective": objective})


def overridden_rules_field() -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        choices=[(rule.name, _(rule.reason)) for rule in RULES.values()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("Overridden rules"),
        help_text=_("Only has an effect if the program lets events override the rule."),
    )


# Fields of a strategy and of the events made from it.
LABELS = {
    "name": _("Name"),
    "description": _("Description"),
    "objective": _("Objective"),
    "target_kw": _("Target (kW)"),
    "threshold_kw": _("Threshold (kW)"),
}


class NewEventForm(TargetMixin, forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs alone
    """A strategy and what differs from it this time; an empty field keeps the strategy's value."""

    strategy = forms.ModelChoiceField(
        Strategy.objects.filter(state=StrategyState.ACTIVE).select_related("zone", "type").prefetch_related("stages"),
        widget=forms.RadioSelect,
        empty_label=None,
        to_field_name="uid",
    )
    name = forms.CharField(
        label=_("Name"), max_length=120, required=False, help_text=_("Leave empty to use the strategy's name.")
    )
    overridden_rules = overridden_rules_field()

    class Meta:
        model = Event
        fields = ["name", "target_kw", "threshold_kw", "description", "overridden_rules"]
        labels = LABELS
        help_texts = dict.fromkeys(("target_kw", "threshold_kw"), _("Leave empty to use the strategy's value."))

    def clean(self) -> dict[str, Any]:
        super().clean()
        if strategy := self.cleaned_data.get("strategy"):
            for name in ("target_kw", "threshold_kw"):
                if self.cleaned_data.get(name) is None:
                    self.cleaned_data[name] = getattr(strategy, name)
            self.check_amount(strategy.objective)
        return self.cleaned_data


class EventForm(TargetMixin, forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs alone
    """An event's own fields; its control zone and type come from the strategy."""

    overridden_rules = overridden_rules_field()

    class Meta:
        model = Event
        fields = ["name", "description", "objective", "target_kw", "threshold_kw", "overridden_rules"]
        labels = LABELS

    def clean(self) -> dict[str, Any]:
        super().clean()
        if objective := self.cleaned_data.get("objective"):
            self.check_amount(objective)
        return self.cleaned_data


def controls_in_words() -> str:
    """Return each control with the device classes it is made for."""
    classes = {one: ", ".join(str(kind.label) for kind in effect.classes) for one, effect in CONTROLS.items()}
    return "; ".join(f"{one.label}: {classes[one]}" for one in Control) + "."


class ControlMixin(forms.BaseForm):
    """A control's value must make sense for it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit(self, target_kw=MOST_KW, share_pct=100, offset_minutes=MOST_MINUTES, length_minutes=MOST_MINUTES)

    def check_control(self) -> None:
        control, value = self.cleaned_data.get("control"), self.cleaned_data.get("control_value")
        if value is None:
            return
        if control == Control.DUTY_CYCLE and not 1 <= value <= 100:
            self._refuse_value(_("A duty cycle is 1 to 100 %%; this is %(v)s."), value)
        elif control == Control.SETPOINT_OFFSET and not 0.1 <= abs(value) <= 10:
            self._refuse_value(_("A setpoint offset is 0.1 to 10 K, up or down; this is %(v)s."), value)
        elif control in (Control.OFF, Control.DISCHARGE) and value:
            self._refuse_value(_("This control has no value: enter 0; this is %(v)s."), value)

    def _refuse_value(self, sentence: str | Promise, value: float) -> None:
        self.add_error("control_value", str(sentence) % {"v": count_text(value)})


class SubmitForm(forms.Form):
    accepted_kw = forms.IntegerField(
        label=_("Accept a shortfall of up to (kW)"),
        min_value=0,
        max_value=MOST_KW,
        initial=0,
        help_text=_("Schedule even if up to this much is missing."),
    )


class ShortfallForm(forms.Form):
    accepted_kw = forms.IntegerField(label=_("Accept a shortfall of up to (kW)"), min_value=1, max_value=MOST_KW)


class ReasonForm(forms.Form):
    """The reason of an action; several events may share one."""

    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class DenyForm(ReasonForm):
    """The reason of a denial, for the event's author."""


class CancelForm(ReasonForm):
    """A reason and, while devices run or outcomes would be lost, the event's number, typed against accidents."""

    reason = forms.CharField(label=_("Reason"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))
    typed_number = forms.CharField(label=_("Event number"), error_messages={"required": _("Type the event's number.")})

    def __init__(self, *args: Any, number: str = "", is_running: bool = True, **kwargs: Any) -> None:
        """`number` is the event's, or empty if none has to be typed; `is_running`: because its devices run."""
        super().__init__(*args, **kwargs)
        self.number = number
        if number:
            running, lost = _("Devices are running: type %(number)s."), _("Outcomes would be lost: type %(number)s.")
            self.fields["typed_number"].help_text = (running if is_running else lost) % {"number": number}
        else:
            del self.fields["typed_number"]

    def clean_typed_number(self) -> str:
        typed: str = self.cleaned_data["typed_number"]
        if typed.strip() != self.number:
            sentence = _("“%(typed)s” is not %(number)s.")
            raise forms.ValidationError(sentence, params={"typed": typed, "number": self.number})
        return typed

    def clean(self) -> dict[str, Any]:
        super().clean()
        self.cleaned_data.pop("typed_number", None)  # only for this check; the operation doesn't take it
        return self.cleaned_data

"""How a program's baselines are made."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cpm.models.measuring import MOST_LOOKBACK_DAYS, BaselineRule

from .programs import day_field


class BaselineRuleForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs alone
    """The next version of a program's method; `seen` is the number of the latest one that the page showed."""

    effective_on = day_field(_("For events from"), help_text=_("From tomorrow on: earlier days keep their method."))
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    class Meta:
        model = BaselineRule
        fields = [
            "effective_on", "method", "adjustment", "cap_percent", "adjustment_minutes", "buffer_minutes",
            "lookback_days", "least_days",
        ]  # fmt: skip
        labels = {
            "method": _("Method"),
            "adjustment": _("Adjustment"),
            "cap_percent": _("Adjusted by at most, %"),
            "adjustment_minutes": _("Length of the hours before, minutes"),
            "buffer_minutes": _("Between them and the event, minutes"),
            "lookback_days": _("Looks back at most, days"),
            "least_days": _("Like days needed"),
        }
        help_texts = {
            "buffer_minutes": _("Pre-cooling and early notice raise or lower the load just before an event."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, low, high in (
            ("cap_percent", 0, 100), ("adjustment_minutes", 15, 720), ("buffer_minutes", 0, 720),
            ("lookback_days", 1, MOST_LOOKBACK_DAYS), ("least_days", 1, 10),
        ):  # fmt: skip
            label, help_text = self.fields[name].label, self.fields[name].help_text
            self.fields[name] = forms.IntegerField(label=label, help_text=help_text, min_value=low, max_value=high)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        lookback, least = given.get("lookback_days"), given.get("least_days")
        if lookback and least and least > lookback:
            self.add_error(
                "least_days", _("Of %(days)s days, %(least)s can't be alike.") % {"days": lookback, "least": least}
            )
        return given

"""Forms of meters, in their place's time."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from cpm.models.meters import INTERVALS_S, Meter
from integration.importing.coded_form import CodeField
from integration.pages.wall_time import LocalMomentMixin, WallTimeField

from ..choices import Registers

TYPED = ("number", "interval_s", "registers", "largest_kw")


class MeterForm(LocalMomentMixin, forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs alone
    """A meter of a place; the number of one that exists, and what it measures once it has readings, stay."""

    number = CodeField(label=_("Meter"), max_length=40, help_text=_("The meter's number."))
    interval_s = forms.TypedChoiceField(
        label=_("Interval, minutes"), coerce=int, choices=[(seconds, str(seconds // 60)) for seconds in INTERVALS_S]
    )
    registers = forms.ChoiceField(label=_("Measures"), choices=Registers.choices)
    largest_kw = forms.FloatField(
        label=_("Highest power, kW"),
        min_value=0.1,
        max_value=1_000_000,
        help_text=_("A reading of more is impossible."),
    )
    starts_at = WallTimeField(label=_("From"))
    ends_at = WallTimeField(label=_("Until"), required=False)

    class Meta:
        model = Meter
        fields = [*TYPED, "starts_at", "ends_at"]

    def __init__(self, *args: Any, time_zone: str, has_readings: bool = False, **kwargs: Any) -> None:
        self.zone = ZoneInfo(time_zone)
        super().__init__(*args, **kwargs)
        for name in ("starts_at", "ends_at"):
            if (field := self.fields.get(name)) and (moment := self.initial.get(name)):
                self.initial[name] = moment.astimezone(self.zone).replace(tzinfo=None)
                field.widget.attrs["step"] = "1"
        if self.instance.pk:
            del self.fields["number"]
        if has_readings:
            del self.fields["registers"]

    def clean_number(self) -> str:
        number: str = self.cleaned_data["number"]
        if Meter.objects.filter(number=number).exists():
            raise forms.ValidationError(_("There is already a meter %(number)s."), params={"number": number})
        return number

    def clean(self) -> dict[str, Any]:
        super().clean()
        for name in ("starts_at", "ends_at"):
            if name in self.fields:
                self.take_moment(name, self.zone.key)
        given: dict[str, Any] = self.cleaned_data
        starts_at, ends_at = given.get("starts_at"), given.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", _("The meter ends before it starts."))
        return given

    def _post_clean(self) -> None:
        """The operation saves; the row of the form stays as it was."""


class ExchangeForm(MeterForm):
    """The meter that follows one, and when."""

    starts_at = WallTimeField(label=_("Exchanged at"))
    ends_at = None  # type: ignore[assignment]  # a form's way to leave out a field

    class Meta:
        model = Meter
        fields = [*TYPED, "starts_at"]

    def __init__(self, *args: Any, old: Meter, now: datetime, **kwargs: Any) -> None:
        self.old = old
        kept = {name: getattr(old, name) for name in TYPED if name != "number"}
        super().__init__(*args, initial={**kept, "starts_at": now.replace(second=0, microsecond=0)}, **kwargs)

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if (at := given.get("starts_at")) and at <= self.old.starts_at:
            self.add_error("starts_at", _("The meter ends before it starts."))
        return given

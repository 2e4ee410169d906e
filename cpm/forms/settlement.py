"""Methods of settlement, their prices, and the period of a run."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cpm.models.settlement import HIGHEST_PRICE, MINUTES, PriceVersion, SettlementMethod
from cpm.settlement import Hours

from ..choices import MethodKind
from .programs import day_field, require_order

DAYS: Mapping[str, tuple[Any, Sequence[int]]] = {
    "": (_("None"), ()),
    "working": (_("Monday to Friday"), range(5)),
    "weekend": (_("Saturday, Sunday and holidays"), (5, 6)),
    "all": (_("Every day"), range(7)),
}
ROWS = 4  # of times of use
PRICE: dict[str, Any] = {
    "min_value": Decimal(0),
    "max_value": Decimal(HIGHEST_PRICE),
    "max_digits": 12,
    "decimal_places": 6,
}
PERCENTS = ("success_percent", "override_percent", "silent_percent", "error_percent", "canceled_percent")


class MethodForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs alone
    starts_on = day_field(_("First day of events"))
    ends_on = day_field(_("Last day of events"), required=False, help_text=_("Empty: until further notice."))
    currency = forms.RegexField("^[A-Z]{3}$", label=_("Currency"), max_length=3, help_text=_("Three letters, as USD."))

    class Meta:
        model = SettlementMethod
        fields = ["name", "kind", "currency", "starts_on", "ends_on", *PERCENTS, "top_percent", "least_days"]
        labels = {
            "name": _("Name"),
            "kind": _("What is paid"),
            "success_percent": _("Successful participation earns, %"),
            "override_percent": _("In-flight override earns, %"),
            "silent_percent": _("Non-responsive device earns, %"),
            "error_percent": _("Error earns, %"),
            "canceled_percent": _("Canceled earns, %"),
            "top_percent": _("Top share of the events, %"),
            "least_days": _("Leaving before so many days"),
        }
        help_texts = {
            "top_percent": _("Only for the highest drops at the end of a season."),
            "least_days": _("Only for the fee for leaving early."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].disabled = self.fields["currency"].disabled = bool(self.instance.pk)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        require_order(self, "starts_on", "ends_on")
        for name in PERCENTS:
            self._within(name, 0)
        needed = {MethodKind.DROP: "top_percent", MethodKind.EARLY_EXIT: "least_days"}
        for kind, name in needed.items():
            if given.get("kind") != kind:
                given[name] = None
            elif not given.get(name) and name not in self.errors:
                self.add_error(name, _("This kind of method needs it."))
        self._within("top_percent", 1)
        return given

    def _within(self, name: str, least: int) -> None:
        value = self.cleaned_data.get(name)
        if value is not None and not least <= value <= 100:
            sentence = _("%(value)s is not from %(least)s to 100 percent.") % {"value": value, "least": least}
            self.add_error(name, sentence)


class PriceForm(forms.Form):
    """A price for all times, and up to four times of use with their own; `hours` holds these."""

    price = forms.DecimalField(label=_("Price"), **PRICE, help_text=_("At all times without a price of their own."))
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.hours: list[Hours] = []
        time = forms.TimeInput(format="%H:%M", attrs={"type": "time"})
        for row in range(1, ROWS + 1):
            named = {"number": row}
            choices = [(value, label) for value, (label, _days) in DAYS.items()]
            self.fields |= {
                f"days_{row}": forms.ChoiceField(
                    label=_("Time of use %(number)s") % named, choices=choices, required=False
                ),
                f"from_{row}": forms.TimeField(label=_("From") + f" {row}", widget=time, required=False),
                f"until_{row}": forms.TimeField(label=_("Until") + f" {row}", widget=time, required=False),
                f"price_{row}": forms.DecimalField(label=_("Price") + f" {row}", **PRICE, required=False),
            }

    def bands(self) -> list[list[forms.BoundField]]:
        """The fields of each time of use, a row each."""
        return [[self[f"{name}_{row}"] for name in _OF_ROW] for row in range(1, ROWS + 1)]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not self.errors:
            self.hours = [one for row in range(1, ROWS + 1) for one in self._hours(row)]
            for one, other in combinations(self.hours, 2):
                if one.weekday == other.weekday and max(one[1], other[1]) < min(one[2], other[2]):
                    raise forms.ValidationError(_("Two times of use overlap. Each hour has one price."))
        return given

    def _hours(self, row: int) -> Iterator[Hours]:
        days, first, until, price = (self.cleaned_data.get(f"{name}_{row}") for name in _OF_ROW)
        if not days:
            return
        if first is None or until is None or price is None:
            self.add_error(f"days_{row}", _("Enter from, until and a price, or choose no days."))
            return
        begin, end = first.hour * 60 + first.minute, until.hour * 60 + until.minute or MINUTES
        if end <= begin:
            self.add_error(f"until_{row}", _("It must be later than the beginning; 00:00 is the end of the day."))
            return
        yield from (Hours(weekday, begin, end, price) for weekday in DAYS[days][1])


_OF_ROW = ("days", "from", "until", "price")


class RunForm(forms.Form):
    """What a run settles."""

    prices = forms.ModelChoiceField(
        PriceVersion.objects.select_related("method__program").order_by(
            "method__program__name", "method__name", "-number"
        ),
        label=_("Method and version of its prices"),
    )
    starts_on = day_field(_("First day"))
    ends_on = day_field(_("Last day"), help_text=_("The days on which events started, both included."))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        require_order(self, "starts_on", "ends_on")
        return given


class DiscardForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200)

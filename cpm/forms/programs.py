"""Program Configuration and Program Type Configuration."""

from datetime import date, time
from typing import Any

import pydantic
from django import forms
from django.utils.translation import gettext_lazy as _

from cpm.models.programs import Program, ProgramType
from integration.seam.messages import ProgramRules

WEEKDAYS = [
    (0, _("Monday")),
    (1, _("Tuesday")),
    (2, _("Wednesday")),
    (3, _("Thursday")),
    (4, _("Friday")),
    (5, _("Saturday")),
    (6, _("Sunday")),
]
# The names DERMS knows its rules by, with the words of this page.
OVERRIDABLE_RULES = [
    ("season", _("Season")),
    ("weekdays", _("Weekdays")),
    ("hours", _("Hours of the day")),
    ("holidays", _("Holidays")),
    ("notice", _("Customer notice")),
    ("longest", _("Longest event")),
    ("events_per_week", _("Events a week")),
    ("events_per_month", _("Events a month")),
    ("events_per_season", _("Events a season")),
    ("hours_per_week", _("Hours a week")),
    ("hours_per_month", _("Hours a month")),
    ("hours_per_season", _("Hours a season")),
    ("consecutive_days", _("Consecutive days")),
    ("gap", _("Gap between events")),
    ("critical_care", _("Critical care")),
]
NO_LIMIT = _("Empty: no limit.")
MONTH_DAY = forms.TextInput(attrs={"placeholder": "06-01"})
TIME_OF_DAY = forms.TimeInput(format="%H:%M", attrs={"type": "time"})


class ProgramForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameter when it runs
    """The flags of a program."""

    class Meta:
        model = Program
        fields = ["name", "active", "allow_customer_unavailability"]
        help_texts = {
            "active": _("An event can only use active programs."),
            "allow_customer_unavailability": _("Shows Schedule Unavailability in the Customer Program Summary."),
        }


class ProgramTypeForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameter when it runs
    """Event Opt Out Parameters."""

    class Meta:
        model = ProgramType
        fields = ["name", "allow_to_opt_out", "opt_out_cutoff_minutes"]
        labels = {"opt_out_cutoff_minutes": _("Cut-off (minutes before the stage starts)")}
        help_texts = {"allow_to_opt_out": _("Customers may opt out of an event of these programs before it starts.")}

    def clean_opt_out_cutoff_minutes(self) -> int:
        minutes: int = self.cleaned_data["opt_out_cutoff_minutes"]
        if minutes > 7 * 24 * 60:
            raise forms.ValidationError(_("%(m)s minutes are more than a week."), params={"m": minutes})
        return minutes


def _limit(label: Any, help_text: Any = NO_LIMIT, *, least: int = 0) -> forms.IntegerField:
    return forms.IntegerField(label=label, help_text=help_text, required=False, min_value=least, max_value=100_000)


class HolidaysField(forms.CharField):
    """Dates, one a line."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(str(day) for day in value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        return tuple(_date(line) for line in str(value or "").split())


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as problem:
        raise forms.ValidationError(
            _("“%(text)s” is no date. Write year-month-day, like 2026-07-04."), params={"text": text}
        ) from problem


class RulesForm(forms.Form):
    """The rules of a program; `rules` holds them once the form is valid."""

    season_start = forms.CharField(
        label=_("Season begins"), required=False, widget=MONTH_DAY, help_text=_("Month-day. Empty: all year.")
    )
    season_end = forms.CharField(
        label=_("Season ends"), required=False, widget=MONTH_DAY, help_text=_("Month-day, the last day of it.")
    )
    hours_from = forms.TimeField(
        label=_("From (local time)"), required=False, widget=TIME_OF_DAY, help_text=_("Events begin no earlier.")
    )
    hours_until = forms.TimeField(
        label=_("Until (local time)"), required=False, widget=TIME_OF_DAY, help_text=_("Events end no later.")
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Weekdays"),
        choices=WEEKDAYS,
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: every day."),
    )
    holidays = HolidaysField(
        label=_("Holidays"), required=False, help_text=_("Days without events, one a line: 2026-07-04.")
    )
    notice_minutes = _limit(_("Customer notice (minutes)"), _("Least time from Schedule to the start. Empty: none."))
    longest_minutes = _limit(_("Longest event (minutes)"), least=1)
    gap_minutes = _limit(
        _("Gap between events (minutes)"), _("Least time from one end to the next start. Empty: none.")
    )
    consecutive_days = _limit(_("Consecutive days"), _("Most days in a row. Empty: no limit."), least=1)
    events_per_week = _limit(_("Events a week"))
    events_per_month = _limit(_("Events a month"))
    events_per_season = _limit(_("Events a season"))
    hours_per_week = _limit(_("Hours a week"))
    hours_per_month = _limit(_("Hours a month"))
    hours_per_season = _limit(_("Hours a season"))
    critical_care_exempt = forms.BooleanField(
        label=_("Critical-care exemption"),
        required=False,
        help_text=_("Devices of critical-care customers are left out."),
    )
    overridable = forms.MultipleChoiceField(
        label=_("Rules an event may override"),
        choices=OVERRIDABLE_RULES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        self._both_or_none("season_start", "season_end", _("A season needs its first and its last day."))
        self._both_or_none("hours_from", "hours_until", _("Hours need a from and an until."))
        if self._hours_end_before_they_begin():
            self.add_error("hours_until", _("The hours end before they begin; an event stays within one day."))
        if not self.errors:
            self._validate_rules(given)
        return given

    def _both_or_none(self, first: str, second: str, sentence: Any) -> None:
        missing = [name for name in (first, second) if self.cleaned_data.get(name) in ("", None)]
        if len(missing) == 1 and missing[0] not in self.errors:
            self.add_error(missing[0], sentence)

    def _hours_end_before_they_begin(self) -> bool:
        """Midnight as the end is the end of the day."""
        start, end = (self.cleaned_data.get(name) for name in ("hours_from", "hours_until"))
        return start is not None and end is not None and end != time() and end <= start

    def _validate_rules(self, given: dict[str, Any]) -> None:
        """Read the fields as the contract DERMS gets them by, and say by its fields what does not fit."""
        for name in ("season_start", "season_end"):
            if given[name] and not _is_month_day(given[name]):
                self.add_error(name, _("“%s” is no month-day. Write it like 06-01.") % given[name])
                return
        try:
            self.rules = ProgramRules.model_validate(
                {name: value for name, value in given.items() if value not in ("", None)}
            )
        except pydantic.ValidationError as problem:
            for error in problem.errors():
                name = str(error["loc"][0])
                self.add_error(name if name in self.fields else None, error["msg"])


def _is_month_day(text: str) -> bool:
    try:
        date.fromisoformat(f"2000-{text}")
    except ValueError:
        return False
    return True

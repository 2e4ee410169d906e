"""The rules of a program: one form field per field of the contract, made from its entry."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any

import pydantic
from django import forms
from django.utils.translation import gettext_lazy as _

from integration.seam.program_rules import BOTH_OR_NONE, FIELDS, MOST, RULES, Kind, ProgramRules, RuleField, Unit

WEEKDAYS = [
    (0, _("Monday")),
    (1, _("Tuesday")),
    (2, _("Wednesday")),
    (3, _("Thursday")),
    (4, _("Friday")),
    (5, _("Saturday")),
    (6, _("Sunday")),
]


class HolidaysField(forms.CharField):
    """Dates, one per line."""

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
            _("“%(text)s” is not a date. Write year-month-day, like 2026-07-04."), params={"text": text}
        ) from problem


# How each unit is typed; all others are numbers.
INPUTS: Mapping[Unit, Callable[..., forms.Field]] = {
    Unit.MONTH_DAY: partial(forms.CharField, widget=forms.TextInput(attrs={"placeholder": "06-01"})),
    Unit.TIME_OF_DAY: partial(forms.TimeField, widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"})),
    Unit.WEEKDAYS: partial(
        forms.TypedMultipleChoiceField, choices=WEEKDAYS, coerce=int, widget=forms.CheckboxSelectMultiple
    ),
    Unit.DATES: HolidaysField,
    Unit.FLAG: forms.BooleanField,
}


def _input(field: RuleField) -> forms.Field:
    number = partial(forms.IntegerField, min_value=field.least, max_value=MOST)
    make = INPUTS.get(field.unit, number)
    return make(label=_(field.label), help_text=_(field.help_text), required=False)


class RulesForm(forms.Form):
    """The rules of a program; `rules` holds them once the form is valid."""

    overridable = forms.MultipleChoiceField(
        label=_("Rules an event may override"),
        choices=[(rule.name, _(rule.label)) for rule in RULES.values()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields = {field.name: _input(field) for field in _of_kinds(*Kind)} | self.fields

    def when(self) -> list[forms.BoundField]:
        return self._inputs(Kind.WINDOW)

    def how_often_and_how_long(self) -> list[list[forms.BoundField]]:
        """The inputs row by row."""
        rows = [(Kind.LENGTH, Kind.GAP, Kind.DAYS), (Kind.EVENTS,), (Kind.HOURS,)]
        return [self._inputs(*kinds) for kinds in rows]

    def exemptions(self) -> list[forms.BoundField]:
        return self._inputs(Kind.EXEMPTION)

    def _inputs(self, *kinds: Kind) -> list[forms.BoundField]:
        return [self[field.name] for field in _of_kinds(*kinds)]

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        for first, second, sentence in BOTH_OR_NONE:
            self._both_or_none(first, second, _(sentence))
        if not self.errors:
            self._validate_rules(given)
        return given

    def _both_or_none(self, first: str, second: str, sentence: Any) -> None:
        missing = [name for name in (first, second) if self.cleaned_data.get(name) in ("", None)]
        if len(missing) == 1 and missing[0] not in self.errors:
            self.add_error(missing[0], sentence)

    def _validate_rules(self, given: dict[str, Any]) -> None:
        """Validate the fields against the contract that is sent to DERMS, and report errors on the fields."""
        for name in ("season_start", "season_end"):
            if given[name] and not _is_month_day(given[name]):
                self.add_error(name, _("“%s” is not a month-day. Write it like 06-01.") % given[name])
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


def _of_kinds(*kinds: Kind) -> list[RuleField]:
    """The fields of some kinds in the order of the page: pairs of one rule come before others, next to each other."""
    fields = [field for kind in kinds for field in FIELDS if field.rule.kind == kind]
    return sorted(fields, key=lambda field: -sum(other.rule == field.rule for other in fields))

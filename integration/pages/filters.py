"""Filters of lists: a value that does not exist is refused, by the list, its live parts and its files alike."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django import forms
from django.utils.translation import gettext as _

from integration.seam.refusals import Refused

from .numbers import count_text

F = TypeVar("F", bound=forms.BaseForm)
NAMED = 20  # of the values that exist
SHOWN = 60  # characters of the value that was asked for


class FilterRefused(Refused):
    """A filter has a value that does not exist; pages answer 422. A filter that is ignored would return everything."""


def known(form: F) -> F:
    """The form, if all its values exist. Raises FilterRefused with a sentence for each that does not."""
    if has_known_values(form):
        return form
    raise FilterRefused(" ".join(_sentences(form)))


def has_known_values(form: forms.BaseForm) -> bool:
    """Whether a filter is valid; if not, the error of each choice names its value and those that exist."""
    if form.is_valid():
        return True
    for name, errors in form.errors.as_data().items():
        field = form.fields.get(name)
        if isinstance(field, forms.ChoiceField) and any(error.code == "invalid_choice" for error in errors):
            sentence = no_such_value(form[name].value(), _values(field))
            form.errors[name] = form.error_class([sentence], renderer=form.renderer)
    return False


def no_such_value(value: object, values: Sequence[str]) -> str:
    """The sentence that names a value and some of those that exist."""
    given = {"value": str(value)[:SHOWN], "values": ", ".join(values[:NAMED]), "more": count_text(len(values) - NAMED)}
    if not values:
        return _("There is no “%(value)s”; there is nothing to choose from yet.") % given
    if len(values) > NAMED:
        return _("There is no “%(value)s”. There are %(values)s and %(more)s more.") % given
    return _("There is no “%(value)s”. There are: %(values)s.") % given


def _values(field: Any) -> list[str]:
    return [str(value) for value, _label in field.choices if str(value)]


def _sentences(form: forms.BaseForm) -> list[str]:
    found = []
    for name, errors in form.errors.items():
        label = _named(form, name)
        found += [f"{label}: {error}" if label else str(error) for error in errors]
    return found


def _named(form: forms.BaseForm, name: str) -> str:
    """A field's label; with what it contains, if its errors don't say that."""
    if name not in form.fields:
        return ""
    label, value = str(form.fields[name].label or name), str(form[name].value())
    return label if any(value[:SHOWN] in error for error in form.errors[name]) else f"{label} “{value[:SHOWN]}”"

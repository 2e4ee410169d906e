"""Values of cells as people read them: the preview of a file shows no value as it is stored."""

from datetime import UTC, date, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from integration.importing.values import Type
from integration.pages.numbers import NONE, count_text


def shown(value: Any, type_: Type) -> str:
    """A value of a column, from SQL or from JSON, in the reader's language; “—” if there is none."""
    if value is None or value == "":
        return NONE
    if words := getattr(type_, "in_words", None):
        return str(words(value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        return count_text(value)
    if type_.postgres == "timestamptz":
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return f"{moment.astimezone(UTC):%Y-%m-%d %H:%MZ}"
    if type_.postgres == "date":
        return date_format(value if isinstance(value, date) else date.fromisoformat(value), "j M Y")
    return str(value)

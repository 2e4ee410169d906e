"""The log of an object that people set up: who changed which field from what to what, in the reader's words."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, Model
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from integration.seam.history import ObjectChange
from integration.seam.recorded import in_words, recorded

from .field_labels import label_of
from .moments import moment_text
from .numbers import NONE

MOST_CHANGES = 50
# What triggers write into `part`.
ROLE = recorded("role %(name)s")
PERMISSION = recorded("permission %(name)s")
FACTOR = recorded("second factor %(name)s")
ADDRESS = recorded("e-mail address")
STAGE = recorded("stage %(number)s")
NOTICE = recorded("notice %(number)s")
GROUP_OF_STAGE = recorded("stage %(number)s, DER group %(name)s")


class Entry(NamedTuple):
    """A change of an object, as a sentence."""

    at: Any
    sentence: str
    by: str


def object_log(kind: str, **of: Any) -> list[Entry]:
    """The newest changes of an object of a kind, named by `object` (its key) or `name`, newest first."""
    found = ObjectChange.objects.filter(kind=kind, **of).order_by("-id")[:MOST_CHANGES]
    return [Entry(one.at, sentence_of(one), one.by) for one in found]


def sentence_of(change: ObjectChange) -> str:
    """What changed; a new object is not listed field by field."""
    part = in_words(change.part)
    if change.what == ObjectChange.CHANGED:
        told = "; ".join(_fields(change.source, change.fields))
        return f"{_capital(part)}: {told}" if part else told
    if part:
        return f"{_capital(part)}: " + (_("added") if change.what == ObjectChange.CREATED else _("removed"))
    return _("Created") if change.what == ObjectChange.CREATED else _("Removed")


def _fields(table: str, fields: dict[str, Any]) -> Iterator[str]:
    for column, values in fields.items():
        field = _field(table, column)
        label = label_of(str(field.verbose_name)) if field else column
        yield f"{label}: " + (_("changed") if values == "hidden" else " → ".join(_shown(field, values)))


def _shown(field: "Field[Any, Any] | None", values: Iterable[Any]) -> Iterator[str]:
    """Values of a column as people read them: names of rows and choices, yes and no, times in their own zone."""
    for value in values:
        if value in (None, "", []):
            yield NONE
        elif isinstance(value, bool):
            yield _("Yes") if value else _("No")
        elif field and field.related_model and (row := _model(field.related_model).objects.filter(pk=value).first()):
            yield str(row)
        elif isinstance(value, list):
            yield ", ".join(map(str, value))
        elif field and field.get_internal_type() == "DateTimeField" and (at := parse_datetime(str(value))):
            yield moment_text(at, "UTC")
        else:
            yield str(dict(getattr(field, "flatchoices", ())).get(value, value))


@cache
def _field(table: str, column: str) -> "Field[Any, Any] | None":
    """The field of a column; None if a later version has no such table or column."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.db_table == table:
            try:
                found: Any = next(one for one in model._meta.concrete_fields if one.column == column)
            except (FieldDoesNotExist, StopIteration):
                return None
            return found  # type: ignore[no-any-return]
    return None


def _model(found: Any) -> Any:
    return found if isinstance(found, type) and issubclass(found, Model) else apps.get_model(found)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

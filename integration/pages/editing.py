"""Edit forms: each names the version it was opened on, and keeps what was typed if somebody saved another meanwhile.

Two hidden fields (templates/forms/editing.html): `version`, which the operation compares under its lock, and `opened`,
the texts that the form showed first. With them a refused save says what the other person changed, and the form comes
back with both: what this person typed, and in fields they left alone what is stored now.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar, cast

from django import forms
from django.http import QueryDict
from django.utils.choices import flatten_choices
from django.utils.translation import gettext as _

from integration.seam.refusals import Refused
from integration.seam.versions import SavedMeanwhile, Versioned

from .http import SignedInRequest
from .numbers import NONE, whole

R = TypeVar("R", bound=Versioned)
Texts = dict[str, list[str]]  # what a form's fields contain, by their names on the page
AnyForm = Any  # a form or a formset: they have no common class
VERSION, OPENED = "version", "opened"


class VersionMissing(Refused):
    """A form doesn't say which version of its row the person saw."""


class Difference(NamedTuple):
    """A field that somebody changed; `typed` is empty if the person left it alone or typed the same."""

    label: str
    opened: str
    now: str
    typed: str


class Editing(Generic[R]):
    """The forms of one page that edits one row; the row is None if the page makes a new one.

    `make` makes them of what was typed, or else of the row. `saved` is the row if somebody else saved it meanwhile.
    """

    def __init__(
        self, request: SignedInRequest, row: R | None, make: Callable[[QueryDict | None, R | None], Sequence[AnyForm]]
    ) -> None:
        self._make, self._is_sent = make, request.method == "POST"
        self._typed = request.POST if self._is_sent else None
        self.row, self.saved = row, cast(R | None, None)
        self.differences: list[Difference] = []
        self.forms = make(self._typed, row)
        if self._typed is None or row is None:
            self.version, self.opened = row.version if row else None, texts_of(self.forms)
        else:
            self.version, self.opened = seen_version(self._typed, row), _opened(self._typed)

    def is_valid(self) -> bool:
        """Whether it was sent, without errors."""
        valid = [form.is_valid() for form in self.forms]  # all of them, to show every error
        return all(valid)

    def is_saved(self, save: Callable[[int | None], object]) -> bool:
        """Save with the version that the person saw; if there is another by now, prepare the page that says so."""
        try:
            save(self.version)
        except SavedMeanwhile:
            self._take_over()
            return False
        return True

    @property
    def status(self) -> int:
        """The status of the page if it is shown (again)."""
        return 409 if self.saved else 422 if self._is_sent else 200

    @property
    def opened_json(self) -> str:
        return json.dumps(self.opened)

    def _take_over(self) -> None:
        """Find what the other person changed; keep what this one typed, and take what is stored for the rest."""
        row, sent = self.row, self._typed
        if row is None or sent is None:
            raise TypeError("only a form of a row can be saved meanwhile")
        self.saved = self.row = type(row)._default_manager.get(pk=row.pk)
        stored = self._make(None, self.row)
        now, typed = texts_of(stored), sent.copy()
        self.differences = list(self._differences(stored, now))
        for part in _parts(stored) if self.opened else ():
            names = [name for name in {*self.opened, *now, *typed} if f"{name}-".startswith(part)]
            if all(same(self.opened.get(name), typed.getlist(name)) for name in names):
                for name in names:
                    typed.setlist(name, now.get(name, []))
        self.forms = self._make(typed, self.row)
        self.version, self.opened = self.row.version, now

    def _differences(self, stored: Sequence[AnyForm], now: Texts) -> Iterator[Difference]:
        typed = self._typed or QueryDict()
        fields = {**_fields(self.forms), **_fields(stored)}
        for name, (label, field) in fields.items():
            opened, mine = self.opened.get(name), typed.getlist(name)
            if same(now.get(name), mine if opened is None else opened):
                continue
            is_typed = not same(mine, opened) and not same(mine, now.get(name))
            before, after = in_words(field, opened), in_words(field, now.get(name))
            yield Difference(label, before, after, in_words(field, mine) if is_typed else "")


def seen_version(typed: QueryDict, row: object) -> int:
    """Return the version that a form carries. Raises VersionMissing."""
    version = whole(typed.get(VERSION, ""))
    if version is None:
        raise VersionMissing(
            _("This page doesn't say which version of “%(what)s” you saw. Open it again.") % {"what": row}
        )
    return version


def texts_of(found: Sequence[AnyForm]) -> Texts:
    """What the fields of these forms show before anything is typed, as a browser would send it."""
    return {bound.html_name: _texts(bound) for form in found for bound in _all_fields(form)}


def same(one: Sequence[str] | None, other: Sequence[str] | None) -> bool:
    """Whether a field contains the same, as far as a browser sends it: no order, no empty texts, its own line ends."""
    plain = [sorted(text.replace("\r\n", "\n") for text in texts or () if text) for texts in (one, other)]
    return plain[0] == plain[1]


def in_words(field: forms.Field, texts: Sequence[str] | None) -> str:
    """What a field contains, as people read it."""
    if isinstance(field.widget, forms.CheckboxInput):
        return _("Yes") if texts else _("No")
    choices: Any = flatten_choices(getattr(field, "choices", ()))
    names: Mapping[str, Any] = {str(value): name for value, name in choices}
    return ", ".join(str(names.get(text, text)) for text in texts or () if text) or NONE


def _texts(bound: forms.BoundField) -> list[str]:
    value = bound.value()
    if isinstance(bound.field.widget, forms.CheckboxInput):
        return ["on"] if value else []
    shown = bound.field.widget.format_value(value)
    return [str(one) for one in shown] if isinstance(shown, list | tuple) else [str(shown or "")]


def _all_fields(form: AnyForm) -> Iterator[forms.BoundField]:
    if isinstance(form, forms.BaseFormSet):
        for one in (form.management_form, *form.forms):
            yield from one
    else:
        yield from form


def _fields(found: Sequence[AnyForm]) -> dict[str, tuple[str, forms.Field]]:
    """The label and field of each name on the page; those of a formset's filled rows have the row's number."""
    named: dict[str, tuple[str, forms.Field]] = {}
    for form in found:
        rows = form.initial_forms if isinstance(form, forms.BaseFormSet) else [form]
        for number, row in enumerate(rows, start=1):
            before = f"{number} · " if isinstance(form, forms.BaseFormSet) else ""
            named |= {bound.html_name: (f"{before}{bound.label}", bound.field) for bound in row}
    return named


def _parts(found: Sequence[AnyForm]) -> Iterator[str]:
    """How the names begin that are kept or taken as one: a field's, or a formset's, since its rows may have moved."""
    for form in found:
        yield from [f"{form.prefix}-"] if isinstance(form, forms.BaseFormSet) else (f"{one.html_name}-" for one in form)


def _opened(typed: QueryDict) -> Texts:
    """What the form showed first, as it says; a form that says nothing sensible is taken as typed throughout."""
    try:
        found = json.loads(typed.get(OPENED, ""))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: [str(one) for one in texts] for name, texts in found.items() if isinstance(texts, list)}

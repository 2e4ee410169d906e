"""What people say about a file: its kind, how it is read, and what is to be applied of it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from integration.importing.kinds import KINDS, Kind, kind_of
from integration.importing.mappings import mappings
from integration.importing.models import SavedMapping
from integration.importing.recognising import Recognised

MOST_BYTES = 2_000_000  # a request's whole body is limited a little above this
SEPARATORS = [(",", _("Comma")), (";", _("Semicolon")), ("\t", _("Tab"))]
DAY_ORDERS = [("dmy", _("Day first: 31/12/2026")), ("mdy", _("Month first: 12/31/2026"))]
SIGNS = [(".", "1.5"), (",", "1,5")]
LAYOUT = ("encoding", "separator", "sheet", "decimal", "day_order", "time_zone")


def _kinds() -> list[tuple[str, str]]:
    return [(name, str(kind_of(name).label)) for name in KINDS]


class FileForm(forms.Form):
    """A file and its kind."""

    kind = forms.ChoiceField(label=_("Kind"), choices=_kinds, help_text=_("In this order, the first time."))
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV, Excel (.xlsx), Parquet or Green Button, at most 2 MB; larger ones with manage.py import."),
    )
    mapping = forms.ModelChoiceField(
        label=_("Saved mapping"),
        queryset=SavedMapping.objects.none(),
        required=False,
        empty_label=_("As recognised"),
        help_text=_("How files of one source are read; it is saved when the columns are matched."),
    )
    day_order = forms.ChoiceField(
        label=_("Dates with slashes"), choices=[("", _("As recognised")), *DAY_ORDERS], required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["mapping"].queryset = mappings()  # type: ignore[attr-defined]  # the field is declared above

    def clean_mapping(self) -> SavedMapping | None:
        saved: SavedMapping | None = self.cleaned_data["mapping"]
        if saved and saved.kind != self.cleaned_data.get("kind"):
            raise forms.ValidationError(
                _("“%(name)s” is a mapping for %(kind)s.") % {"name": saved.name, "kind": kind_of(saved.kind).label}
            )
        return saved

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("The file is too large for a page. Use manage.py import."))
        return file


class CheckForm(forms.Form):
    """How a file is read, and which of its columns is which."""

    def __init__(self, data: Any, *, kind: Kind, found: Recognised) -> None:
        super().__init__(data)
        if found.format == "csv":
            self.fields["encoding"] = forms.CharField(label=_("Encoding"), initial=found.encoding, max_length=20)
            self.fields["separator"] = forms.ChoiceField(
                label=_("Separator"), choices=SEPARATORS, initial=found.separator
            )
        if found.format == "xlsx":
            sheets = [(name, name) for name in found.sheets]
            self.fields["sheet"] = forms.ChoiceField(label=_("Sheet"), choices=sheets, initial=found.sheet)
        if found.format in ("csv", "xlsx"):
            self.fields["decimal"] = forms.ChoiceField(label=_("Decimal sign"), choices=SIGNS, initial=found.decimal)
        self.fields["day_order"] = forms.ChoiceField(
            label=_("Dates with slashes"), choices=DAY_ORDERS, initial=found.day_order
        )
        self.fields["time_zone"] = forms.CharField(
            label=_("Time zone of times without an offset"), initial=found.time_zone, max_length=40
        )
        headings = [("", "—"), *((text, text) for text in found.heading if text)]
        spread = found.columns(kind) - set(found.mapping)
        for column in kind.columns:
            place = found.mapping.get(column.name)
            self.fields[f"column_{column.name}"] = forms.ChoiceField(
                label=str(column.label),
                choices=headings,
                initial=found.heading[place] if place is not None else "",
                required=column.is_required and not column.may_lack and column.name not in spread,
                help_text=str(column.help),
            )
        self.lacking = [
            f"column_{column.name}"
            for column in kind.columns
            if column.name not in found.mapping and not self.fields[f"column_{column.name}"].required
        ]
        self.fields["save_as"] = forms.CharField(
            label=_("Save this mapping as"),
            max_length=60,
            required=False,
            help_text=_("For the next file of this source, for example “our CIS”. A mapping of this name is replaced."),
        )

    @property
    def found_fields(self) -> list[forms.BoundField]:
        """How it is read, the columns that it has, and those that it must have."""
        return [field for field in self.visible_fields() if field.name not in self.lacking]

    @property
    def lacking_fields(self) -> list[forms.BoundField]:
        """The columns that it lacks and may lack."""
        return [self[name] for name in self.lacking]

    def layout(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in LAYOUT if self.cleaned_data.get(name)}

    def by_hand(self) -> dict[str, str]:
        prefix = "column_"
        return {name.removeprefix(prefix): text for name, text in self.cleaned_data.items() if name.startswith(prefix)}


class ApplyForm(forms.Form):
    """What is to be applied, if not everything is good or the file is the whole truth."""

    only_good_rows = forms.BooleanField(label=_("Apply only the good rows"), required=False)
    ends_missing = forms.BooleanField(
        label=_("This file is the whole truth: end what it no longer holds"), required=False
    )

    def __init__(self, data: Any, *, has_refused: bool, has_missing: bool) -> None:
        super().__init__(data)
        if not has_refused:
            del self.fields["only_good_rows"]
        if not has_missing:
            del self.fields["ends_missing"]

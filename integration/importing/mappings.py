"""Saved mappings: how the files of one source are read, kept under a name such as “our CIS”."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from integration.seam.recorded import recorded
from integration.seam.refusals import Refused

from .kinds import Kind, kind_of
from .models import ImportRun, SavedMapping
from .recognising import Recognised
from .refusals import FileRefused

NO_MAPPING = recorded("There is no saved mapping “%(name)s” for this kind. Saved: %(names)s.")
NO_LONGER_FITS = recorded(
    "Mapping “%(name)s” no longer fits: it needs the column “%(column)s”, which “%(file)s” lacks. It has: %(heading)s."
)
# What is the same in every file of a source; its encoding is recognised each time.
KEPT = ("separator", "sheet", "decimal", "day_order", "time_zone")


class NoSuchMapping(Refused):
    """No mapping of this name is saved for the kind."""


@transaction.atomic
def save_mapping(*, run: ImportRun, name: str, by: str, now: datetime) -> SavedMapping:
    """Save how a run's file is read under a name; one of this name is replaced."""
    found = Recognised(**run.recognised)
    headings = {column: found.heading[place] for column, place in found.mapping.items()}
    layout = {field: getattr(found, field) for field in KEPT if getattr(found, field)}
    said = {"headings": headings, "layout": layout, "saved_by": by, "saved_at": now}
    return SavedMapping.objects.update_or_create(kind=run.kind, name=name, defaults=said)[0]


def mapping_named(kind: str, name: str) -> SavedMapping:
    """The saved mapping of a kind. Raises NoSuchMapping, with the names that there are."""
    if found := SavedMapping.objects.filter(kind=kind, name=name).first():
        return found
    names = ", ".join(mappings().filter(kind=kind).values_list("name", flat=True)) or "—"
    raise NoSuchMapping(NO_MAPPING(name=name[:60], names=names))


def mappings() -> QuerySet[SavedMapping]:
    return SavedMapping.objects.order_by("kind", "name")


def by_hand_of(saved: SavedMapping, found: Recognised, name: str) -> Mapping[str, str]:
    """The columns of a file as the mapping has them; columns that it lacks are left out.

    Raises FileRefused if the file has no such column.
    """
    kind: Kind = kind_of(saved.kind)
    for heading in saved.headings.values():
        if heading not in found.heading:
            seen = ", ".join(found.heading)[:300]
            raise FileRefused(NO_LONGER_FITS(name=saved.name, column=heading, file=name, heading=seen))
    return {column: saved.headings.get(column, "") for column in kind.names}

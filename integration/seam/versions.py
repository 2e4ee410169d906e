"""Rows that people edit on forms: each save is a version, and nobody saves over one that they haven't seen."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from .refusals import Refused

V = TypeVar("V", bound="Versioned")


class Versioned(models.Model):
    """A row with a version, and who saved it when; nobody and never for rows that no person has saved."""

    version = models.PositiveIntegerField(default=1, editable=False)
    saved_by = models.CharField(max_length=150, blank=True, default="", editable=False)
    saved_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True


class SavedMeanwhile(Refused):
    """Somebody has saved the row since this person opened it."""


def lock_version(rows: models.QuerySet[V], version: int | None) -> V:
    """Lock the only one of these rows and return it.

    `version` is the one a person saw, None if nobody looked. Raises SavedMeanwhile if the row is at another by now.
    """
    row = rows.select_for_update(no_key=True, of=("self",)).get()
    require_version(row, version)
    return row


def require_version(row: Versioned, version: int | None) -> None:
    """Raise SavedMeanwhile, with who saved it when, if a person saw another version of the row."""
    if version is None or row.version == version:
        return
    raise SavedMeanwhile(
        _("%(by)s saved “%(what)s” at %(at)s, after you opened it. Nothing was changed; open it again.")
        % {
            "by": row.saved_by or _("Somebody"),
            "what": row,
            "at": f"{row.saved_at.astimezone(timezone.get_current_timezone()):%H:%M %Z}" if row.saved_at else "—",
        }
    )


def save_version(row: Versioned, fields: Mapping[str, Any], *, by: str, now: datetime, also: bool = False) -> bool:
    """Save the row's fields as its next version, unless they are as before; returns whether they changed.

    The row is locked. `also` says that something changed that isn't a field of the row, such as what belongs to it.
    """
    changed = [name for name, value in fields.items() if getattr(row, name) != value]
    if not changed and not also:
        return False
    for name in changed:
        setattr(row, name, fields[name])
    row.version, row.saved_by, row.saved_at = row.version + 1, by, now
    row.save(update_fields=[*changed, "version", "saved_by", "saved_at"])
    return True

"""Making, changing and deleting the parts of the grid and the head end systems."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.db import IntegrityError, models, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration.seam import sql
from integration.seam.refusals import Refused
from integration.seam.versions import lock_version, save_version

from ..models import ControlZone, DerGroup, Device, Feeder, HeadEnd, Substation, Transformer
from .grid_sync import send_grid, send_head_ends
from .locks import lock_zone

P = TypeVar("P", ControlZone, Substation, Feeder, Transformer, HeadEnd)
GridPart = ControlZone | Substation | Feeder | Transformer | HeadEnd

# The devices of a part, and the fields that registered devices hold fast: their days and places were counted by them.
DEVICES_OF: Mapping[type[models.Model], str] = {
    ControlZone: "zone",
    Substation: "feeder__substation",
    Feeder: "feeder",
    Transformer: "transformer",
    HeadEnd: "head_end",
}
HELD: Mapping[type[models.Model], str] = {
    ControlZone: "time_zone",
    Substation: "zone",
    Feeder: "substation",
    Transformer: "feeder",
}
# What may refer to a part, as people read it. What is not here goes with the part.
REFERRING: Mapping[str, str | Promise] = {
    "derms.Substation": gettext_lazy("substations"),
    "derms.Feeder": gettext_lazy("feeders"),
    "derms.Transformer": gettext_lazy("transformers"),
    "derms.Device": gettext_lazy("devices"),
    "derms.Strategy": gettext_lazy("strategies"),
    "derms.Event": gettext_lazy("events"),
    "derms.LoadForecast": gettext_lazy("load forecast"),
    "derms.ReductionFactor": gettext_lazy("reduction factors"),
}
GROUPS_BY: Mapping[type[models.Model], str] = {
    Substation: "substation_ids",
    Feeder: "feeder_ids",
    Transformer: "transformer_ids",
    HeadEnd: "head_end_ids",
}


class CodeTaken(Refused):
    """Another part has this code."""


class PartHeld(Refused):
    """Registered devices hold the field."""


class PartReferred(Refused):
    """Something refers to the part."""


@transaction.atomic
def save_grid_part(
    *, part: type[P], pk: int | None, fields: dict[str, Any], by: str, now: datetime, version: int | None = None
) -> P:
    """Make a part of the grid or change it; `version` is the one the person saw.

    Raises CodeTaken, PartHeld if registered devices were counted by what would change, SavedMeanwhile.
    """
    if pk is None:
        added = _add(part, fields, by, now)
        _send(part)
        return added
    found = part._default_manager.get(pk=pk)
    if _is_held_field_changed(found, fields):
        lock_zone(_zone_id(found))  # registrations take it, too
    found = lock_version(part._default_manager.filter(pk=pk), version)
    if _is_held_field_changed(found, fields):
        _require_no_devices(found)
    if save_version(found, fields, by=by, now=now):
        _send(part)
    return found


@transaction.atomic
def delete_grid_part(*, part: type[P], pk: int, version: int | None = None) -> None:
    """Delete a part that nothing refers to. Raises PartReferred, SavedMeanwhile."""
    found = lock_version(part._default_manager.filter(pk=pk), version)
    if referring := referring_to(found):
        raise PartReferred(_still_used(found, referring))
    try:
        with transaction.atomic():
            found.delete()
            sql.execute("SET CONSTRAINTS ALL IMMEDIATE")  # finds what was added since the look
    except IntegrityError as late:
        raise PartReferred(_still_used(found, referring_to(found))) from late
    _send(part)


def referring_to(part: GridPart) -> list[str]:
    """What refers to a part, as people read it."""
    found = [
        str(label)
        for relation in part._meta.related_objects
        if (label := REFERRING.get(relation.related_model._meta.label))
        and relation.related_model._default_manager.filter(**{relation.field.name: part}).exists()
    ]
    if (ids := GROUPS_BY.get(type(part))) and DerGroup.objects.filter(**{f"{ids}__contains": [part.pk]}).exists():
        found.append(_("DER groups"))
    return found


def _send(part: type[models.Model]) -> None:
    """Send the copies of other systems what has changed; they have none of transformers."""
    if part is HeadEnd:
        send_head_ends()
    elif part is not Transformer:
        send_grid()


def _add(part: type[P], fields: dict[str, Any], by: str, now: datetime) -> P:
    try:
        with transaction.atomic():
            return part._default_manager.create(**fields, saved_by=by, saved_at=now)
    except IntegrityError as taken:
        raise CodeTaken(
            _("There is “%(code)s” already. Nothing was saved; choose another code.") % {"code": fields["code"]}
        ) from taken


def _is_held_field_changed(part: GridPart, fields: dict[str, Any]) -> bool:
    held = HELD.get(type(part), "")
    return held in fields and getattr(part, held) != fields[held]


def _zone_id(part: Any) -> int:
    """The zone that a part is in; a head end system is in none and has no field that is held."""
    while not isinstance(part, ControlZone):
        part = getattr(part, HELD[type(part)])
    return int(part.pk)


def _require_no_devices(part: GridPart) -> None:
    if Device.objects.filter(**{DEVICES_OF[type(part)]: part}).exists():
        raise PartHeld(
            _(
                "“%(code)s” has registered devices, whose limits and places were counted with it as it is. "
                "Its place and its time zone can't be changed any more."
            )
            % {"code": part.code}
        )


def _still_used(part: GridPart, referring: list[str]) -> str:
    return _("“%(code)s” can't be deleted, because there is something that refers to it: %(what)s.") % {
        "code": part.code,
        "what": ", ".join(referring),
    }

"""Objects of the conformance realm are made, changed and removed by its own clients, and nobody else is told."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from integration.seam.refusals import Refused

from ..models import RealmObject


@transaction.atomic
def keep_object(found: RealmObject, fields: dict[str, Any]) -> RealmObject:
    """Store an object with these fields. Raises Refused if another one has its name."""
    for name, value in fields.items():
        setattr(found, name, value)
    try:
        with transaction.atomic():
            found.save()
    except IntegrityError as problem:
        sentence = _("There is another object of this kind named “%(name)s”, or what it belongs to was deleted.")
        raise Refused(sentence % {"name": found.name}) from problem
    return found


def remove_object(found: RealmObject) -> None:
    """Delete an object with all that belongs to it."""
    found.delete()

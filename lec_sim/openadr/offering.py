"""Vens that a client writes: offers that nothing takes up, since head ends are made and named in Gridcall alone."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from integration.seam.refusals import Refused

from ..models import Ven
from .bodies import body_of
from .door import Asking
from .objects import ven_id
from .parameters import Parameters
from .realm_wire import VenRequest


def offer_ven(asking: Asking) -> HttpResponse:
    """Refuse a ven that a client would add. Raises Refused if the name is a head end's of its own, which is there."""
    Parameters(asking.request)
    name = body_of(asking.request, VenRequest).venName
    if (taken := _named(asking, name)) is not None:
        raise Refused(
            _("venName: “%(name)s” is a ven of yours already. Read it at /vens/%(id)s; there is nothing to add.")
            % {"name": name, "id": ven_id(taken)}
        )
    raise PermissionDenied(
        _(
            "No ven is added here: “%(name)s” is no head end of this account. Let a DERMS operator choose the account "
            "as the client of the head end, then read /vens."
        )
        % {"name": name}
    )


def offer_change(asking: Asking, object_id: str) -> HttpResponse:
    """Refuse another name of a ven. Raises Refused if another head end of the client has it, and Http404."""
    Parameters(asking.request)
    found = next((one for one in asking.vens if ven_id(one) == object_id), None)
    if found is None:
        raise Http404
    name = body_of(asking.request, VenRequest).venName
    taken = _named(asking, name)
    if taken is not None and taken.pk != found.pk:
        raise Refused(
            _("venName: “%(name)s” is another ven of yours, %(id)s. Send %(own)s as “%(old)s”, its head end's code.")
            % {"name": name, "id": ven_id(taken), "own": object_id, "old": found.profile.head_end}
        )
    raise PermissionDenied(
        _("A ven is changed in Gridcall alone, on the page of its head end. %(id)s stays “%(name)s”.")
        % {"id": object_id, "name": found.profile.head_end}
    )


def _named(asking: Asking, name: str) -> Ven | None:
    """The client's own ven of this name; those of others it never learns of."""
    return next((one for one in asking.vens if one.profile.head_end == name), None)

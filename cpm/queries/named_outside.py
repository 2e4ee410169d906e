"""Customers, places and enrollments by the ids that other systems have for them."""

from django.db.models import Q
from django.utils.translation import gettext as _

from cpm.models.customers import Customer, DeviceLocation
from cpm.models.enrollments import Enrollment
from cpm.models.programs import Program
from integration.seam.refusals import Refused

from ..choices import LEFT_STATES


class NotNamed(Refused):
    """What a call names is not there, or not just one."""

    status = 422


def customer_named(*, account: str, person: str) -> Customer:
    """The customer with an account, an id in the CIS, or both. Raises NotNamed."""
    wanted = Q(**{name: value for name, value in (("account", account), ("cis_id", person)) if value})
    if not (account or person):
        raise NotNamed(_("Name the customer: cisAccountId, cisPersonId, or both."))
    if found := Customer.objects.filter(wanted).first():
        return found
    raise NotNamed(_("There is no such customer."))


def place_named(customer: Customer, *, service_point: str) -> DeviceLocation:
    """The customer's place with a service point; without one, the only place they live at. Raises NotNamed."""
    places = customer.locations.filter(left_at=None)
    if service_point:
        places = places.filter(service_point=service_point)
    found = list(places.order_by("pk")[:2])
    if len(found) == 1:
        return found[0]
    if found:
        raise NotNamed(_("The customer has several places; name one: cisServicePointId."))
    raise NotNamed(_("The customer has no such place."))


def program_named(code: str) -> Program:
    """The program with a code. Raises NotNamed."""
    if found := Program.objects.select_related("type").filter(code=code).first():
        return found
    raise NotNamed(_("There is no program “%(code)s”.") % {"code": code})


def enrollment_named(place: DeviceLocation, *, program_code: str) -> Enrollment:
    """The enrollment at a place that is not over, of a program if one is named. Raises NotNamed."""
    rows = Enrollment.objects.filter(location=place).exclude(state__in=LEFT_STATES)
    if program_code:
        rows = rows.filter(program=program_named(program_code))
    found = list(rows.order_by("pk")[:2])
    if len(found) == 1:
        return found[0]
    if found:
        raise NotNamed(_("The place has several enrollments; name the program: programCode."))
    raise NotNamed(_("The place has no such enrollment."))

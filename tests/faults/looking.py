"""People whose requests hold customers' data: searches, links, typed reasons. None of it may reach a log."""

import itertools
from collections.abc import Callable
from urllib.parse import quote
from uuid import uuid4

from django.db.models import F, Value
from django.db.models.functions import Concat, Lower

from cpm.models import SelfServiceLink
from cpm.models.customers import Customer, Device
from cpm.operations import make_link
from integration.seam import clock
from tests.faults.logs import REFUSED_REASON
from tests.faults.person import Person
from tests.faults.system import patiently

MANY = 5  # customers of each fleet have an e-mail address; each event e-mails them


def give_addresses() -> None:
    """Give a few customers of each fleet an e-mail address of their own, and the others none."""
    few = [f"C{n}" for n in range(1, MANY + 1)]
    Customer.objects.update(email="", phone=Concat(Value("+1-555-0100-"), F("pk")))
    for ending in few:
        some = Customer.objects.filter(number__endswith=ending)
        some.update(email=Concat(Lower(F("number")), Value("@example.invalid")))


class Curious:
    """A CSR who searches, and customers who open their links."""

    def __init__(self, csr: Person) -> None:
        self.csr, self.asked = csr, 0
        self._turns = itertools.cycle(self._requests())

    def look(self) -> None:
        """Send the next request. Raises OSError or HTTPException if it is not answered."""
        next(self._turns)()
        self.asked += 1

    def _requests(self) -> list[Callable[[], object]]:
        return [
            lambda: self._search("/customers/", "name"),
            lambda: self._search("/find/", "phone"),
            lambda: self._search("/customers/", "email"),
            lambda: self.csr.get(f"/customers/{quote(_anyone().name)}/"),
            lambda: self.csr.get(f"/my-devices/{_link().token}/"),
            lambda: self.csr.get(f"/my-devices/{_link().token[:-4]}/"),
            self._give_a_reason,
        ]

    def _search(self, path: str, field: str) -> None:
        self.csr.get(f"{path}?q={quote(getattr(_anyone(), field))}")

    def _give_a_reason(self) -> None:
        """By a customer's own page; refused, since the period is over."""
        link = _link()
        device = patiently(lambda: Device.objects.filter(location__customer=link.customer_id).earliest("pk"))
        window = {"starts_at": "2020-01-01T10:00", "ends_at": "2020-01-01T11:00"}
        fields = {"devices": device.pk, "reason": REFUSED_REASON, **window}
        self.csr.post(f"/my-devices/{link.token}/unavailability/", fields, uuid4())


def _anyone() -> Customer:
    return patiently(lambda: Customer.objects.exclude(email="").order_by("?").first())


def _link() -> SelfServiceLink:
    return patiently(lambda: make_link(customer_id=_anyone().pk, by="faults", now=clock.now()))

"""The operations that read, who may call each, and an example of each in the demo."""

import json
import re
import uuid
from collections.abc import Callable
from io import BytesIO
from typing import Any

from django.test import Client

from cpm.models.customers import Customer
from cpm.models.enrollments import Enrollment
from derms.models import DerGroup, Event
from integration.importing.models import ImportRun
from integration.importing.operations import receive_file
from integration.seam import clock

PROBLEM = "application/problem+json"
NONE = "00000000-0000-4000-8000-000000000000"  # a uid of nothing
V1 = "/api/v1/"
PEOPLE = {
    "O": "olive.operator",
    "A": "ada.approver",
    "B": "bela.balance",
    "C": "cora.csr",
    "P": "pia.manager",
    "D": "adam.admin",
}
# A letter per owner whose account may call it, as in tests/security/test_permissions.py; and the scope it takes.
MAY = {
    "events": ("OABP", "events:read"),
    "events/<number>": ("OABP", "events:read"),
    "events/<number>/plan": ("OABP", "events:read"),
    "events/<number>/stages": ("OABP", "events:read"),
    "events/<number>/profile": ("OABP", "events:read"),
    "events/<number>/stages/<stage_number>/devices": ("OABP", "events:read"),
    "strategies": ("OABP", "events:read"),
    "groups": ("OABP", "events:read"),
    "groups/<group>/devices": ("OABP", "events:read"),
    "forecast": ("OABP", "events:read"),
    "devices": ("OC", "devices:read"),
    "devices/never-answer": ("OABCP", "devices:read events:read"),
    "programs": ("P", "programs:read"),
    "program-events": ("P", "program_events:read"),
    "program-events/<event_number>/<stage_number>": ("P", "program_events:read"),
    "participations": ("CP", "participations:read"),
    "enrollments": ("CP", "enrollments:read"),
    "enrollments/<enrollment>": ("CP", "enrollments:read"),
    "enrollments/<enrollment>/devices": ("CP", "enrollments:read"),
    "customers": ("C", "customers:read"),
    "customers/<customer>": ("C", "customers:read"),
    "customers/<customer>/locations": ("C", "customers:read"),
    "customers/<customer>/devices": ("C", "customers:read"),
    "customers/<customer>/subscriptions": ("C", "customers:read"),
    "customers/<customer>/unavailability": ("C", "customers:read"),
    "alerts": ("OABD", "alerts:read"),
    "messages": ("OD", "messages:read"),
    "imports": ("D", "imports:write"),
    "imports/<uid>": ("D", "imports:write"),
    "imports/<uid>/refused": ("D", "imports:write"),
}

# The same of what changes something, by method and address.
ACTS = {
    ("POST", "events"): ("O", "events:write"),
    ("PUT", "events/<number>/plan"): ("O", "events:write"),
    ("POST", "events/<number>/submit"): ("O", "events:write"),
    ("POST", "events/<number>/cancel"): ("O", "events:write"),
    ("POST", "events/<number>/stages/<stage_number>/cancel"): ("O", "events:write"),
    ("POST", "customers/<customer>/enrollments"): ("C", "enrollments:write"),
    ("POST", "enrollments/<enrollment>/unenroll"): ("C", "enrollments:write"),
    ("POST", "customers/<customer>/devices/<device>/replace"): ("C", "enrollments:write"),
    ("POST", "customers/<customer>/subscriptions/<subscription>/unavailability"): ("C", "unavailability:write"),
    ("PUT", "customers/<customer>/unavailability/<unavailability>"): ("C", "unavailability:write"),
    ("POST", "customers/<customer>/unavailability/<unavailability>/cancel"): ("C", "unavailability:write"),
    ("POST", "program-events/<event_number>/<stage_number>/devices/<head_end>/<nic_id>/opt-out"): (
        "CP",
        "opt_outs:write",
    ),
    ("POST", "imports"): ("D", "imports:write"),
    ("POST", "imports/<uid>/check"): ("D", "imports:write"),
    ("POST", "imports/<uid>/apply"): ("D", "imports:write"),
    ("POST", "imports/<uid>/cancel"): ("D", "imports:write"),
    ("POST", "zones/<code>/metered-load"): ("D", "imports:write"),
}


def example(address: str) -> str:
    """The address of a thing of the demo."""
    values = {"stage_number": "1", "group": str(DerGroup.objects.latest("pk").pk)}
    values["enrollment"] = str(Enrollment.objects.latest("pk").pk)
    values["event_number"] = values["number"] = Event.objects.filter(state="Completed").latest("pk").number
    values |= {"uid": NONE, "unavailability": NONE, "device": "1", "subscription": "1", "head_end": "X", "nic_id": "X"}
    if "<uid>" in address:
        values["uid"] = str(_import().uid)
    values["code"] = "NOWHERE"
    values["customer"] = Customer.objects.filter(subscriptions__isnull=False).earliest("number").number
    return V1 + re.sub(r"<(\w+)>", lambda found: values[found[1]], address)


def _import() -> ImportRun:
    """A file that was sent; nobody has to have checked it."""
    sent = BytesIO(b"code,name,time_zone\nX,X,UTC\n")
    found = ImportRun.objects.first()
    return found or receive_file(kind="zones", file=sent, name="z.csv", by="adam", now=clock.now())


class Send:
    """Calls as the account of a person of the demo; each has one. `headers` are those that are known already."""

    def __init__(
        self, headers: dict[str, dict[str, str]], header_of: Callable[[str], dict[str, str]] | None = None
    ) -> None:
        self._headers, self._header_of = headers, header_of

    def of(self, person: str) -> dict[str, str]:
        """The header that a person's account sends."""
        if person not in self._headers and self._header_of:
            self._headers[person] = self._header_of(person)
        return self._headers[person]

    def __call__(self, person: str, method: str, address: str, body: Any = None, *, key: str | None = "new") -> Any:
        """The answer to a call below /api/v1/; `body` is sent as JSON, and a key of its own unless one is given."""
        headers = {**self.of(person), "Idempotency-Key": str(uuid.uuid4()) if key == "new" else key}
        sent = {name: value for name, value in headers.items() if value is not None}
        content = json.dumps({} if body is None else body)
        return Client().generic(method, V1 + address, content, content_type="application/json", headers=sent)

"""The operations that read, who may call each, and an example of each in the demo."""

import re

from cpm.models.customers import Customer
from cpm.models.enrollments import Enrollment
from derms.models import DerGroup, Event

PROBLEM = "application/problem+json"
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
}


def example(address: str) -> str:
    """The address of a thing of the demo."""
    values = {"stage_number": "1", "group": str(DerGroup.objects.latest("pk").pk)}
    values["enrollment"] = str(Enrollment.objects.latest("pk").pk)
    values["event_number"] = values["number"] = Event.objects.filter(state="Completed").latest("pk").number
    values["customer"] = Customer.objects.filter(subscriptions__isnull=False).earliest("number").number
    return V1 + re.sub(r"<(\w+)>", lambda found: values[found[1]], address)

"""Changes from the history of all systems: of events, stages, participations, programs, accounts and settings."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cpm.queries.configuration import PROGRAM, PROGRAM_TYPE, sentences_of_versions
from integration.pages.object_log import sentence_of
from integration.seam import sql
from integration.seam.history import ObjectChange
from integration.seam.recorded import recorded
from integration.seam.sql import statement

KINDS = {
    "event": _("Event"),
    "stage": _("Stage"),
    "program event": _("Program event"),
    "participation": _("Event participation"),
    "unavailability": _("Unavailability"),
    "enrollment": _("Enrollment"),
    "program": _("Program"),
    "program type": _("Program type"),
    "baselines": _("Baselines"),
    "settlement method": _("Settlement method"),
    "settlement run": _("Settlement run"),
    "holiday calendar": _("Public holidays"),
    "holiday": _("Holiday"),
    "alert": _("Alert"),
    "account": _("Account"),
    "service account": _("Service account"),
    "webhook": _("Webhook"),
    "event type": _("Event type"),
    "DER group": _("DER group"),
    "strategy": _("Strategy"),
    "control zone": _("Control zone"),
    "substation": _("Substation"),
    "feeder": _("Feeder"),
    "transformer": _("Transformer"),
    "head end system": _("Head end system"),
    "customer": _("Customer"),
    "device location": _("Device location"),
    "device": _("Device"),
    "meter": _("Meter"),
    "self-service link": _("Self-service link"),
    "saved mapping": _("Saved mapping"),
}
PAGES = {
    "program": "cpm:program",
    "account": "user_edit",
    "event type": "derms:event_type_edit",
    "self-service link": "cpm:customer",
    "meter": "cpm:meter",
    "baselines": "cpm:baseline_rules",
}
OF_OBJECT = "o"  # begins the keys of an ObjectChange, whose sentence is made of its fields
VERSIONS = {"g": PROGRAM, "k": PROGRAM_TYPE}  # begin the keys of versions, which are compared with those before
LAST_KEY = "~"  # sorts after every key

SAVED = recorded("version %(number)s")  # of a program, in sql/audit_trail.sql


@dataclass(frozen=True, slots=True)
class Change:
    """A change; `name` is the object's, `part` the number of the stage if there is one."""

    at: datetime
    key: str
    kind: str
    name: str
    part: int | None
    by: str
    from_state: str
    to_state: str
    why: str

    @property
    def kind_word(self) -> str:
        return str(KINDS[self.kind])

    @property
    def title(self) -> str:
        """The object's name as people read it; that of an event type is a word."""
        return str(_(self.name)) if self.kind == "event type" else self.name

    @property
    def url(self) -> str:
        """The page of the object; not everyone who sees the trail may open it."""
        if self.kind in ("event", "stage"):
            return reverse("derms:event", args=[self.name])
        if self.kind == "program event":
            return reverse("cpm:program_event", args=[self.name, self.part])
        if self.kind == "enrollment":
            return reverse("cpm:enrollment", args=[self.name.rpartition(" ")[2]])
        name = PAGES.get(self.kind)
        return reverse(name, args=[self.name]) if name and self.name else ""


def changes(wanted: dict[str, Any], *, before: tuple[datetime, str] | None, limit: int) -> list[Change]:
    """Up to `limit` changes before a place in the trail; without a place, the newest."""
    at, key = before or (wanted["until"], LAST_KEY)
    query = statement("integration.console", "audit_trail")
    found = [Change(*row) for row in sql.rows(query, {**wanted, "at": at, "key": key, "limit": limit})]
    of_objects = ObjectChange.objects.in_bulk([one.why for one in found if one.key.startswith(OF_OBJECT)])
    sentences = {f"{OF_OBJECT}{pk}": sentence_of(change) for pk, change in of_objects.items()}
    for letter, kept in VERSIONS.items():
        ids = [int(one.key[1:]) for one in found if one.key.startswith(letter)]
        told = sentences_of_versions(kept, ids) if ids else {}
        sentences |= {f"{letter}{pk}": sentence for pk, sentence in told.items()}
    return [replace(one, why=sentences.get(one.key) or one.why) for one in found]


def change_count(wanted: dict[str, Any], *, most: int) -> int:
    """How many changes match, counting at most so many."""
    params = {**wanted, "at": wanted["until"], "key": LAST_KEY, "limit": most}
    return sql.count(statement("integration.console", "audit_trail"), params)

"""What Live Energy Connect knows of head end systems that DERMS named: how and through whom they are reached."""

import pghistory
from django.utils.translation import gettext_lazy as _

from integration.importing.kinds import Applying, Column, Kind, Reference
from integration.importing.values import Code, Text, Whole
from integration.seam import sql
from integration.seam.recorded import recorded
from integration.seam.sql import compose

NO_HEAD_END = recorded("There is no head end system “%(value)s”. Near it: %(near)s.")
MOST_DEVICES = 100_000_000
HEAD_END_NAMES = ("head_end_code", "head_end_system", "headend", "hes", "aggregator", "Kopfstelle", "Kopfsystem")
_CURRENT = "SELECT head_end, protocol, client, contact, capacity::bigint FROM lec_sim_headendprofile"
_WRITE = """
UPDATE lec_sim_headendprofile p
   SET protocol = c.protocol, client = c.client, contact = c.contact, capacity = c.capacity,
       version = p.version + 1, saved_by = %(by)s, saved_at = %(now)s
  FROM {changes} c WHERE c.head_end = p.head_end
"""


def write_facts(applying: Applying) -> None:
    with pghistory.context(by=applying.by):
        sql.execute(compose(_WRITE, changes=applying.changes), {"by": applying.by, "now": applying.now})


HEAD_END_FACTS = Kind(
    name="head_end_facts",
    label=_("Head end systems: protocol, client, contact, capacity"),
    columns=(
        Column(
            "head_end",
            _("Head end system"),
            Code(40),
            HEAD_END_NAMES,
            _("Its code."),
            refers=Reference("lec_sim_headendprofile", "head_end", NO_HEAD_END),
        ),
        Column("protocol", _("Protocol"), Text(40), ("Protokoll",), default="", is_required=False),
        Column("client", _("Client"), Text(80), ("client_id", "Mandant"), default="", is_required=False),
        Column(
            "contact",
            _("Contact"),
            Text(200),
            ("contact_person", "Kontakt", "Ansprechpartner"),
            default="",
            is_required=False,
        ),
        Column(
            "capacity",
            _("Capacity, devices"),
            Whole(0, MOST_DEVICES),
            ("capacity_devices", "Kapazität"),
            _("Empty: unknown."),
            is_required=False,
        ),
    ),
    key=("head_end",),
    current=compose(_CURRENT),
    apply=write_facts,
)

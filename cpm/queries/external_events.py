"""Program events of a DERMS from outside."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program
from integration.seam import sql
from integration.seam.refusals import Refused

_PROGRAMS = """
SELECT s.program_id
  FROM unnest(%(head_ends)s::text[], %(nic_ids)s::text[]) named (head_end, nic_id)
  JOIN cpm_device d USING (head_end, nic_id)
  JOIN cpm_subscribeddevice sd ON sd.device_id = d.id
  JOIN cpm_subscription s ON s.id = sd.subscription_id AND s.ends_at IS NULL
 WHERE d.ended_at IS NULL
 GROUP BY s.program_id
HAVING count(DISTINCT d.id) = (
    SELECT count(*) FROM cpm_device d
      JOIN unnest(%(head_ends)s::text[], %(nic_ids)s::text[]) named (head_end, nic_id) USING (head_end, nic_id)
     WHERE d.ended_at IS NULL)
"""


class AmbiguousId(Refused):
    """An id names a stage and another event."""


def events_named(named: str) -> list[ProgramEvent]:
    """The program event with this id of a stage; else those of the event with this id, by stage.

    Raises AmbiguousId if it is the id of a stage and of another event: whichever is meant, the other would be changed.
    """
    of_event = stages_of_event(named)
    found = ProgramEvent.objects.select_related("program").filter(external_id=named).first()
    if found is None or not named:
        return of_event
    if of_event and found.external_event_id != named:
        sentence = _("“%(id)s” is the id of an event, and of a stage of the event %(other)s. Use another one.")
        raise AmbiguousId(sentence % {"id": named, "other": found.external_event_id})
    return [found]


def stages_of_event(event_id: str) -> list[ProgramEvent]:
    """The program events of the event with this id of another system, by stage."""
    rows = ProgramEvent.objects.select_related("program").exclude(external_id="")
    return list(rows.filter(external_event_id=event_id).order_by("stage_number"))


def program_of_devices(devices: Sequence[tuple[str, str]]) -> Program | None:
    """The program in which all known devices, by head end and NIC id, are enrolled; None if there isn't just one."""
    named = {"head_ends": [head_end for head_end, _ in devices], "nic_ids": [nic_id for _, nic_id in devices]}
    found = sql.column(_PROGRAMS, named)
    return Program.objects.get(pk=found[0]) if len(found) == 1 else None

"""Program events, their loads under way, and programs."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from cpm.models import Participation, ParticipationChange, Removal
from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program
from integration.seam.models import Load
from integration.seam.recorded import in_words, recorded
from integration.seam.systems import System

from ..choices import FINAL_STATES, ProgramEventState
from .participations import ParticipationKey, ParticipationRow

# DR-2026-0142-1, DR-2026-0142/1, DR-2026-0142 stage 1.
NAMED = re.compile(r"(?P<event>\S+?)(\s*[-/]\s*|\s+([^\W\d]+\s+)?)(?P<stage>\d+)")
CUSTOMERS = recorded("%(count)s customers")


def scheduled_stages(program: Program) -> tuple[int, int]:
    """How many stages of a program are scheduled and not over, and how many devices they hold."""
    scheduled = ProgramEvent.objects.filter(program=program, state=ProgramEventState.SCHEDULED)
    found = scheduled.aggregate(stages=Count("pk"), devices=Coalesce(Sum("reserved"), 0))
    return found["stages"], found["devices"]


class Happening(NamedTuple):
    """A moment in the history of a program event, or of one device in it."""

    at: datetime
    sentence: str
    by: str


def program_events() -> QuerySet[ProgramEvent]:
    return ProgramEvent.objects.select_related("program__type")


def program_event_named(name: str) -> ProgramEvent | None:
    """The program event of `<event number>-<stage number>`, also written with / or as pages name it; or None."""
    found = NAMED.fullmatch(name.strip())
    if found is None:
        return None
    return program_events().filter(event_number=found["event"].upper(), stage_number=int(found["stage"][:4])).first()


def customers_of_stage(stage_uid: UUID) -> str:
    """Return how many customers have devices reserved in a stage, for the alerts of any system; empty if none have."""
    held = Participation.objects.filter(reservation_flag=True).values("device_id")
    of_stage = held.filter(program_event_id__in=ProgramEvent.objects.filter(stage_uid=stage_uid).values("pk"))
    customers = Device.objects.filter(pk__in=of_stage).aggregate(n=Count("location__customer", distinct=True))["n"]
    return CUSTOMERS(count=f"{customers:,}") if customers else ""


def loads_under_way(stage_uid: UUID) -> QuerySet[Load]:
    """Bulk files of a stage that CPM is loading now."""
    loads = Load.objects.filter(receiver=System.CPM, finished_at=None, message__stage_uid=stage_uid)
    return loads.exclude(message__deliveries__discarded_at__isnull=False).select_related("message").order_by("pk")


def programs_with_use() -> QuerySet[Program]:
    """Programs with their number of open subscriptions."""
    open_ones = Count("subscriptions", filter=Q(subscriptions__ends_at=None))
    return Program.objects.select_related("type").annotate(subscriptions_open=open_ones).order_by("-active", "name")


def is_settled(event: ProgramEvent) -> bool:
    """Whether nothing more can come: the stage is over and, if it ran, its outcomes are loaded."""
    return event.state in FINAL_STATES and bool(event.outcomes_loaded_at or not event.started_at)


def event_history(event: ProgramEvent) -> list[Happening]:
    """What happened to a program event, newest first."""
    loads = [
        (event.reservations_loaded_at, _("Reservations loaded")),
        (event.outcomes_loaded_at, _("Outcomes loaded")),
    ]
    happened = [Happening(at, sentence, "DERMS") for at, sentence in loads if at]
    return _newest_first([*_transitions(event), *happened])


def participation_history(row: ParticipationRow) -> list[Happening]:
    """What happened to one participation, newest first."""
    event, facts = row.program_event, row.facts
    changes = list(ParticipationChange.objects.filter(program_event=event, device=row.device).order_by("pk"))
    was_reserved = facts.reservation_flag or any(change.what.startswith("Reservation flag") for change in changes)
    flag = _("Yes") if was_reserved else _("No")
    moments = [
        (event.reservations_loaded_at, _("Event participation created, reservation flag %s") % flag, "DERMS"),
        (facts.started_at, _("The device started taking part"), System.LEC.label),
        (facts.ended_at, _("The device stopped taking part"), System.LEC.label),
        (event.outcomes_loaded_at if facts.code else None, _("Closed with outcome %s") % facts.code, "DERMS"),
    ]
    happened = [Happening(at, sentence, by) for at, sentence, by in moments if at]
    changed = [Happening(change.at, in_words(change.what), change.by) for change in changes]
    return _newest_first([*_transitions(event), *happened, *changed])


def removals_of(rows: Iterable[ParticipationRow]) -> dict[ParticipationKey, Removal]:
    """The removals of the devices of these participations; one query."""
    keys = {(row.program_event.stage_uid, row.device.head_end, row.device.nic_id): row.key for row in rows}
    stages, nic_ids = {stage for stage, _, _ in keys}, {nic_id for _, _, nic_id in keys}
    found = {
        (r.stage_uid, r.head_end, r.nic_id): r for r in Removal.objects.filter(stage_uid__in=stages, nic_id__in=nic_ids)
    }
    return {keys[key]: removal for key, removal in found.items() if key in keys}


def _newest_first(happened: list[Happening]) -> list[Happening]:
    return sorted(happened, key=lambda moment: moment.at)[::-1]


def _transitions(event: ProgramEvent) -> list[Happening]:
    return [
        Happening(step.at, f"{_(step.to_state)}: {in_words(step.why)}" if step.why else _(step.to_state), step.by)
        for step in event.transitions.order_by("revision")
    ]

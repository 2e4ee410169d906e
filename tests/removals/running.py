"""Running a stage at chosen times, and looking at what each system knows about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q

from cpm.models import Participation, ParticipationOutcome
from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent
from cpm.queries import Wanted, participations
from derms.models import Stage
from integration.seam.delivery import deliver
from integration.seam.models import Delivery
from integration.seam.settling import settle
from integration.seam.sql import value
from lec_sim import operations as lec
from lec_sim.models import LecCall, LecStage

MINUTE = timedelta(minutes=1)


def execution(stage: Stage) -> LecStage:
    """The stage as LEC knows it."""
    return LecStage.objects.get(stage_uid=stage.uid)


def program_event(stage: Stage) -> ProgramEvent:
    """The stage as CPM knows it."""
    return ProgramEvent.objects.get(stage_uid=stage.uid)


def fresh(stage: Stage) -> Stage:
    return Stage.objects.select_related("event").get(pk=stage.pk)


def device(number: int) -> Device:
    """A device of the fleet, counted from 1."""
    return Device.objects.get(nic_id=f"N{number:07}", ended_at=None)


def participation(stage: Stage, of: Device) -> Participation:
    return Participation.objects.get(program_event_id=program_event(stage).pk, device_id=of.pk)


def statuses(stage: Stage) -> set[str]:
    """The statuses of all participations of a stage."""
    wanted = Wanted(program_events=Q(stage_uid=stage.uid))
    return {row.facts.status for row in participations(wanted, limit=100)}


def outcomes(stage: Stage) -> dict[str, ParticipationOutcome]:
    """CPM's outcomes of a stage, by NIC id."""
    found = {o.device_id: o for o in ParticipationOutcome.objects.filter(program_event_id=program_event(stage).pk)}
    return {one.nic_id: found[one.pk] for one in Device.objects.filter(pk__in=list(found))}


def called(stage: Stage) -> set[str]:
    """The NIC ids that LEC called in a stage."""
    return set(LecCall.objects.filter(stage_id=execution(stage).pk).values_list("nic_id", flat=True))


def tell() -> None:
    """Deliver what is open, and what is sent because of it, but do no work that is due by the clock."""
    while open_deliveries := list(Delivery.objects.filter(Delivery.OPEN).order_by("pk")):
        for delivery in open_deliveries:
            deliver(delivery.pk, delivery.attempt)


def start(stage: Stage) -> None:
    """Start a stage on time and report it to DERMS and CPM; its devices are not called yet."""
    lec.start_stage(execution(stage).pk, now=stage.starts_at)
    tell()


def begin(stage: Stage) -> None:
    """Start a stage on time, call its devices, and report it to DERMS and CPM."""
    lec.start_stage(execution(stage).pk, now=stage.starts_at)
    lec.call_devices(execution(stage).pk, now=stage.starts_at)
    settle()


def end(stage: Stage) -> None:
    """End a running stage on time; its outcomes go through DERMS to CPM."""
    lec.end_stage(execution(stage).pk, now=stage.ends_at)
    settle()


def answered(stage: Stage, of: Device, answer: str, *, overridden_at: datetime | None = None) -> None:
    """Change how a called device answered."""
    calls = LecCall.objects.filter(stage_id=execution(stage).pk, nic_id=of.nic_id)
    if answer in ("silent", "pending"):
        calls.update(answer=answer, answered_at=None, overridden_at=None, power_w=0)
    else:
        calls.update(answer=answer, answered_at=F("called_at"), overridden_at=overridden_at, power_w=900)


def tell_by_hand(query: str, **params: object) -> None:
    """Change rows, bypassing every operation."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(query, params)


@contextmanager
def without_constraint(table: str, name: str) -> Iterator[None]:
    """Without a constraint of the database for a while; afterwards it is there again as it was."""
    definition = value("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
    tell_by_hand(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    try:
        yield
    finally:
        tell_by_hand(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")

"""The main flow from end to end, without pages: a fleet, an event for it, real workers, every device's outcome."""

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Max

from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program, ProgramType
from cpm.operations import send_enrollment_load, send_program_rules
from derms import operations
from derms.choices import Category, Control, Objective
from derms.models import Enrollment, Event, EventType, Stage, Strategy
from integration.console.models import User
from integration.console.roles import APPROVER, OPERATOR
from integration.demo.customers import add_fleet
from integration.demo.grid import add_head_ends, add_zone
from integration.demo.load import add_flat_load
from integration.seam import clock
from integration.seam.models import Alert, Delivery, Message

LEAD_S, OUTCOME_TIMEOUT_S = 20, 60
START_AHEAD_S, START_AHEAD_S_PER_DEVICE = 20, 60 / 1_000_000
PATIENCE_S, PATIENCE_S_PER_DEVICE = 120, 300 / 1_000_000
LOOK_EVERY_S = 0.5


class Counts(NamedTuple):
    """The progress of the journey's event, in devices summed over its stages."""

    reserved: int
    participations: int
    called: int
    closed: int


class JourneyStuck(Exception):
    """A step did not finish in time."""


class Journey:
    """One run: call make_fleet and plan, then poll `counts` until `is_over`."""

    def __init__(self, *, devices: int, stages: int, stage_seconds: int) -> None:
        self.devices, self.stages, self.stage_seconds = devices, stages, stage_seconds
        self.tag = f"J{uuid.uuid4().hex[:6].upper()}"
        self.began = time.monotonic()
        self.began_at = clock.now()
        self.first_message = Message.objects.aggregate(last=Max("pk"))["last"] or 0

    def make_fleet(self) -> None:
        """Make a control zone, a program and CPM's devices; messages tell DERMS about them."""
        self.zone = add_zone(code=self.tag, name=f"Journey {self.tag}", substations=1, feeders=4, transformers=25)
        add_head_ends()
        add_flat_load(zone=self.zone, start=_hour(self.began_at), hours=24 + self.stages * self.stage_seconds // 3600)
        kind, _ = ProgramType.objects.get_or_create(code="JOURNEY", defaults={"name": "Journeys"})
        program = Program.objects.create(code=self.tag, name=f"Journey {self.tag}", type=kind)
        add_fleet(zone_code=self.tag, program_id=program.pk, devices=self.devices, seed=1, prefix=self.tag)
        with transaction.atomic():
            send_program_rules(program_id=program.pk)
            send_enrollment_load(program_id=program.pk)

    def enrolled(self) -> int:
        """The number of devices that DERMS has registered so far."""
        return Enrollment.objects.filter(program__code=self.tag).count()

    def plan(self, *, starts_at: datetime | None = None, target_kw: int | None = None) -> Event:
        """Make the event; one person submits it and another approves it."""
        operator, approver = person_of("journey.operator", OPERATOR), person_of("journey.approver", APPROVER)
        self.event = event = self.draft(operator, starts_at=starts_at, target_kw=target_kw)
        operations.submit_event(event_id=event.pk, by=operator, now=clock.now())
        operations.approve_event(event_id=event.pk, by=approver, now=clock.now())
        return event

    def draft(self, operator: User, *, starts_at: datetime | None = None, target_kw: int | None = None) -> Event:
        """Make a new event without limits for the whole fleet.

        By default it starts as soon as that many devices can be ready; without a target its objective is Maximum
        Reduction.
        """
        now = clock.now()
        ahead = LEAD_S + START_AHEAD_S + START_AHEAD_S_PER_DEVICE * self.devices
        starts_at = starts_at or now + timedelta(seconds=ahead)
        return operations.create_event(
            strategy_id=self._strategy(target_kw).pk,
            starts_at=starts_at,
            by=operator,
            now=now,
            details=operations.EventDetails(name=f"Journey {self.tag}", target_kw=target_kw),
            stages=self._planned(starts_at),
        )

    def counts(self) -> Counts:
        stages = self._stages()
        program_events = self._program_events()
        return Counts(
            reserved=sum(s.reserved for s in stages),
            participations=sum(p.participations for p in program_events),
            called=sum(s.called for s in stages),
            closed=sum(p.closed for p in program_events),
        )

    def is_over(self) -> bool:
        """Whether CPM has loaded the outcomes of every stage, or the event was canceled."""
        if Event.objects.get(pk=self.event.pk).state == "Canceled":
            return True
        loaded = [p.outcomes_loaded_at for p in self._program_events()]
        return len(loaded) == self.stages and all(loaded)

    def deadline(self) -> datetime:
        """When to stop waiting: the end of the stages, the outcome time-out, and patience that grows with the fleet."""
        ends_at: datetime = self.event.stages.aggregate(end=Max("ends_at"))["end"]
        patience = OUTCOME_TIMEOUT_S + PATIENCE_S + PATIENCE_S_PER_DEVICE * self.devices
        return ends_at + timedelta(seconds=patience)

    def rows(self) -> list[dict[str, Any]]:
        """For each stage: devices reserved, called, with each outcome, and closed in CPM."""
        by_uid = {p.stage_uid: p for p in self._program_events()}
        return [
            {
                "stage": s.number,
                "reserved": s.reserved,
                "called": s.called,
                "outcomes": by_uid[s.uid].outcomes if s.uid in by_uid else {},
                "closed": by_uid[s.uid].closed if s.uid in by_uid else 0,
            }
            for s in self._stages()
        ]

    def result(self) -> dict[str, Any]:
        """The result of the run as one object; README describes it."""
        outcomes: dict[str, int] = {}
        for row in self.rows():
            for code, devices in row["outcomes"].items():
                outcomes[code] = outcomes.get(code, 0) + devices
        deliveries = Delivery.objects.filter(message_id__gt=self.first_message)
        return {
            "devices": self.devices,
            "stages": self.stages,
            **self.counts()._asdict(),
            "outcomes": outcomes,
            "messages_delivered": deliveries.filter(delivered_at__isnull=False).count(),
            "messages_dead": deliveries.filter(dead_at__isnull=False).count(),
            "alerts": Alert.objects.filter(opened_at__gte=self.began_at).count(),
            "seconds": round(time.monotonic() - self.began, 1),
        }

    def _strategy(self, target_kw: int | None) -> Strategy:
        objective = Objective.LOAD_REDUCTION if target_kw else Objective.MAXIMUM_REDUCTION
        kind, _ = EventType.objects.update_or_create(
            category=Category.DEVICE_TEST, defaults={"lead_time_s": LEAD_S, "outcome_timeout_s": OUTCOME_TIMEOUT_S}
        )
        return Strategy.objects.get_or_create(
            name=f"Journey {self.tag} {objective.label}",
            defaults={"zone": self.zone, "type": kind, "objective": objective},
        )[0]

    def _planned(self, starts_at: datetime) -> list[operations.PlannedStage]:
        """One stage after the other."""
        length = timedelta(seconds=self.stage_seconds)
        program = Enrollment.objects.filter(program__code=self.tag).values_list("program_id", flat=True)[:1].get()
        asked = {"program_id": program, "control": Control.OFF, "control_value": 0.0}
        starts = [starts_at + n * length for n in range(self.stages)]
        return [operations.PlannedStage(None, asked | {"starts_at": at, "ends_at": at + length}, []) for at in starts]

    def _stages(self) -> list[Stage]:
        return list(self.event.stages.order_by("number"))

    def _program_events(self) -> list[ProgramEvent]:
        return list(ProgramEvent.objects.filter(event_uid=self.event.uid).order_by("stage_number"))


def is_whole(result: dict[str, Any]) -> bool:
    """Whether every device of every stage was reserved, has a participation in CPM, was called and has an outcome.

    Nothing makes a device of a journey leave its stage, so no device may be missing from the calls.
    """
    whole = result["devices"] * result["stages"]
    same = result["reserved"] == result["participations"] == result["called"] == result["closed"] == whole
    return bool(same and sum(result["outcomes"].values()) == result["closed"])


def wait_until(done: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Poll until `done`. Raises JourneyStuck, naming `what`, after `seconds`."""
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            raise JourneyStuck(f"{what} took longer than {seconds:.0f} s. The messages page and the alerts say why.")
        time.sleep(LOOK_EVERY_S)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def person_of(username: str, role: str) -> User:
    """A user who acts in journeys and can't sign in."""
    person, is_new = User.objects.get_or_create(username=username)
    if is_new:
        person.set_unusable_password()
        person.save()
    person.groups.set(Group.objects.filter(name=role))
    return person

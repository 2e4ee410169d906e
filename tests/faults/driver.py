"""The load: events of a few seconds over small fleets, planned continuously by people at the pages."""

import itertools
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from cpm.models.customers import Device, Subscription
from cpm.models.program_events import ProgramEvent
from cpm.models.programs import ProgramType
from derms.choices import FINAL_STATES
from derms.models import ControlZone, Event, Program, Strategy
from integration.console.roles import APPROVER, CSR, OPERATOR
from integration.seam import clock
from tests import factories
from tests.faults import looking
from tests.faults.journal import Confirmed, Journal
from tests.faults.person import Person
from tests.faults.system import patiently
from tests.removals.conftest import allow_leaving

DEVICES = 20
LEAD_S = 2
AHEAD_S = 15  # from planning to the start
LOOKS = 3  # at an event that changes while somebody cancels it
LENGTH_S = 6
CROWD = 20_000  # devices without events, so that an export takes some seconds
LOOK_EVERY_S = 0.5
DAY = timedelta(days=1)


class Fleet:
    """A control zone with a program and a strategy without stages; its events follow one another."""

    def __init__(self, code: str, now: datetime, *, devices: int = DEVICES, head_end: str = "HE1") -> None:
        self.code = code
        zone = factories.zone(code)
        ControlZone.objects.filter(pk=zone.pk).update(time_zone="UTC")
        factories.forecast(zone, now, hours=240)
        self.program: Program = factories.program(code)
        factories.fleet(zone, self.program, devices, since=now - 30 * DAY, prefix=code, head_end=head_end)
        self.strategy: Strategy = factories.strategy(zone, self.program, stages=0, lead_time_s=LEAD_S, name=code)
        self.zone = zone
        self.free_at = now
        self._lock = threading.Lock()

    def window(self, ahead_s: float, length_s: float) -> datetime:
        """Reserve and return the start of the next window in which nothing of this fleet is reserved."""
        earliest = patiently(clock.now) + timedelta(seconds=ahead_s)
        with self._lock:
            starts_at = max(earliest, self.free_at).replace(microsecond=0) + timedelta(seconds=1)
            self.free_at = starts_at + timedelta(seconds=length_s)
        return starts_at


class Long(NamedTuple):
    """Stages that last longer than any fault: how long, and in how many fleets they take turns."""

    length_s: float
    fleets: int

    @property
    def every_s(self) -> float:
        """From one start to the next; a fleet is free again when its turn comes."""
        return (self.length_s + 2 * AHEAD_S) / self.fleets


class Planned:
    """An event that somebody has planned, with its one stage."""

    def __init__(self, number: str, fleet: Fleet, starts_at: datetime) -> None:
        self.number, self.fleet, self.starts_at = number, fleet, starts_at

    def known_to_cpm(self) -> ProgramEvent | None:
        """CPM's record, once its participations are loaded."""
        found = ProgramEvent.objects.filter(event_number=self.number, state="Scheduled")
        return found.exclude(reservations_loaded_at=None).first()


class Driver:
    """Plans continuously while it runs; faults call its other methods."""

    def __init__(self, port: int, *, every_s: float, long: Long) -> None:
        self.journal, self.every_s, self.long = Journal(), every_s, long
        self.operator = Person(factories.person("faults.operator", OPERATOR), port)
        self.approver = Person(factories.person("faults.approver", APPROVER), port)
        self.csr = Person(factories.person("faults.csr", CSR), port)
        now = clock.now()
        self.fleets = [Fleet(f"LOAD{n}", now) for n in range(1, 4)]
        self.aside = Fleet("ASIDE", now)  # for events that a fault plans itself, far ahead
        self.aside.free_at = now + timedelta(hours=1)
        self.told = Fleet("TOLD", now)  # their e-mails are counted
        self.told.free_at = now + timedelta(hours=1)
        self.customers = Fleet("AWAY", now)
        self.long_fleets = [Fleet(f"LONG{n:02}", now) for n in range(long.fleets)]
        Fleet("CROWD", now, devices=CROWD)
        looking.give_addresses()
        self.curious = looking.Curious(self.csr)
        allow_leaving()
        ProgramType.objects.update(opt_out_cutoff_minutes=0)
        self.subscriptions = list(
            Subscription.objects.filter(program__code="AWAY").select_related("customer").order_by("pk")
        )
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._keep_planning, args=[fleet, n], name=fleet.code, daemon=True)
            for n, fleet in enumerate(self.fleets)
        ]
        for work in (self._keep_going_away, self._keep_looking, self._keep_planning_long):
            self._threads.append(threading.Thread(target=work, name=work.__name__, daemon=True))
        self.problems: list[str] = []
        self._long_events: list[Planned] = []

    def start(self) -> None:
        """Start, and return when the first events run."""
        for thread in self._threads:
            thread.start()
        time.sleep(AHEAD_S + LENGTH_S)

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(180)
        for event in self._long_events:
            if Event.objects.filter(number=event.number).exclude(state__in=FINAL_STATES).exists():
                self.cancel(event)

    # --- Single actions ---

    def act(self, person: Person, what: str, path: str, key: UUID | None = None, **fields: object) -> bool:
        """Do something about an event; returns whether it was confirmed."""
        number, at = path.split("/")[2], time.monotonic()
        return self.journal.note(person.post_until_answered(path, fields, key), Confirmed(what, number), at)

    def plan(self, fleet: Fleet, *, ahead_s: float = AHEAD_S, length_s: float = LENGTH_S) -> Planned | None:
        """Submit an event with one stage; returns None if it was refused on the way."""
        starts_at = fleet.window(ahead_s, length_s)
        fields = {
            "strategy": fleet.strategy.uid,
            "name": "Fault suite",
            "starts_at": f"{starts_at:%Y-%m-%dT%H:%M:%S}",
            "rows_of": fleet.strategy.uid,
            "stages-TOTAL_FORMS": 1,
            "stages-INITIAL_FORMS": 0,
            "stages-0-program": fleet.program.pk,
            "stages-0-offset_minutes": 0,
            "stages-0-length_minutes": round(length_s / 60, 4),
            "stages-0-control": "off",
            "stages-0-control_value": 0,
        }
        at = time.monotonic()
        answer = self.operator.post_until_answered("/events/new/", fields)
        number = answer.location.split("/")[2] if answer.is_yes else ""
        if not self.journal.note(answer, Confirmed("plan", number), at):
            return None
        is_submitted = self.act(
            self.operator, "submit", f"/events/{number}/submit/", accepted_kw=DEVICES, **as_seen(number)
        )
        return Planned(number, fleet, starts_at) if is_submitted else None

    def approve(self, event: Planned) -> bool:
        return self.act(self.approver, "approve", f"/events/{event.number}/approve/", **as_seen(event.number))

    def cancel(self, event: Planned) -> bool:
        """Cancel an event; if it has changed meanwhile, as Schedule does, look at it again and cancel that."""
        path = f"/events/{event.number}/cancel/"
        return any(self.act(self.operator, "cancel", path, **canceling(event)) for _ in range(LOOKS))

    def opt_out(self, known: ProgramEvent, device: Device) -> bool:
        path = f"/program-events/{known.event_number}/1/participation/{device.head_end}/{device.nic_id}/opt-out/"
        at = time.monotonic()
        answer = self.csr.post_until_answered(path, {"preemptive_opt_out": "yes", "scope": "stage"})
        return self.journal.note(answer, Confirmed("opt out", str(known.stage_uid), device.nic_id), at)

    def prepare(self, fleet: Fleet, *, events: int, ahead_s: float, length_s: float) -> list[Planned]:
        """Plan consecutive events; returns them Scheduled and known to CPM with their participations."""
        made = [one for _ in range(events) if (one := self.plan(fleet, ahead_s=ahead_s, length_s=length_s))]
        approved = [one for one in made if self.approve(one)]
        until = time.monotonic() + 60
        while time.monotonic() < until and not all(one.known_to_cpm() for one in approved):
            time.sleep(0.2)
        return approved

    # --- Continuous load ---

    def _keep_planning(self, fleet: Fleet, number: int) -> None:
        self._stopping.wait(number * self.every_s)
        while not self._stopping.is_set():
            began = time.monotonic()
            self._try(lambda: self._one_event(fleet))
            self._stopping.wait(max(0.0, began + len(self.fleets) * self.every_s - time.monotonic()))
        connection.close()

    def _try(self, act: Callable[[], None]) -> None:
        """Keep the load going, however one action ends; failures are reported at the end."""
        try:
            act()
        except Exception as problem:  # noqa: BLE001  (it is counted, and the suite does not hold)
            self.problems.append(f"{type(problem).__name__}: {problem}")
            connection.close()

    def _one_event(self, fleet: Fleet) -> None:
        event = self.plan(fleet)
        if event is None or not self.approve(event):
            return
        chance = random.random()  # noqa: S311  (a course, no secret)
        if chance < 0.5:
            self._let_someone_out(event)
        elif chance < 0.8:
            self._stopping.wait(random.uniform(0, AHEAD_S + LENGTH_S))  # noqa: S311
            self.cancel(event)

    def _let_someone_out(self, event: Planned) -> None:
        until = time.monotonic() + AHEAD_S
        while time.monotonic() < until and not self._stopping.is_set():
            if known := patiently(event.known_to_cpm):
                device = patiently(lambda: _any_device(event.fleet))
                self.opt_out(known, device)
                return
            time.sleep(0.2)

    def _keep_planning_long(self) -> None:
        """One long stage after the other, in fleets that take turns: some run whatever is harmed."""
        for fleet in itertools.cycle(self.long_fleets):
            self._try(lambda fleet=fleet: self._one_long_event(fleet))
            if self._stopping.wait(self.long.every_s):
                break
        connection.close()

    def _one_long_event(self, fleet: Fleet) -> None:
        if event := self.plan(fleet, length_s=self.long.length_s):
            self._long_events.append(event)
            self.approve(event)

    def _keep_looking(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            with suppress(OSError, HTTPException):  # while what answers is harmed
                self._try(self.curious.look)
        connection.close()

    def _keep_going_away(self) -> None:
        """Customers set unavailability on future days: several small messages per second."""
        for n in itertools.count():
            if self._stopping.wait(0.25):
                break
            self._try(lambda n=n: self._go_away(n))
        connection.close()

    def _go_away(self, n: int) -> None:
        subscription = self.subscriptions[n % len(self.subscriptions)]
        device = patiently(lambda: Device.objects.get(subscribed__subscription=subscription))
        day = patiently(clock.now) + (2 + n // len(self.subscriptions)) * DAY
        window = {"starts_at": f"{day:%Y-%m-%dT10:00}", "ends_at": f"{day:%Y-%m-%dT11:00}"}
        fields = {"devices": device.pk, "reason": f"Away {n}", "seen": "", **window}
        at = time.monotonic()
        path = f"/customers/{subscription.customer.number}/subscriptions/{subscription.pk}/location/"
        answer = self.csr.post_until_answered(path, fields)
        self.journal.note(answer, Confirmed("unavailability", device.nic_id, f"Away {n}"), at)


def canceling(event: Planned) -> dict[str, object]:
    """What the cancel form asks for; it uses the number only if devices run."""
    return {"reason": "The heat is over", "typed_number": event.number, **as_seen(event.number)}


def as_seen(number: str) -> dict[str, list[str]]:
    """What the form of an action carries for somebody who looks at the event now."""
    return patiently(lambda: factories.seen(number))


def _any_device(fleet: Fleet) -> Device:
    nic_id = f"{fleet.code}{random.randint(1, DEVICES):07}"  # noqa: S311  (a choice, no secret)
    return Device.objects.get(nic_id=nic_id)

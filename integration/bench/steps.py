"""The steps of one event for a fleet, each timed from the call of its operation to its last commit."""

import time
from datetime import timedelta
from typing import NamedTuple

from django.db.models import QuerySet

from cpm.models.program_events import ProgramEvent
from derms.models import Enrollment, Event, Stage
from derms.operations.outcomes import OUTCOMES
from derms.operations.scheduling import RESERVED_DEVICES
from integration.commands.journey import Journey
from integration.seam import clock, sql
from integration.seam.models import Delivery
from integration.seam.systems import System
from lec_sim.models import LecStage

from .crew import BenchFailed, Crew
from .limits import Limit, binary_copy, copy_to_nowhere, text_copy, timed

TARGET_SHARE = 0.4
STAGE_S = 3600
RATED_W = (
    "SELECT sum(d.rated_w) FROM derms_device d JOIN derms_enrollment e ON e.device_id = d.id WHERE e.program_id = %s"
)
RESERVATIONS = "SELECT * FROM derms_reservation WHERE stage_id = %(stage)s"
# Devices were called in up to seven events of the season, on different days, so that the choice has ranks to sum over.
USAGE = """
UPDATE derms_candidate c
   SET season = extract(year FROM now()), season_events = hashint8(device_id + 2) & 7, season_quarters = 8,
       last_called_on = current_date - (hashint8(device_id) & 63), rate_n = 8, rate_sum = given,
       rate_pm = derms_rate_pm(0, 0, 8, given, 0)
  FROM (SELECT device_id AS id, 4 + (hashint8(device_id + 1) & 511) / 128.0 AS given FROM derms_candidate) known
 WHERE known.id = c.device_id AND c.program_id = %s
"""


class Step(NamedTuple):
    """A step's seconds, its rows, and the physical limit for these rows."""

    name: str
    rows: int
    seconds: float
    limit: Limit
    goal: float

    @property
    def ratio(self) -> float:
        return self.seconds / self.limit.seconds


class EventRun:
    """One fleet and its events, step by step."""

    def __init__(self, *, devices: int, crew: Crew) -> None:
        self.crew = crew
        self.journey = Journey(devices=devices, stages=1, stage_seconds=STAGE_S)
        self.steps: list[Step] = []

    def make_fleet(self) -> None:
        """Invent customers and devices, and enroll them with DERMS by an enrollment load; none of it is timed."""
        journey = self.journey
        journey.make_fleet()
        for kind in ("program_rule_sync", "enrollment_load", "enrollment_load_answer"):
            self.crew.deliver(_deliveries(kind))
        if journey.enrolled() != journey.devices:
            raise BenchFailed(f"{journey.enrolled()} of {journey.devices} devices were enrolled.")
        self.program = Enrollment.objects.filter(program__code=journey.tag).values_list("program_id", flat=True)[0]
        sql.execute(USAGE, [self.program])
        sql.execute("VACUUM FULL derms_candidate")  # closing a stage also leaves a table without dead rows
        sql.execute("VACUUM (ANALYZE)")  # as autovacuum does within minutes
        sql.execute("CHECKPOINT")

    def choose(self) -> None:
        """Reserve three stages: ranked until a target is met, Maximum Reduction, and ranked again next to those two.

        Events that aren't counted yet count for each device that they hold, so both scans of the third choice probe a
        hash of the devices of each. That may take as long as the scans themselves: its goal is twice that of the first.
        """
        journey = self.journey
        now = clock.now()
        self.event = journey.plan(starts_at=now + timedelta(hours=1))
        ranked, again = (
            journey.plan(starts_at=now + timedelta(hours=hours), target_kw=self.target_kw()) for hours in (3, 5)
        )
        self.schedule("choose and reserve, ranked to 40 %", ranked, goal=8)
        self.schedule("choose and reserve, Maximum Reduction", self.event, goal=6)
        self.schedule("choose and reserve, ranked next to these events", again, goal=16)
        self.stage = self.event.stages.get()

    def tell(self) -> None:
        """Write the reservation extract and load it at both receivers."""
        stage = self.stage
        self.crew.deliver(_deliveries("stage_status"))
        seconds = self._timed("derms.operations.write_reservation_extract", stage.pk, now=clock.now())
        query, params = RESERVED_DEVICES, {"stage": stage.pk}
        self._note("write the reservation extract", stage.reserved, seconds, copy_to_nowhere(query, params), goal=3)
        limit = text_copy(query, "device_reservation", params)
        for name, receiver, goal in (
            ("CPM: participations Reserved", System.CPM, 5.0),
            ("LEC: the extract loaded, callable", System.LEC, 3.5),
        ):
            seconds = self._deliver("device_reservation", receiver)
            self._note(name, stage.reserved, seconds, limit, goal=goal)
        _require(ProgramEvent.objects.get(stage_uid=stage.uid).reserved == stage.reserved, "CPM has other reservations")
        _require(LecStage.objects.get(stage_uid=stage.uid).reserved == stage.reserved, "LEC has other reservations")

    def execute(self) -> None:
        """Call the devices and write their outcomes."""
        lec = LecStage.objects.get(stage_uid=self.stage.uid)
        self.crew.run("lec_sim.operations.start_stage", lec.pk, now=lec.starts_at)
        seconds = self._timed("lec_sim.operations.call_devices", lec.pk, now=lec.starts_at + timedelta(seconds=1))
        self.crew.run("lec_sim.operations.end_stage", lec.pk, now=lec.ends_at)
        seconds += self._timed("lec_sim.operations.hand_over_outcomes", lec.pk, now=lec.ends_at)
        self.called = LecStage.objects.get(pk=lec.pk).called
        self._pending = self.stage.reserved, seconds

    def close(self) -> None:
        """Load the raw outcomes, close the stage, and close every participation."""
        for _ in range(2):  # Live Energy Connect's reports, and DERMS's messages to CPM about them
            self.crew.deliver(_deliveries("stage_execution_status") | _deliveries("stage_status"))
        began = time.perf_counter()
        self._deliver("raw_outcome", System.DERMS)
        counting = self.crew.start("derms.operations.count_calls", self.stage.pk, now=clock.now())
        self.crew.run("derms.operations.close_stage", self.stage.pk, now=clock.now())
        self._deliver("device_outcome", System.CPM)
        counting.result()
        seconds = time.perf_counter() - began
        limit = text_copy(OUTCOMES, "device_outcome", {"stage": self.stage.pk})
        # Raw outcomes have the same columns and rows, so their limit is the same.
        self._note("LEC: called, answers recorded, raw outcomes written", *self._pending, limit, goal=5)
        self._note(
            "DERMS and CPM: outcomes in, all Closed, candidates swapped", self.stage.reserved, seconds, limit, goal=9
        )
        closed = ProgramEvent.objects.get(stage_uid=self.stage.uid).closed
        _require(closed == self.stage.reserved, f"{closed} of {self.stage.reserved} participations are Closed")

    def schedule(self, name: str, event: Event, *, goal: float) -> None:
        """Time the choice and reservation of an approved event."""
        seconds = self._timed("derms.operations.schedule_event", event.pk, now=clock.now())
        stage = Stage.objects.get(event=event)
        _require(stage.reserved, f"{event} was not scheduled")
        limit = binary_copy(RESERVATIONS, {"stage": stage.pk}, like="derms_reservation")
        self._note(name, stage.reserved, seconds, limit, goal=goal)

    def target_kw(self) -> int:
        """40 % of what the fleet can give."""
        watts = int(sql.value(RATED_W, [self.program]))
        return round(watts * 0.5 * 0.8 * TARGET_SHARE / 1000)  # the forecast's factor and most devices' score

    def _timed(self, operation: str, *args: object, **kwargs: object) -> float:
        return timed(lambda: self.crew.run(operation, *args, **kwargs))

    def _deliver(self, kind: str, receiver: str) -> float:
        deliveries = _deliveries(kind).filter(receiver=receiver, message__stage_uid=self.stage.uid)
        return timed(lambda: self.crew.deliver(deliveries))

    def _note(self, name: str, rows: int, seconds: float, limit: Limit, *, goal: float) -> None:
        self.steps.append(Step(name, rows, seconds, limit, goal))


def _deliveries(kind: str) -> QuerySet[Delivery]:
    return Delivery.objects.filter(message__kind=kind)


def _require(is_so: object, otherwise: str) -> None:
    if not is_so:
        raise BenchFailed(otherwise)

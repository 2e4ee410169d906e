"""How long an opt-out takes from Save to Live Energy Connect's answer, while extracts of the same event load."""

import time
from datetime import timedelta
from statistics import quantiles
from typing import NamedTuple
from uuid import UUID

from cpm.models import Participation
from cpm.models.program_events import ProgramEvent
from cpm.models.programs import ProgramType
from cpm.operations import opt_out_device
from integration.commands.journey import PATIENCE_S, PATIENCE_S_PER_DEVICE, Journey, JourneyStuck, wait_until
from integration.seam import clock, sql
from integration.seam.systems import System
from lec_sim.models import LecStage

P50_GOAL_S, P99_GOAL_S = 0.3, 2.0
PAUSE_S = 0.2  # between two opt-outs: five a second, more than a whole call center saves
AHEAD = timedelta(hours=1)  # nothing starts while the benchmark runs
ENOUGH = 30  # the fewest opt-outs for a meaningful percentile
ANSWERED = """
SELECT extract(epoch FROM d.delivered_at - r.requested_at)::float
FROM cpm_programevent p
JOIN cpm_removal r ON r.stage_uid = p.stage_uid
JOIN integration_message m ON m.stage_uid = r.stage_uid AND m.kind = 'device_removal'
    AND m.payload->>'head_end' = r.head_end AND m.payload->>'nic_id' = r.nic_id
JOIN integration_delivery d ON d.message_id = m.id AND d.receiver = %s AND d.delivered_at IS NOT NULL
WHERE p.event_uid = %s
"""


class Latency(NamedTuple):
    """Seconds from Save to LEC's answer, over opt-outs that were saved while extracts loaded."""

    opt_outs: int
    p50: float
    p99: float

    @property
    def ok(self) -> bool:
        return self.p50 <= P50_GOAL_S and self.p99 <= P99_GOAL_S


def measure(*, devices: int, stages: int) -> Latency:
    """Run one event and opt devices out of its loaded stages while the others load. Needs workers and a scheduler."""
    journey = Journey(devices=devices, stages=stages, stage_seconds=300)
    journey.make_fleet()
    ProgramType.objects.filter(programs__code=journey.tag).update(allow_to_opt_out=True, opt_out_cutoff_minutes=0)
    patience = PATIENCE_S + PATIENCE_S_PER_DEVICE * devices * stages
    wait_until(lambda: journey.enrolled() == devices, seconds=patience, what="Enrolling the devices")
    event = journey.plan(starts_at=clock.now() + AHEAD)
    saved = save_while_loading(event.uid, stages, seconds=patience)
    if saved < ENOUGH:
        raise JourneyStuck(
            f"Everything was loaded after {saved} opt-outs, too few for a 99th percentile (at least {ENOUGH});"
            " ask for more devices or stages."
        )
    wait_until(lambda: len(answers(event.uid)) == saved, seconds=PATIENCE_S, what="Answering the opt-outs")
    hundredths = quantiles(answers(event.uid), n=100, method="inclusive")
    return Latency(saved, hundredths[49], hundredths[98])


def save_while_loading(event_uid: UUID, stages: int, *, seconds: float) -> int:
    """Opt devices out one by one until CPM and LEC have loaded every stage; return how many."""
    until, saved = time.monotonic() + seconds, 0
    while is_loading(event_uid, stages):
        saved += opt_out_of_a_loaded_stage(event_uid)
        time.sleep(PAUSE_S)
        if time.monotonic() > until:
            raise JourneyStuck(f"Loading the reservations took longer than {seconds:.0f} s.")
    return saved


def is_loading(event_uid: UUID, stages: int) -> bool:
    """Whether CPM or LEC has not loaded the reservations of every stage yet."""
    loaded = [
        each.objects.filter(event_uid=event_uid, reservations_loaded_at__isnull=False).count()
        for each in (ProgramEvent, LecStage)
    ]
    return min(loaded) < stages


def opt_out_of_a_loaded_stage(event_uid: UUID) -> int:
    """Save one opt-out and return 1, or return 0 if no stage is loaded yet."""
    loaded = ProgramEvent.objects.filter(event_uid=event_uid, reservations_loaded_at__isnull=False)
    program_event = loaded.order_by("?").first()
    if program_event is None:
        return 0
    staying = Participation.objects.filter(program_event_id=program_event.pk, preemptive_opt_out=False)
    device_id = staying.order_by("device_id").values_list("device_id", flat=True)[0]
    opt_out_device(program_event_id=program_event.pk, device_id=device_id, by="benchmark", now=clock.now())
    return 1


def answers(event_uid: UUID) -> list[float]:
    """The seconds that each opt-out waited for LEC's answer."""
    return sql.column(ANSWERED, [System.LEC, event_uid])

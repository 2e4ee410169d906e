"""An event that went the whole way, from its plan to its outcomes."""

from datetime import datetime, timedelta

from cpm import operations as cpm
from derms import operations
from derms.models import Stage, Strategy
from integration.commands.verify import violations
from integration.console.models import User
from integration.console.roles import APPROVER, OPERATOR
from integration.seam.settling import settle
from lec_sim.models import HeadEndProfile
from tests import factories, walk
from tests.removals.conftest import allow_leaving
from tests.removals.running import begin, device, end, program_event

HOUR = timedelta(hours=1)


def run_a_stage(now: datetime) -> None:
    """A stage runs and is closed, after one device has left it."""
    people = {"operator": factories.person("olive", OPERATOR), "approver": factories.person("ada", APPROVER)}
    zone = factories.zone()
    factories.forecast(zone, now)
    program = factories.program()
    factories.fleet(zone, program, 20, since=now - timedelta(days=30))
    factories.strategy(zone, program)
    HeadEndProfile.objects.create(
        head_end="HE1", answer_seconds=0.1, offline_share=0, reject_share=0, overrides_per_hour=0
    )
    stage = scheduled(now + 2 * HOUR, now, **people)
    allow_leaving()
    settle()
    leaving = program_event(stage).pk
    cpm.opt_out_device(program_event_id=leaving, device_id=device(1).pk, by="cora", now=stage.starts_at - HOUR)
    settle()
    begin(stage)
    end(stage)
    assert violations(rest=timedelta(0)) == []


def scheduled(starts_at: datetime, now: datetime, *, operator: User, approver: User) -> Stage:
    """The stage of an event that is Scheduled, and of which the other systems have not heard."""
    plan, details = Strategy.objects.get(), operations.EventDetails(name="Heat peak")
    event = operations.create_event(strategy_id=plan.pk, starts_at=starts_at, by=operator, now=now, details=details)
    walk.to("Scheduled", event, operator=operator, approver=approver, now=now)
    return event.stages.get()

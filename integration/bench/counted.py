"""A choice under limits: 20 events of the fleet are counted, and some of its devices are unavailable."""

from datetime import datetime, timedelta
from uuid import uuid4

from derms.models import PRIMARY_KEY, Event, Program, Stage
from derms.set_operations.uses import keep_uses
from integration.seam import clock, sql
from integration.seam.loads import Partition
from integration.seam.program_rules import ProgramRules
from integration.seam.sql import compose, integer

from .steps import EventRun, Step

EVENTS = 20
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LIMITS = ProgramRules(
    events_per_week=7, events_per_season=40, hours_per_month=40, consecutive_days=30, gap_minutes=60
).model_dump(mode="json")
# Each counted event called 40 % of the devices.
_CALLED = (
    "SELECT {stage}::bigint AS stage_id, device_id, 500 AS expected_w, 500 AS nominal_w FROM derms_candidate"
    " WHERE program_id = %(program)s AND (hashint8(device_id + {stage}) & 1023) < 410"
)
_UNAVAILABLE = """
INSERT INTO derms_deviceunavailability (uid, device_id, starts_at, ends_at, canceled, version)
SELECT %(uid)s, device_id, %(starts_at)s, %(ends_at)s, false, 1 FROM derms_candidate
 WHERE program_id = %(program)s AND (hashint8(device_id) & 1023) < 51
"""
_SEASONS = "UPDATE derms_candidate SET season = season - (hashint8(device_id + 3) & 1023) %% 3 WHERE program_id = %s"


def measure(run: EventRun) -> Step:
    """Reserve one more event, ranked to 40 %; nothing else is measured with this fleet afterwards."""
    starts_at = clock.now() + 9 * HOUR
    event = run.journey.plan(starts_at=starts_at, target_kw=run.target_kw())
    for days in range(1, EVENTS + 1):
        _count(event, run.program, starts_at - days * DAY)
    Program.objects.filter(pk=run.program).update(rules_data=LIMITS)
    params = {"uid": uuid4(), "program": run.program, "starts_at": starts_at, "ends_at": starts_at + HOUR}
    sql.execute(_UNAVAILABLE, params)
    sql.execute(_SEASONS, [run.program])
    sql.execute("VACUUM FULL derms_candidate")
    sql.execute("VACUUM (ANALYZE)")
    run.schedule(f"choose and reserve, {EVENTS} counted events, limits", event, goal=12)
    return run.steps.pop()


def _count(like: Event, program: int, starts_at: datetime) -> None:
    """A completed event whose calls are counted."""
    fields = {name: getattr(like, name) for name in ("zone", "strategy", "type", "objective", "author", "last_editor")}
    event = Event.objects.create(number=f"B{starts_at:%y%m%d%H%M%S}", name="Counted", **fields)
    ended = {"started_at": starts_at, "ended_at": starts_at + HOUR, "calls_counted_at": starts_at + HOUR}
    window = {"starts_at": starts_at, "ends_at": starts_at + HOUR}
    stage = Stage.objects.create(
        event=event, program_id=program, number=1, control="off", state="Completed", **window, **ended
    )
    partition = Partition("derms_reservation", "stage_id", stage.pk)
    partition.create_from(compose(_CALLED, stage=integer(stage.pk)), {"program": program})
    partition.finish(PRIMARY_KEY)
    partition.attach()
    keep_uses(stage.pk)

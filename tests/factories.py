"""Small utilities to test with; every row is obviously made up."""

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password

from cpm import models as cpm
from derms import models as derms
from derms import operations
from derms.choices import Control, DeviceClass, Objective, StageState
from integration.console.models import User
from integration.seam import sql
from integration.seam.loads import Partition

HOUR = timedelta(hours=1)
RATED_W = 1000
CLASSES: list[str] = list(DeviceClass.values)
PASSWORD = "a-long-test-password"  # noqa: S105  (of people who exist in tests alone)


def person(username: str, *roles: str) -> User:
    """Create a user with these roles."""
    from django.contrib.auth.models import Group

    user = User.objects.create(username=username, password=_hashed(PASSWORD))
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


@cache
def _hashed(password: str) -> str:
    """Hashed once per password, because hashing is deliberately slow."""
    return make_password(password)


def zone(code: str = "NORTH") -> derms.ControlZone:
    """A control zone with one substation, feeder and transformer; it cools all year, whenever a test runs."""
    made = derms.ControlZone.objects.create(code=code, name=f"{code.title()} zone", cooling_months=list(range(1, 13)))
    substation = derms.Substation.objects.create(code=f"{code}-S1", zone=made)
    feeder = derms.Feeder.objects.create(code=f"{code}-F1", substation=substation)
    derms.Transformer.objects.create(code=f"{code}-T1", feeder=feeder)
    return made


_FORECAST = """
WITH hours AS (SELECT date_trunc('hour', %(around)s) + n * interval '1 hour' AS hour
                 FROM generate_series(-%(hours)s, %(hours)s - 1) n),
load AS (INSERT INTO derms_loadforecast (zone_id, hour, forecast_kw) SELECT %(zone)s, hour, %(load)s FROM hours)
INSERT INTO derms_reductionfactor (zone_id, device_class, hour, factor)
SELECT %(zone)s, kind, hour, %(factor)s FROM hours, unnest(%(kinds)s) kind
"""


def forecast(
    made: derms.ControlZone, around: datetime, *, hours: int = 72, load_kw: int = 50_000, factor: float = 1.0
) -> None:
    """A flat load and flat reduction factors for so many hours before and after a moment."""
    params = {"zone": made.pk, "around": around, "hours": hours, "load": load_kw, "factor": factor, "kinds": CLASSES}
    sql.execute(_FORECAST, params)


def program(code: str = "COOL", **rules: Any) -> derms.Program:
    """A program known to both systems."""
    kind, _ = cpm.ProgramType.objects.get_or_create(code="TYPE", defaults={"name": "Test type"})
    cpm.Program.objects.create(code=code, name=f"{code.title()} program", type=kind, rules_data=rules)
    return derms.Program.objects.create(code=code, name=f"{code.title()} program", version=1, rules_data=rules)


_FLEET = """
WITH customer AS (
    INSERT INTO cpm_customer (number, name, account, email, phone)
    SELECT %(prefix)s || 'C' || n, 'Testa Customer ' || n, %(prefix)s || 'A' || n, 'c' || n || '@example.invalid',
           '555-0100'
      FROM generate_series(1, %(devices)s) n RETURNING id),
place AS (
    INSERT INTO cpm_devicelocation (customer_id, address, time_zone, zone, substation, feeder, transformer)
    SELECT id, id || ' Test Street', 'America/New_York', %(zone)s, %(zone)s || '-S1', %(zone)s || '-F1',
           %(zone)s || '-T1'
      FROM customer RETURNING id, customer_id),
device AS (
    INSERT INTO cpm_device (location_id, head_end, nic_id, device_class, model, rated_w, critical_care, installed_at)
    SELECT id, %(head_end)s, %(prefix)s || lpad(row_number() OVER (ORDER BY id)::text, 7, '0'), 'thermostat',
           'Test model', %(rated)s, false, %(since)s
      FROM place RETURNING id, location_id),
subscription AS (
    INSERT INTO cpm_subscription (customer_id, program_id, location_id, starts_at)
    SELECT customer_id, (SELECT id FROM cpm_program WHERE code = %(program)s), id, %(since)s
      FROM place RETURNING id, customer_id, program_id, location_id),
enrollment AS (
    INSERT INTO cpm_enrollment (customer_id, program_id, location_id, subscription_id, applied_at, state, changed_at)
    SELECT customer_id, program_id, location_id, id, %(since)s, 'Registered', %(since)s FROM subscription)
INSERT INTO cpm_subscribeddevice (subscription_id, device_id, answer, error)
SELECT s.id, d.id, 'Registered', '' FROM subscription s JOIN device d USING (location_id)
"""
_KNOWN_DEVICES = """
WITH device AS (
    INSERT INTO derms_device (head_end_id, nic_id, device_class, rated_w, zone_id, feeder_id, transformer_id,
                              critical_care, registered_at)
    SELECT h.id, c.nic_id, c.device_class, c.rated_w, z.id, f.id, t.id, false, c.installed_at
      FROM cpm_device c
      JOIN derms_headend h ON h.code = c.head_end
      JOIN cpm_devicelocation l ON l.id = c.location_id
      JOIN derms_controlzone z ON z.code = l.zone
      JOIN derms_feeder f ON f.code = l.feeder
      JOIN derms_transformer t ON t.code = l.transformer
     WHERE c.nic_id LIKE %(prefix)s || '%%' RETURNING id, registered_at)
INSERT INTO derms_enrollment (program_id, device_id, starts_at)
SELECT %(program)s, id, registered_at FROM device
"""


def fleet(
    where: derms.ControlZone,
    enrolled_in: derms.Program,
    devices: int,
    *,
    since: datetime,
    prefix: str = "N",
    head_end: str = "HE1",
) -> None:
    """Thermostats of 1 kW in a zone, enrolled in a program and known to CPM and DERMS."""
    derms.HeadEnd.objects.get_or_create(code=head_end, defaults={"name": f"Head End {head_end}"})
    params = {"prefix": prefix, "devices": devices, "zone": where.code, "rated": RATED_W, "since": since}
    params["head_end"] = head_end
    sql.execute(_FLEET, {**params, "program": enrolled_in.code})
    sql.execute(_KNOWN_DEVICES, {"prefix": prefix, "program": enrolled_in.pk})


def device(where: derms.ControlZone, enrolled_in: derms.Program, *, since: datetime, **fields: Any) -> derms.Device:
    """One device that only DERMS knows, enrolled in a program."""
    head_end, _ = derms.HeadEnd.objects.get_or_create(code="HE1", defaults={"name": "Head End One"})
    given = {
        "nic_id": f"D{derms.Device.objects.count() + 1:07}",
        "device_class": DeviceClass.THERMOSTAT,
        "rated_w": RATED_W,
        "head_end": head_end,
        "zone": where,
        "feeder": derms.Feeder.objects.get(code=f"{where.code}-F1"),
        "transformer": derms.Transformer.objects.get(code=f"{where.code}-T1"),
        "registered_at": since,
        **fields,
    }
    made = derms.Device.objects.create(**given)
    derms.Enrollment.objects.create(program=enrolled_in, device=made, starts_at=since)
    return made


def used(
    made: derms.Device,
    *,
    before: datetime,
    days: int = 0,
    events: int = 1,
    n: float = 0,
    total: float = 0,
    silent_run: int = 0,
) -> None:
    """Set what a device did in the season of a moment: last called so many days before, `n` responses of `total`."""
    sql.execute(
        "UPDATE derms_candidate SET last_called_on = %(day)s::date - %(days)s, season = %(season)s,"
        " season_events = %(events)s, rate_n = %(n)s, rate_sum = %(total)s, silent_run = %(silent_run)s,"
        " rate_pm = derms_rate_pm(0, 0, %(n)s, %(total)s, %(silent_run)s) WHERE device_id = %(device)s",
        {
            "day": made.zone.local_day(before),
            "season": made.zone.season(before),
            "days": days,
            "events": events,
            "n": n,
            "total": total,
            "silent_run": silent_run,
            "device": made.pk,
        },
    )


def reserved_stage(
    event: derms.Event, of: derms.Program, starts_at: datetime, ends_at: datetime, *devices: derms.Device, **fields: Any
) -> derms.Stage:
    """A stage of an event that has reserved these devices, Scheduled unless another state is given."""
    number = event.stages.count() + 1
    given = {"state": StageState.SCHEDULED, **fields}
    made = derms.Stage.objects.create(
        event=event, program=of, number=number, starts_at=starts_at, ends_at=ends_at, **given
    )
    partition = Partition("derms_reservation", "stage_id", made.pk)
    partition.create()
    ids = [one.pk for one in devices]
    insert = "INSERT INTO {table} (stage_id, device_id, expected_w, nominal_w) SELECT %s, unnest(%s::bigint[]), %s, %s"
    partition.execute(insert, [made.pk, ids, RATED_W, RATED_W])
    partition.finish(derms.PRIMARY_KEY)
    partition.attach()
    return made


def outcomes(stage: derms.Stage, codes: dict[int, str]) -> None:
    """The outcomes of a stage's devices, by their ids, without any reduction."""
    partition = Partition("derms_outcome", "stage_id", stage.pk)
    partition.create()
    insert = (
        "INSERT INTO {table} (stage_id, device_id, code, reduction_w, error)"
        " SELECT %s, unnest(%s::bigint[]), unnest(%s), 0, ''"
    )
    partition.execute(insert, [stage.pk, list(codes), list(codes.values())])
    partition.finish(derms.PRIMARY_KEY)
    partition.attach()


def strategy(
    where: derms.ControlZone,
    uses: derms.Program,
    *,
    objective: str = Objective.MAXIMUM_REDUCTION,
    stages: int = 1,
    stage_minutes: int = 60,
    lead_time_s: int = 300,
    **fields: Any,
) -> derms.Strategy:
    """A strategy whose stages follow one another."""
    kind, _ = derms.EventType.objects.update_or_create(
        category="Device Test",
        defaults={"lead_time_s": lead_time_s, "outcome_timeout_s": 60, "reserve_margin_pct": 0},
    )
    made = derms.Strategy.objects.create(
        name=fields.pop("name", f"Strategy {derms.Strategy.objects.count() + 1}"),
        zone=where,
        type=kind,
        objective=objective,
        **fields,
    )
    for number in range(1, stages + 1):
        derms.StrategyStage.objects.create(
            strategy=made,
            number=number,
            program=uses,
            offset_minutes=(number - 1) * stage_minutes,
            length_minutes=stage_minutes,
            control=Control.OFF,
        )
    return made


def add_stage(event: derms.Event, *, by: User, now: datetime, **fields: Any) -> derms.Stage:
    """Append a stage, by editing the plan."""
    added = operations.PlannedStage(None, fields, [])
    operations.edit_event(event_id=event.pk, fields={}, stages=[*planned(event), added], by=by, now=now)
    return event.stages.latest("number")


def shift_stages(event: derms.Event, by_minutes: int, *, by: User, now: datetime) -> None:
    """Move all stages earlier (below zero) or later, by editing the plan."""
    operations.edit_event(event_id=event.pk, fields={}, stages=planned(event, by_minutes), by=by, now=now)


def planned(event: derms.Event, by_minutes: int = 0) -> list[operations.PlannedStage]:
    """The event's stages as a plan that shifts them by so many minutes."""
    later = timedelta(minutes=by_minutes)
    return [
        operations.PlannedStage(
            stage.number,
            {"starts_at": stage.starts_at + later, "ends_at": stage.ends_at + later},
            list(stage.der_groups.all()),
        )
        for stage in event.stages.order_by("number")
    ]


def seen(*numbers: str) -> dict[str, list[str]]:
    """What the form of an action carries for somebody who looks at these events now."""
    found = derms.Event.objects.filter(number__in=numbers).order_by("pk")
    return {"seen": [f"{event.number}@{event.revision}" for event in found]}

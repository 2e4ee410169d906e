"""Small utilities to test with: every row obviously made up."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from cpm import models as cpm
from derms import models as derms
from derms.choices import Control, DeviceClass, Objective
from integration.config.models import User

HOUR = timedelta(hours=1)
RATED_W = 1000


def person(username: str, *roles: str) -> User:
    """Somebody who signs in, with these roles."""
    from django.contrib.auth.models import Group

    user = User.objects.create_user(username=username, password="a-long-test-password")
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def zone(code: str = "NORTH") -> derms.ControlZone:
    """A control zone with one substation, feeder and transformer."""
    made = derms.ControlZone.objects.create(code=code, name=f"{code.title()} zone")
    substation = derms.Substation.objects.create(code=f"{code}-S1", zone=made)
    feeder = derms.Feeder.objects.create(code=f"{code}-F1", substation=substation)
    derms.Transformer.objects.create(code=f"{code}-T1", feeder=feeder)
    return made


def forecast(made: derms.ControlZone, around: datetime, *, hours: int = 72, load_kw: int = 50_000, factor: float = 1.0) -> None:
    """Flat load and reduction factors for so many hours on both sides of a moment."""
    first = around.replace(minute=0, second=0, microsecond=0) - hours * HOUR
    for n in range(2 * hours):
        derms.LoadForecast.objects.create(zone=made, hour=first + n * HOUR, forecast_kw=load_kw)
    derms.ReductionFactor.objects.bulk_create(
        derms.ReductionFactor(zone=made, device_class=kind, hour=first + n * HOUR, factor=factor)
        for n in range(2 * hours)
        for kind in DeviceClass.values
    )


def program(code: str = "COOL", **rules: Any) -> derms.Program:
    """A program known to both systems."""
    kind, _ = cpm.ProgramType.objects.get_or_create(code="TYPE", defaults={"name": "Test type"})
    cpm.Program.objects.create(code=code, name=f"{code.title()} program", type=kind, rules_data=rules)
    return derms.Program.objects.create(code=code, name=f"{code.title()} program", version=1, rules_data=rules)


_FLEET = """
WITH customer AS (
    INSERT INTO cpm_customer (number, name, account, email, phone)
    SELECT %(prefix)s || 'C' || n, 'Testa Customer ' || n, %(prefix)s || 'A' || n, 'c' || n || '@example.invalid', '555-0100'
      FROM generate_series(1, %(devices)s) n RETURNING id),
place AS (
    INSERT INTO cpm_devicelocation (customer_id, address, time_zone, zone, substation, feeder, transformer)
    SELECT id, id || ' Test Street', 'America/New_York', %(zone)s, %(zone)s || '-S1', %(zone)s || '-F1', %(zone)s || '-T1'
      FROM customer RETURNING id, customer_id),
device AS (
    INSERT INTO cpm_device (location_id, head_end, nic_id, device_class, model, rated_w, critical_care, installed_at)
    SELECT id, 'HE1', %(prefix)s || lpad(row_number() OVER (ORDER BY id)::text, 7, '0'), 'thermostat', 'Test model', %(rated)s,
           false, %(since)s
      FROM place RETURNING id, location_id),
subscription AS (
    INSERT INTO cpm_subscription (uid, customer_id, program_id, location_id, starts_at)
    SELECT gen_random_uuid(), customer_id, (SELECT id FROM cpm_program WHERE code = %(program)s), id, %(since)s
      FROM place RETURNING id, location_id)
INSERT INTO cpm_subscribeddevice (subscription_id, device_id, answer, error)
SELECT s.id, d.id, 'Registered', '' FROM subscription s JOIN device d USING (location_id)
"""
_KNOWN_DEVICES = """
WITH device AS (
    INSERT INTO derms_device (head_end_id, nic_id, device_class, rated_w, zone_id, feeder_id, transformer_id, critical_care,
                              registered_at)
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


def fleet(where: derms.ControlZone, enrolled_in: derms.Program, devices: int, *, since: datetime, prefix: str = "N") -> None:
    """So many thermostats of 1 kW in a zone, enrolled in a program, known to CPM and DERMS."""
    derms.HeadEnd.objects.get_or_create(code="HE1", defaults={"name": "Head End One"})
    params = {"prefix": prefix, "devices": devices, "zone": where.code, "rated": RATED_W, "since": since}
    with connection.cursor() as cursor:
        cursor.execute(_FLEET, {**params, "program": enrolled_in.code})
        cursor.execute(_KNOWN_DEVICES, {"prefix": prefix, "program": enrolled_in.pk})


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
    kind, _ = derms.StrategyType.objects.update_or_create(
        category="Device Test", defaults={"lead_time_s": lead_time_s, "outcome_timeout_s": 60}
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

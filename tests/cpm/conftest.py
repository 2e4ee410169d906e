"""Program events with participations, as if the messages about their stages had been applied."""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from cpm.models import PRIMARY_KEY, Participation, ParticipationOutcome
from cpm.models.customers import Customer, Device
from cpm.models.program_events import ProgramEvent, Transition
from cpm.models.programs import Program, ProgramType
from cpm.set_operations import count_participations, outcome_partition, participation_partition
from derms.models import ControlZone, Event, Strategy
from derms.models import Program as DermsProgram
from integration.console.models import User
from integration.seam.loads import Partition
from integration.seam.settling import settle
from tests import factories

Make = Callable[..., ProgramEvent]


@pytest.fixture
def as_manager(program_manager: User) -> Client:
    return _signed_in(program_manager)


@pytest.fixture
def as_csr(csr: User) -> Client:
    return _signed_in(csr)


@pytest.fixture
def as_outsider(outsider: User) -> Client:
    return _signed_in(outsider)


@pytest.fixture
def devices(zone: ControlZone, program: DermsProgram, now: datetime) -> list[Device]:
    """The ids of five devices of five customers."""
    factories.fleet(zone, program, 5, since=now - timedelta(days=30))
    return list(Device.objects.order_by("pk"))


@pytest.fixture
def make_program_event(devices: list[Device], now: datetime) -> Make:
    """Create program events of the five devices; `outcomes` maps a device's index to what it did."""

    def make(
        number: str = "DR-2026-0001",
        *,
        state: str = "Scheduled",
        starts_in: timedelta = timedelta(hours=2),
        reserved: tuple[int, ...] = (0, 1, 2, 3, 4),
        outcomes: Mapping[int, str] | None = None,
        **fields: Any,
    ) -> ProgramEvent:
        starts = now + starts_in
        given = {"started_at": starts if state in ("In Progress", "Completed") else None, **fields}
        event = ProgramEvent.objects.create(
            stage_uid=uuid.uuid4(), event_uid=uuid.uuid4(), event_number=number, program=Program.objects.get(),
            time_zone="America/New_York", starts_at=starts, ends_at=starts + timedelta(hours=1), state=state,
            revision=1, reservations_loaded_at=now,
            **{"event_name": "Heat peak", "stage_number": 1, "category": "Device Test", **given},
        )  # fmt: skip
        Transition.objects.create(program_event=event, revision=1, to_state="Scheduled", at=now, by="DERMS")
        _take_in_reservations(event, [devices[n] for n in reserved])
        if outcomes is not None:
            _take_in_outcomes(event, {devices[n]: code for n, code in outcomes.items()})
        ProgramEvent.objects.filter(pk=event.pk).update(
            **count_participations(event), outcomes_loaded_at=None if outcomes is None else event.ends_at
        )
        return ProgramEvent.objects.get(pk=event.pk)

    return make


def _signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def _take_in_reservations(event: ProgramEvent, devices: list[Device]) -> None:
    _attach(participation_partition(event))
    Participation.objects.bulk_create(
        Participation(
            program_event_id=event.pk, device_id=d.pk, reservation_flag=True, expected_w=900, preemptive_opt_out=False
        )
        for d in devices
    )  # fmt: skip


def _take_in_outcomes(event: ProgramEvent, codes: Mapping[Device, str]) -> None:
    _attach(outcome_partition(event))
    ParticipationOutcome.objects.bulk_create(
        ParticipationOutcome(
            program_event_id=event.pk, device_id=d.pk, code=code,
            started_at=event.starts_at if code == "D1SP" else None,
            ended_at=event.ends_at if code == "D1SP" else None,
            reduction_w=800 if code == "D1SP" else 0,
            error="" if code == "D1SP" else "=the device said nothing",
        )
        for d, code in codes.items()
    )  # fmt: skip


def _attach(partition: Partition) -> None:
    """An empty partition; rows are inserted through its parent."""
    partition.create()
    partition.finish(PRIMARY_KEY)
    partition.attach()


@pytest.fixture
def allowed(zone: ControlZone, program: DermsProgram) -> Program:
    """The program with both flags switched on."""
    ProgramType.objects.update(allow_to_opt_out=True)
    Program.objects.update(allow_customer_unavailability=True)
    return Program.objects.get()


@pytest.fixture
def reserved(transactional_db: None, event_in: Callable[..., Event], allowed: Program) -> ProgramEvent:
    """A future stage with reserved devices of twenty customers, known to DERMS, CPM and LEC."""
    event_in("Scheduled")
    settle()
    return ProgramEvent.objects.get()


@pytest.fixture
def customer(strategy: Strategy) -> Customer:
    """One of the twenty customers."""
    return Customer.objects.get(number="NC1")


@pytest.fixture
def device(customer: Customer) -> Device:
    return Device.objects.get(location__customer=customer)

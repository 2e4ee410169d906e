"""What an event brought a customer, as the CSR and the customer read it: measured, preliminary, settled."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cpm.models import Customer, Device, ProgramEvent
from cpm.operations import make_link
from cpm.queries import brought_by, past_participations
from integration.seam import clock

from .settlement import approve, day_of, make, measure, method
from .test_settlement_pages import text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("without_emails")]
Make = Callable[..., ProgramEvent]


@pytest.fixture
def event(make_program_event: Make, devices: list[Device], now: datetime) -> ProgramEvent:
    """The first device saved 1.8 kWh."""
    starts_at = now.replace(hour=20, minute=0, second=0, microsecond=0) - timedelta(days=3)
    made = make_program_event(state="Completed", starts_in=starts_at - now, outcomes={0: "D1SP", 1: "D1IO"})
    measure(made, {devices[0].pk: [300, 500, 500, 500]})
    return made


@pytest.fixture
def owner(devices: list[Device]) -> Customer:
    return devices[0].location.customer


def test_without_a_method_the_kwh_are_said(as_csr: Client, event: ProgramEvent, owner: Customer) -> None:
    assert "1.80\N{NO-BREAK SPACE}kWh measured" in as_csr.get(f"/customers/{owner.number}/").content.decode()


def test_with_a_method_the_amount_is_preliminary_until_a_run_is_approved(
    as_csr: Client, event: ProgramEvent, owner: Customer, now: datetime
) -> None:
    energy, page = method("energy", "0.50"), f"/customers/{owner.number}/"
    own = f"/my-devices/{make_link(customer_id=owner.pk, by='cora', now=now).token}/"

    for address in (page, own):
        assert "1.80 kWh, 0.90 USD, preliminary" in text_of(as_csr.get(address))
    run = make(energy, day_of(event))
    assert "preliminary" in text_of(as_csr.get(own)), "a draft settles nothing"
    approve(run)
    for address in (page, own):
        assert "1.80 kWh, 0.90 USD, settled" in text_of(as_csr.get(address))


def test_a_correction_changes_what_is_settled(event: ProgramEvent, owner: Customer, devices: list[Device]) -> None:
    energy = method("energy", "0.50")
    approve(make(energy, day_of(event)))
    measure(event, {devices[0].pk: [300, 500, 500, 900]})
    approve(make(energy, day_of(event)))

    (brought,) = brought_by(past_participations(owner, limit=9)).values()

    assert (str(brought.kwh), f"{brought.amount:.2f}", brought.is_settled) == ("2.2", "1.10", True)


def test_it_is_settled_once_every_method_has_settled_it(event: ProgramEvent, owner: Customer) -> None:
    """2.00 for the event and 1.8 kWh at 0.50."""
    flat, energy = method("event", "2.00"), method("energy", "0.50")
    found = []
    for one in (flat, energy):
        approve(make(one, day_of(event)))
        (brought,) = brought_by(past_participations(owner, limit=9)).values()
        found.append((f"{brought.amount:.2f}", brought.is_settled))
    assert found == [("2.90", False), ("2.90", True)]


def test_kwh_are_those_that_were_paid_for(event: ProgramEvent, owner: Customer, devices: list[Device]) -> None:
    approve(make(method("energy", "0.50"), day_of(event)))
    measure(event, {devices[0].pk: [300, 500, 500, 900]})

    (brought,) = brought_by(past_participations(owner, limit=9)).values()

    assert (str(brought.kwh), f"{brought.amount:.2f}", brought.is_settled) == ("1.8", "0.90", True)


def test_each_participation_has_its_own_currency(
    make_program_event: Make, event: ProgramEvent, owner: Customer, now: datetime
) -> None:
    """A method in euros settled the older event, one in dollars the newer."""
    older = make_program_event("DR-2026-0002", state="Completed", starts_in=timedelta(days=-9), outcomes={0: "D1SP"})
    euros = method("event", "3.00", name="Old", currency="EUR", ends_on=day_of(older))
    dollars = method("event", "2.00", name="New", starts_on=day_of(event))
    approve(make(euros, day_of(older)))
    approve(make(dollars, day_of(event)))

    found = brought_by(past_participations(owner, limit=9))

    amounts = {key.program_event_id: (one.currency, f"{one.amount:.2f}", one.is_settled) for key, one in found.items()}
    assert amounts == {older.pk: ("EUR", "3.00", True), event.pk: ("USD", "2.00", True)}


def test_methods_of_an_event_are_added_and_flat_ones_need_no_meter(
    make_program_event: Make, devices: list[Device], owner: Customer, now: datetime
) -> None:
    """The override earns half of 2.50, and of 0.9 kW for 1.00 nothing."""
    make_program_event(state="Completed", starts_in=timedelta(days=-3), outcomes={0: "D1IO"})
    method("event", "2.50", override_percent=50)
    method("reserved", "1.00")
    method("energy", "9", override_percent=10)  # nothing is measured

    (brought,) = brought_by(past_participations(owner, limit=9)).values()

    assert (brought.kwh, f"{brought.amount:.2f}", brought.is_settled) == (None, "1.25", False)


def test_more_events_need_no_more_queries(
    make_program_event: Make, devices: list[Device], owner: Customer, now: datetime
) -> None:
    method("energy", "0.50")

    def queries() -> int:
        rows = past_participations(owner, limit=20)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert len(brought_by(rows)) == len(rows) > 0
        return len(asked)

    found = []
    for number in range(1, 4):
        days = timedelta(days=-number, hours=-2)
        event = make_program_event(f"DR-2026-000{number}", state="Completed", starts_in=days, outcomes={0: "D1SP"})
        measure(event, {devices[0].pk: [100] * 4}, starts_at=clock.now() + days)
        found.append(queries())
    assert found[0] == found[-1] <= 8

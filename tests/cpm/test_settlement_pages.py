"""Settlement on its pages: from a method to a run that is handed over, and a line that is explained."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from cpm.models import Device, ProgramEvent, SettlementMethod, SettlementRun, TimePrice
from cpm.operations.settlement_lines import reckon_settlement_run
from integration.console.models import User
from integration.console.roles import PROGRAM_MANAGER
from integration.seam import clock
from tests import factories
from tests.pages.html import html_of

from .settlement import approve, day_of, make, measure, method

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., ProgramEvent]


def text_of(answer: Any) -> str:
    """What people read of a page."""
    return " ".join(re.sub(r"<[^>]*>", " ", html_of(answer)).split())


@pytest.fixture
def event(make_program_event: Make, devices: list[Device], now: datetime) -> ProgramEvent:
    starts_at = now.replace(hour=20, minute=0, second=0, microsecond=0) - timedelta(days=3)
    made = make_program_event(state="Completed", starts_in=starts_at - now, outcomes={0: "D1SP", 1: "D1IO"})
    measure(made, {devices[0].pk: [300, 500, 400, 100]})
    return made


@pytest.fixture
def as_other(db: None) -> Client:
    client = Client()
    client.force_login(factories.person("paul", PROGRAM_MANAGER))
    return client


def file_of(person: User, address: str) -> list[str]:
    """The lines of a file."""

    async def read() -> str:
        client = AsyncClient()
        await client.aforce_login(person)
        answer: Any = await client.get(address)
        return b"".join([part async for part in answer.streaming_content]).decode("utf-8-sig")

    return async_to_sync(read)().splitlines()


def decide(client: Client, run: SettlementRun, verb: str, **given: Any) -> int:
    """What a person's page of an action sends."""
    run = SettlementRun.objects.get(pk=run.pk)
    seen: Mapping[str, Any] = {"version": run.revision, "amount": run.amount, **given}
    return client.post(f"/settlement/{run.pk}/{verb}/", seen).status_code


def test_a_method_is_made_with_times_of_use_and_gets_new_prices(as_manager: Client, event: ProgramEvent) -> None:
    code = event.program.code
    given = {
        "name": "Summer", "kind": "energy", "currency": "USD", "starts_on": "2026-01-01", "success_percent": 100,
        "override_percent": 50, "silent_percent": 0, "error_percent": 0, "canceled_percent": 0, "price": "0.20",
        "days_1": "working", "from_1": "16:00", "until_1": "21:00", "price_1": "0.50", "note": "tariff 12",
    }  # fmt: skip

    assert as_manager.post(f"/programs/{code}/settlement/new/", {**given, "until_1": "15:00"}).status_code == 422
    assert as_manager.post(f"/programs/{code}/settlement/new/", given).status_code == 302

    made = SettlementMethod.objects.get()
    times = TimePrice.objects.values_list("weekday", "from_minute", "until_minute", "price")
    assert list(times) == [(day, 960, 1260, Decimal("0.5")) for day in range(5)]
    page = f"/settlement/methods/{made.pk}/"
    assert "tariff 12" in text_of(as_manager.get(page))
    assert as_manager.post(f"{page}prices/new/", {"price": "0.30", "version": 1, "opened": "{}"}).status_code == 302
    assert [one.price for one in made.prices.order_by("number")] == [Decimal("0.2"), Decimal("0.3")]
    assert "Prices 2: added" in text_of(as_manager.get(page))


def test_a_run_goes_from_one_person_to_another(
    as_manager: Client, as_other: Client, program_manager: User, event: ProgramEvent
) -> None:
    flat, day = method("event", "2.50"), day_of(event)
    sent = {"prices": flat.prices.get().pk, "starts_on": day, "ends_on": day}
    assert as_manager.post("/settlement/new/", sent).status_code == 302
    run = SettlementRun.objects.get()
    assert "0 / 1 parts" in text_of(as_manager.get(f"/settlement/{run.pk}/"))
    reckon_settlement_run(run.pk, now=clock.now())

    assert decide(as_manager, run, "review") == 409, "who made it does not review it"
    assert decide(as_other, run, "review", version=1) == 409, "it was another revision"
    assert decide(as_other, run, "review") == 302
    assert decide(as_manager, run, "approve") == 409
    assert decide(as_other, run, "approve", amount="7") == 409, "it was another amount"
    assert as_other.get(f"/settlement/{run.pk}/export/").status_code == 409, "nothing is given out before"
    assert decide(as_other, run, "approve") == 302
    assert decide(as_other, run, "hand-over") == 302
    assert decide(as_manager, run, "cancel", reason="wrong") == 409

    run.refresh_from_db()
    assert (run.state, run.made_by, run.approved_by) == ("Exported", program_manager.username, "paul")
    assert run.amount == Decimal("2.5")


def test_what_is_given_out_are_the_settled_lines(program_manager: User, event: ProgramEvent) -> None:
    run = approve(make(method("event", "2.50"), day_of(event)))

    lines = file_of(program_manager, f"/settlement/{run.pk}/export/")

    assert lines[0].startswith("Run,Customer,Account,Id in the CIS,Service point,Program event,Stage,Device,Outcome")
    assert len(lines) == 3, "those that are left out are not paid"
    assert lines[1].endswith("D1SP,1.000000,100.0000,2.5000,0.0000,2.5000,USD")


def test_statements_can_have_a_row_for_each_interval(program_manager: User, event: ProgramEvent) -> None:
    run = approve(make(method("energy", "0.20"), day_of(event)))

    header, *rows = file_of(program_manager, f"/settlement/{run.pk}/intervals/export/")

    assert header.endswith(
        "Outcome,Interval,Interval s,Baseline kWh,Metered kWh,Saved kWh,Price per kWh,Interval amount,"
        '"Earns, %",Due,Settled before,Amount,Currency'
    )
    took_part, silent = rows[:4], rows[4:]
    assert ",D1SP," in took_part[0]
    assert took_part[0].endswith(",900,1,0.7,0.3,0.200000,0.0600000,100.0000,0.2600,0.0000,0.2600,USD")
    assert [row.split(",")[13] for row in took_part] == ["0.3", "0.5", "0.4", "0.1"]
    assert [row.split(",")[-2] for row in took_part] == ["0.2600", "", "", ""], "the column adds up to the line"
    assert len(silent) == 1, "the override earns nothing: one row without intervals"
    assert ",D1IO,,,,,,,,0.0000,0.0000," in silent[0]


def test_a_line_explains_each_interval(as_manager: Client, event: ProgramEvent, devices: list[Device]) -> None:
    run = make(method("energy", "0.20"), day_of(event))
    lines = f"/settlement/{run.pk}/lines/"

    said = text_of(as_manager.get(f"{lines}{event.pk}/{devices[0].pk}/"))
    left_out = text_of(as_manager.get(f"{lines}{event.pk}/{devices[4].pk}/"))

    assert "Interval Baseline kWh Metered kWh Saved kWh Price per kWh Amount" in said
    assert "1.000 0.700 0.300 0.20 0.06" in said
    assert "Together 4.000 2.700 1.300 0.26" in said
    assert "Amount 0.26 USD" in said
    assert "10 of 10: the mean of the latest ten like days" in said
    like_day = day_of(event) - timedelta(days=1)
    assert f"{like_day:%a} {like_day.day} {like_day:%b}: counts" in said
    assert "Left out, and nothing is paid: the device left" in left_out
    assert "not called" not in text_of(as_manager.get(lines))
    assert "N0000005" in text_of(as_manager.get(f"{lines}?left_out=not+called"))


def test_a_line_of_a_season_shows_what_each_event_is_worth(
    as_manager: Client, event: ProgramEvent, devices: list[Device]
) -> None:
    run = make(method("drop", "10", top_percent=50, override_percent=50), day_of(event))
    measured, unmeasured = (f"/settlement/{run.pk}/lines/0/{device.pk}/" for device in devices[:2])

    said = text_of(as_manager.get(measured))

    assert "Program event Outcome Earns, % Highest drop, kW, times what it earns Counts" in said
    assert "100 2.000 Yes" in said, "its highest drop is 500 Wh in a quarter of an hour"
    assert "2 \N{MULTIPLICATION SIGN} 10 = 20 USD" in said
    assert "the event is not measured yet 50 — No" in text_of(as_manager.get(unmeasured))


def test_a_run_that_can_not_be_says_why(as_manager: Client, event: ProgramEvent) -> None:
    flat, today = method("event"), clock.now().date()

    answer = as_manager.post("/settlement/new/", {"prices": flat.prices.get().pk, "starts_on": today, "ends_on": today})

    assert answer.status_code == 409
    assert "is not over. Choose a period that has ended." in answer.content.decode()


def test_the_file_of_drops_has_the_layout_of_the_reference_system(program_manager: User, event: ProgramEvent) -> None:
    run = make(method("energy"), day_of(event))

    header, *rows = file_of(program_manager, f"/settlement/{run.pk}/kw-drops/export/")

    layout = "EventId,ProgramId,SPId,ActualStartTime,ActualEndTime,IntervalSize(Seconds),MaxKwDrop"
    assert header == f"{layout},KwDrop1,KwDrop2,KwDrop3,KwDrop4"
    (row,) = rows
    assert row.startswith(f"DR-2026-0001-1,{event.program.code},")
    assert row.endswith(",900,2.0,1.2,2.0,1.6,0.4")

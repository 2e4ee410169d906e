"""The pages with many participations and customers, beside the same pages with few, fetched as a browser does."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from statistics import quantiles
from typing import NamedTuple
from urllib.parse import urlencode

from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from rich.console import Console
from rich.table import Table

from cpm.choices import ParticipationStatus
from cpm.models.customers import Customer, Device
from cpm.models.program_events import ProgramEvent
from cpm.set_operations import outcome_partition, participation_partition
from integration.commands.journey import person_of
from integration.console.models import User
from integration.console.roles import CSR, OPERATOR, PROGRAM_MANAGER
from integration.demo.customers import add_customers
from integration.seam import clock, sql
from integration.seam.loads import Partition
from integration.seam.outcomes import CODES
from integration.seam.sql import analyze, compose, identifier, listed

from .copies import copy_row
from .crew import BenchFailed
from .report import Row
from .steps import EventRun

PROGRAM_EVENTS = 20
TURNS, A_TURN = 4, 10
SAMPLES = TURNS * A_TURN
GOAL = 2
CUSTOMERS_BY_DEVICE = 0.45  # in an invented fleet; the next round adds what is still missing
DEVICES_PER_TRANSACTION = 500_000
# Of ten program events one is still to come and one was canceled before its start; the others are full copies.
NEW_VALUES = {
    "stage_uid": "gen_random_uuid()",
    "event_number": "event_number || '-' || n",
    "state": "CASE n %% 10 WHEN 8 THEN 'Canceled' WHEN 9 THEN 'Scheduled' ELSE state END",
    "started_at": "CASE WHEN n %% 10 < 8 THEN started_at END",
    "closed": "CASE WHEN n %% 10 < 8 THEN closed ELSE 0 END",
    "outcomes": "CASE WHEN n %% 10 < 8 THEN outcomes ELSE '{}' END",
    "outcomes_loaded_at": "CASE WHEN n %% 10 < 8 THEN outcomes_loaded_at END",
}


class Times(NamedTuple):
    """Seconds over SAMPLES fetches."""

    p50: float
    p95: float


class Page(NamedTuple):
    """One kind of page, with few rows and with many."""

    name: str
    few: Times
    many: Times


def fill(run: EventRun, *, customers: int) -> None:
    """Add PROGRAM_EVENTS copies of the event's program event with all participations, and customers up to a number."""
    like = ProgramEvent.objects.get(stage_uid=run.stage.uid)
    for pk in copy_row(like, PROGRAM_EVENTS, NEW_VALUES):
        copy = ProgramEvent.objects.get(pk=pk)
        with transaction.atomic():
            _copy_rows(participation_partition(like), participation_partition(copy))
            if copy.closed:
                _copy_rows(outcome_partition(like), outcome_partition(copy))
    while missing := customers - Customer.objects.count():
        if missing < 0:
            break
        tag = f"{run.journey.tag}X"
        devices = min(DEVICES_PER_TRANSACTION, int(missing / CUSTOMERS_BY_DEVICE) + 10)
        with transaction.atomic():
            add_customers(zone_code=run.journey.tag, devices=devices, seed=2, prefix=tag, now=clock.now())
    analyze("cpm_customer", "cpm_devicelocation", "cpm_device", "cpm_programevent")


def keep_few() -> str:
    """Copy the database as it is now and return the copy's name. No other session may be connected to it."""
    whole = connection.settings_dict["NAME"]
    connection.close()
    with connection._nodb_cursor() as cursor:
        few = identifier(f"{whole}_few")
        cursor.execute(compose("CREATE DATABASE {few} TEMPLATE {whole}", few=few, whole=identifier(whole)))
    return f"{whole}_few"


def drop_few(database: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(compose("DROP DATABASE {database}", database=identifier(database)))


def times(few: EventRun, many: EventRun, few_in: str) -> list[Page]:
    """Fetch every page from both databases in turn, so that varying load of the machine affects both."""
    whole = connection.settings_dict["NAME"]
    with _using(few_in):
        addresses_few = _addresses(few)
    pages = []
    for name, addresses in _addresses(many).items():
        seconds: dict[str, list[float]] = {few_in: [], whole: []}
        for turn in range(TURNS):
            for database, there in ((few_in, addresses_few[name]), (whole, addresses)):
                with _using(database):
                    seconds[database] += _fetch_some(name, there, turn)
        pages.append(Page(name, _times_of(seconds[few_in]), _times_of(seconds[whole])))
    return pages


def rows(pages: list[Page]) -> list[Row]:
    """A row per page: the ratio of p95 with many rows to p95 with few."""
    return [
        Row(
            f"page, p95: {page.name}", None, page.many.p95, page.few.p95, None,
            round(page.many.p95 / page.few.p95, 2), GOAL,
        )
        for page in pages
    ]  # fmt: skip


def print_times(pages: Iterable[Page]) -> None:
    table = Table(title="Pages in milliseconds, with few participations and customers and with many")
    for name in ("Page", "Few: p50", "p95", "Many: p50", "p95"):
        table.add_column(name, justify="left" if name == "Page" else "right")
    for page in pages:
        table.add_row(page.name, *(f"{seconds * 1000:.1f}" for seconds in (*page.few, *page.many)))
    Console(width=140).print(table)


def _copy_rows(source: Partition, target: Partition) -> None:
    columns = sql.column(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", [source.parent]
    )
    values = listed(target.values if name == source.key else identifier(name) for name in columns)
    target.create()
    target.execute("INSERT INTO {table} SELECT {values} FROM {source}", values=values, source=identifier(source.table))
    target.finish((target.key, "device_id"))
    target.attach()


def _addresses(run: EventRun) -> dict[str, list[str]]:
    number = ProgramEvent.objects.get(stage_uid=run.stage.uid).event_number
    copies = ProgramEvent.objects.filter(event_number__startswith=f"{number}-").order_by("pk")
    events = [{"program_event": f"{copy.event_number}-{copy.stage_number}"} for copy in copies]
    devices = list(
        Device.objects.filter(nic_id__startswith=f"N{run.journey.tag}-")
        .select_related("location__customer")
        .order_by("nic_id")[:: max(1, run.journey.devices // SAMPLES)]
    )
    filters = {
        "device": [{"device": device.nic_id} for device in devices],
        "customer": [{"customer": device.location.customer.number} for device in devices],
        "status": [{"status": status} for status in ParticipationStatus.values],
        "outcome": [{"outcome": code.value} for code in CODES],
    }
    listing = reverse("cpm:participation_list")
    search = reverse("cpm:customer_list")
    people = [device.location.customer for device in devices]
    searches = {
        "name": [customer.name for customer in people],
        "account": [customer.account for customer in people],
        "address": [device.location.address.partition(",")[0] for device in devices],
        "phone": [customer.phone for customer in people],
        "device": [device.nic_id for device in devices],
    }
    return {
        "Event Participation": [listing],
        "participation by program event": _each(listing, events),
        **{f"participation by {name}": _each(listing, chosen) for name, chosen in filters.items()},
        **{
            f"participation by program event and {name}": _each(listing, _both(events, chosen))
            for name, chosen in filters.items()
        },
        "event": [reverse("derms:event", args=[run.event.number])],
        **{
            f"customer search by {name}": _each(search, [{"q": text} for text in found])
            for name, found in searches.items()
        },
    }


def _each(address: str, queries: list[dict[str, str]]) -> list[str]:
    return [f"{address}?{urlencode(query)}" for query in queries]


def _both(events: list[dict[str, str]], chosen: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{**event, **other} for event, other in islice(zip(cycle(events), cycle(chosen)), SAMPLES)]


@contextmanager
def _using(database: str) -> Iterator[None]:
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def _fetch_some(name: str, addresses: list[str], turn: int) -> list[float]:
    client = Client(SERVER_NAME="localhost")
    client.force_login(reader(name))
    each = islice(cycle(addresses), turn * A_TURN, (turn + 1) * A_TURN)
    _fetch(client, addresses[0])  # warms up the new connection and its caches
    return [_fetch(client, address) for address in each]


def _times_of(seconds: list[float]) -> Times:
    hundredths = quantiles(seconds, n=100, method="inclusive")
    return Times(hundredths[49], hundredths[94])


def reader(name: str) -> User:
    """A user who may open all these pages; one per page, because searches are limited per person."""
    person = person_of(f"bench.{name.replace(' ', '-')}", CSR)
    person.groups.set(Group.objects.filter(name__in=[CSR, PROGRAM_MANAGER, OPERATOR]))
    return person


def _fetch(client: Client, address: str) -> float:
    began = time.perf_counter()
    answer = client.get(address, secure=True)
    seconds = time.perf_counter() - began
    if answer.status_code not in {200, 302}:
        raise BenchFailed(f"{address} answered {answer.status_code}")
    return seconds

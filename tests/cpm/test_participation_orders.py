"""The orders of Event Participation: each page continues where the last one ended, whatever the rows hold."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import Q
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from cpm.models import Participation, ParticipationOutcome
from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program
from cpm.queries import ParticipationRow, Place, Wanted, participations
from derms.models import ControlZone
from derms.models import Program as DermsProgram
from integration.console.models import User
from tests import factories
from tests.cpm.test_participation_export import exported

Make = Callable[..., ProgramEvent]
LIST = "/program-events/participation/"
DEVICES = 12
FILTERS: list[dict[str, Any]] = [{}, {"outcome": "D1SP"}, {"flag": True}, {"outcome": "D1SP", "flag": False}]
VALUES: dict[str, Callable[[ParticipationRow], Any]] = {
    "customer": lambda row: row.device.location.customer.number,
    "outcome": lambda row: row.facts.code,
    "actual": lambda row: row.facts.started_at,
    "expected": lambda row: row.facts.expected_w,
    "reduction": lambda row: row.facts.reduction_w,
}


@pytest.fixture
def devices(zone: ControlZone, program: DermsProgram, now: datetime) -> list[Device]:
    """Devices of which some share a customer."""
    factories.fleet(zone, program, DEVICES, since=now - timedelta(days=30))
    found = list(Device.objects.order_by("pk"))
    for one, other in ((3, 9), (4, 0), (7, 9)):
        Device.objects.filter(pk=found[one].pk).update(location=found[other].location)
    return found


@pytest.fixture
def event(make_program_event: Make) -> ProgramEvent:
    made = make_program_event(state="Completed", reserved=range(DEVICES), outcomes={})
    ProgramEvent.objects.filter(pk=made.pk).update(closed=1, outcomes={"D1SP": 1})
    return made


def fill(event: ProgramEvent, seed: int) -> None:
    """Give each device values of which several devices have the same; some devices have no outcome."""
    chance = random.Random(seed)  # noqa: S311 (no secret)
    ParticipationOutcome.objects.filter(program_event_id=event.pk).delete()
    made = []
    for row in Participation.objects.filter(program_event_id=event.pk):
        code, minutes = chance.choice(("D1SP", "D1IO")), chance.choice((None, 0, 7))
        facts = {"expected_w": chance.choice((0, 500, 900)), "reservation_flag": chance.random() < 0.6}
        Participation.objects.filter(pk=row.pk).update(**facts)
        started_at = None if minutes is None else event.starts_at + timedelta(minutes=minutes, microseconds=1)
        if chance.random() < 0.7:
            made.append(
                ParticipationOutcome(
                    program_event_id=event.pk, device_id=row.device_id, code=code, started_at=started_at,
                    ended_at=None, reduction_w=chance.choice((0, 450, 900)), error="",
                )
            )  # fmt: skip
    ParticipationOutcome.objects.bulk_create(made)


def plainly_sorted(rows: list[ParticipationRow], sort: str) -> list[ParticipationRow]:
    """By value, then by device, both downwards with a "-"; rows without a value last."""
    value, is_down = VALUES[sort.removeprefix("-")], sort.startswith("-")
    having = [row for row in rows if value(row) is not None]
    lacking = [row for row in rows if value(row) is None]
    return [
        *sorted(having, key=lambda row: (value(row), row.device.pk), reverse=is_down),
        *sorted(lacking, key=lambda row: row.device.pk, reverse=is_down),
    ]


def read_on(wanted: Wanted, sort: str, size: int) -> list[ParticipationRow]:
    read: list[ParticipationRow] = []
    while rows := participations(wanted, sort=sort, after=read[-1].place(sort) if read else None, limit=size):
        read += rows
    return read


@given(
    seed=st.integers(0, 10_000),
    sort=st.sampled_from([f"{sign}{name}" for name in VALUES for sign in ("", "-")]),
    size=st.integers(1, DEVICES + 1),
    filters=st.sampled_from(FILTERS),
)
def test_pages_of_any_size_are_the_rows_in_a_plain_sort(
    event: ProgramEvent, seed: int, sort: str, size: int, filters: dict[str, Any]
) -> None:
    fill(event, seed)
    wanted = Wanted(program_events=Q(pk=event.pk), **filters)
    rows = participations(wanted, limit=100)
    assert [row.key for row in read_on(wanted, sort, size)] == [row.key for row in plainly_sorted(rows, sort)]


@pytest.mark.parametrize("sort", ["reduction", "-outcome"])
def test_a_row_that_changes_between_two_pages_moves_no_other(event: ProgramEvent, sort: str) -> None:
    fill(event, 7)
    wanted = Wanted(program_events=Q(pk=event.pk))
    whole = participations(wanted, sort=sort, limit=100)
    first, last = whole[:4], whole[3]
    ParticipationOutcome.objects.filter(program_event_id=event.pk, device_id=last.device.pk).delete()
    rest = participations(wanted, sort=sort, after=last.place(sort), limit=100)
    assert [row.key for row in rest if row.key != last.key] == [row.key for row in whole[4:]]
    assert not {row.key for row in first[:-1]} & {row.key for row in rest}


@pytest.mark.parametrize(
    ("sort", "numbers"),
    [
        ("program", "3124"),
        ("-program", "4213"),
        ("window", "2431"),
        ("-window", "1342"),
        ("pk", "1234"),
        ("-pk", "4321"),
    ],
)
@pytest.mark.parametrize("chosen", [False, True])
@pytest.mark.parametrize("size", [2, 100])
def test_program_events_follow_one_another_in_their_order(
    make_program_event: Make, devices: list[Device], sort: str, numbers: str, chosen: bool, size: int
) -> None:
    for number, hours in ((1, 8), (2, 2), (3, 7), (4, 2)):
        make_program_event(f"DR-2026-000{number}", starts_in=timedelta(hours=hours))
    air = Program.objects.create(code="AIR", name="Air", type=Program.objects.get().type)
    ProgramEvent.objects.filter(event_number="DR-2026-0003").update(program=air)
    wanted = Wanted(device_ids=[device.pk for device in devices[:3]] if chosen else None)
    read = [(row.program_event.event_number[-1], row.device.pk) for row in read_on(wanted, sort, size)]
    each = [device.pk for device in devices[: 3 if chosen else 5]]
    assert read == [(number, device) for number in numbers for device in each]


def test_an_order_by_rows_is_for_one_program_event(make_program_event: Make) -> None:
    make_program_event("DR-2026-0001")
    make_program_event("DR-2026-0002")
    with pytest.raises(ValueError, match="needs a filter by one program event"):
        participations(Wanted(), sort="reduction", limit=10)
    assert participations(Wanted(program_events=Q(pk=0)), sort="reduction", limit=10) == []


def test_headings_sort_the_rows_of_a_program_event_and_pages_follow(
    event: ProgramEvent, as_csr: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(event, 3)
    monkeypatch.setattr("cpm.views.participations.SIZE", 5)
    for name in VALUES:
        for sort in (name, f"-{name}"):
            read, url = [], f"{LIST}?program_event=DR-2026-0001-1&sort={sort}"
            while url:
                page = as_csr.get(url).context["page"]
                read += page.rows
                url = LIST + page.next_url if page.next_url else ""
            assert [row.key for row in read] == [row.key for row in plainly_sorted(read, sort)]
            assert len(read) == DEVICES
    page = as_csr.get(f"{LIST}?program_event=DR-2026-0001-1&sort=-reduction").content.decode()
    assert page.count("aria-sort=") == 1
    assert "sort=-window" not in page


def test_a_list_of_several_program_events_is_sorted_by_them_alone(make_program_event: Make, as_csr: Client) -> None:
    make_program_event("DR-2026-0001", starts_in=timedelta(hours=3))
    make_program_event("DR-2026-0002", starts_in=timedelta(hours=2))
    page = as_csr.get(LIST).content.decode()
    assert "sort=program" in page
    assert "sort=-window" in page
    assert "sort=-reduction" not in page
    rows = as_csr.get(f"{LIST}?sort=window").context["page"].rows
    assert [row.program_event.event_number for row in rows] == ["DR-2026-0002"] * 5 + ["DR-2026-0001"] * 5
    rows = as_csr.get(f"{LIST}?sort=reduction").context["page"].rows
    assert rows[0].program_event.event_number == "DR-2026-0002"


def test_people_who_may_not_see_customers_cannot_sort_by_them(event: ProgramEvent, as_manager: Client) -> None:
    answer = as_manager.get(f"{LIST}?program_event=DR-2026-0001-1&sort=-customer")
    assert answer.context["sort"] == "-pk"
    assert "sort=customer" not in answer.content.decode()


def test_an_address_that_names_no_place_in_the_order_is_refused(event: ProgramEvent, as_csr: Client) -> None:
    here = {"program_event": "DR-2026-0001-1"}
    for sort, after in (
        ("reduction", "1~2"), ("reduction", "1~2~x"), ("reduction", "1~2~-1"), ("actual", "1~2~soon"),
        ("customer", "1~2~\x00"), ("outcome", "x~2~D1SP"), ("program", "1~2~3"), ("reduction", f"1~2~{'9' * 19}"),
    ):  # fmt: skip
        assert as_csr.get(LIST, {**here, "sort": sort, "after": after}).status_code == 400, (sort, after)
    assert as_csr.get(LIST, {**here, "sort": "reduction", "after": "1~2~"}).status_code == 200


def test_a_place_names_its_row(event: ProgramEvent) -> None:
    fill(event, 5)
    row = participations(Wanted(program_events=Q(pk=event.pk)), limit=1)[0]
    assert row.place("-pk") == Place(row.key)
    assert row.place("-expected") == Place(row.key, row.facts.expected_w)


def test_the_file_has_the_order_of_the_list(
    event: ProgramEvent, csr: User, as_csr: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(event, 3)
    monkeypatch.setattr("cpm.views.participations.PAGE", 5)
    for sort in ("-reduction", "customer", "actual"):
        address = f"program_event=DR-2026-0001-1&sort={sort}"
        shown = [row.device.nic_id for row in as_csr.get(f"{LIST}?{address}").context["page"].rows]
        assert [row[4] for row in exported(csr, address)[1:]] == shown


def test_a_list_of_several_program_events_says_what_one_is_needed_for(event: ProgramEvent, as_csr: Client) -> None:
    hint = "Choose a program event and stage to sort by a row's values"
    assert hint in as_csr.get(LIST).content.decode()
    assert hint not in as_csr.get(f"{LIST}?program_event=DR-2026-0001-1").content.decode()

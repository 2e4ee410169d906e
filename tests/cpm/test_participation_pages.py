"""Event Participation: what a person finds, in which order, and what the export contains."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent
from cpm.queries import ParticipationKey, Place, Total, Wanted, participations
from integration.seam.messages import DeviceReservation, ExtractRef
from integration.seam.models import Load
from integration.seam.outbox import send
from integration.seam.systems import System
from tests import factories
from tests.pages.html import html_of

Make = Callable[..., ProgramEvent]
LIST = "/program-events/participation/"
EXPORT = f"{LIST}export/"
MIXED = {0: "D1SP", 1: "D1SP", 2: "D1IO", 3: "D1ER"}


def shown(client: Client, query: str = "") -> list[tuple[str, str]]:
    """(program event, NIC id) of the page's rows."""
    rows = client.get(f"{LIST}?{query}").context["page"].rows
    return [(str(row.program_event), row.device.nic_id) for row in rows]


@pytest.mark.parametrize("name", ["DR-2026-0002-1", "DR-2026-0002/1", "dr-2026-0002 stage 1", "DR-2026-0002 1"])
def test_a_program_event_is_named_as_people_write_it(make_program_event: Make, as_csr: Client, name: str) -> None:
    make_program_event("DR-2026-0001", reserved=(0,))
    make_program_event("DR-2026-0002", reserved=(1,))
    assert shown(as_csr, f"program_event={name}") == [("DR-2026-0002 stage 1", "N0000002")]


def test_the_page_lists_each_device_of_each_program_event_newest_first(
    make_program_event: Make, as_csr: Client
) -> None:
    make_program_event("DR-2026-0001", reserved=(0, 1))
    make_program_event("DR-2026-0002", reserved=(1, 2))
    assert shown(as_csr) == [
        ("DR-2026-0002 stage 1", "N0000002"),
        ("DR-2026-0002 stage 1", "N0000003"),
        ("DR-2026-0001 stage 1", "N0000001"),
        ("DR-2026-0001 stage 1", "N0000002"),
    ]


def test_reserved_devices_show_flag_status_and_no_outcome(make_program_event: Make, as_csr: Client) -> None:
    make_program_event(reserved=(0,))
    (row,) = as_csr.get(LIST).context["page"].rows
    assert (row.facts.reservation_flag, row.facts.status, row.facts.code) == (True, "Reserved", None)


def test_an_outcome_closes_a_participation(make_program_event: Make, as_csr: Client) -> None:
    make_program_event(state="Completed", reserved=(3,), outcomes={3: "D1ER"})
    (row,) = as_csr.get(LIST).context["page"].rows
    assert (row.facts.status, row.facts.code, row.outcome) == ("Closed", "D1ER", "Error")


def test_a_stage_canceled_before_its_start_cancels_its_participations(make_program_event: Make, as_csr: Client) -> None:
    make_program_event(state="Canceled", reserved=(0,))
    assert as_csr.get(LIST).context["page"].rows[0].facts.status == "Canceled"


def test_a_stage_canceled_while_it_ran_leaves_them_reserved_until_the_outcomes_are_in(
    make_program_event: Make, as_csr: Client
) -> None:
    event = make_program_event(state="Canceled", reserved=(0,), started_at=None)
    ProgramEvent.objects.filter(pk=event.pk).update(started_at=event.starts_at)
    assert as_csr.get(LIST).context["page"].rows[0].facts.status == "Reserved"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("program_event=DR-2026-0001-1", ["1-1", "1-2", "1-3", "1-4", "1-5"]),
        ("device=N0000002", ["2-2", "1-2"]),
        ("device=HE1/N0000002", ["2-2", "1-2"]),
        ("device=OTHER/N0000002", []),
        ("customer=NC3", ["2-3", "1-3"]),
        ("customer=na3", ["2-3", "1-3"]),
        ("status=Reserved", ["2-1", "2-2", "2-3", "2-4", "2-5", "1-5"]),
        ("status=Closed", ["1-1", "1-2", "1-3", "1-4"]),
        ("status=Canceled", ["3-1"]),
        ("outcome=D1SP", ["1-1", "1-2"]),
        ("outcome=D1IO&device=N0000003", ["1-3"]),
        ("outcome=D1CN", []),
        ("program_event=DR-2026-0001-1&status=Reserved", ["1-5"]),
        ("program=COOL&outcome=D1ER", ["1-4"]),
        ("flag=no", []),
        ("flag=yes&outcome=D1ER", ["1-4"]),
        ("head_end=HE1&outcome=D1ER", ["1-4"]),
        ("head_end=HE2", []),
        ("feeder=NORTH-F1&outcome=D1ER", ["1-4"]),
        ("feeder=NORTH-F2", []),
        ("reduction=none", ["1-3", "1-4"]),
        ("reduction=more", ["1-1", "1-2"]),
        ("reduction=less", []),
        ("status=Reserved&outcome=D1SP", []),
        ("device=N00000&customer=NC1&status=Reserved", ["2-1"]),
    ],
)
def test_filters_narrow_the_list(make_program_event: Make, as_csr: Client, query: str, found: list[str]) -> None:
    make_program_event("DR-2026-0001", state="Completed", outcomes=MIXED)
    make_program_event("DR-2026-0002")
    make_program_event("DR-2026-0003", state="Canceled", reserved=(0,))
    assert [f"{event[11]}-{nic_id[-1]}" for event, nic_id in shown(as_csr, query)] == found


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("", "12"),
        ("program=COOL", "12"),
        ("program_event=DR-2026-0001-1", "5"),
        ("program_event=DR-2026-0001-1&outcome=D1SP", "2"),
        ("program_event=DR-2026-0001-1&outcome=D1SP&status=Closed", "2"),
        ("program_event=DR-2026-0001-1&status=Closed", "4"),
        ("program_event=DR-2026-0001-1&status=Reserved", "1"),
        ("program_event=DR-2026-0001-1&feeder=NORTH-F1", "more than 2"),
        ("program_event=DR-2026-0001-1&feeder=NORTH-F1&outcome=D1SP", "2"),
        ("program_event=DR-2026-0002-1&flag=yes", "2"),
        ("program_event=DR-2026-0002-1&status=Reserved", "2"),
        ("device=N0000002", "more than 2"),
        ("outcome=D1SP", "2"),
        ("status=Closed", "4"),
        ("status=Canceled", "5"),
        ("status=Reserved", None),
        ("flag=yes", "12"),
        ("feeder=NORTH-F1", None),
    ],
)
def test_the_total_is_true_or_not_said(
    make_program_event: Make, as_csr: Client, monkeypatch: pytest.MonkeyPatch, query: str, total: str | None
) -> None:
    make_program_event("DR-2026-0001", state="Completed", outcomes=MIXED)
    make_program_event("DR-2026-0002", reserved=(0, 1))
    make_program_event("DR-2026-0003", state="Canceled")
    monkeypatch.setattr("cpm.views.participations.SIZE", 1)
    monkeypatch.setattr("cpm.queries.participation_totals.COUNTED_UP_TO", 2)
    answer = as_csr.get(f"{LIST}?{query}")
    assert ("1 shown" if total is None else f"1 of {total} shown") in html_of(answer)


def test_what_one_page_holds_is_the_total(make_program_event: Make, as_csr: Client) -> None:
    make_program_event("DR-2026-0001", state="Completed", outcomes=MIXED)
    make_program_event("DR-2026-0002", reserved=(0, 1))
    answer = as_csr.get(f"{LIST}?feeder=NORTH-F1")
    assert answer.context["total"] == Total(7)
    assert "7 of 7 shown" in html_of(answer)


def test_what_was_reserved_is_reconciled_in_one_line(make_program_event: Make, as_csr: Client) -> None:
    event = make_program_event("DR-2026-0001", state="Completed", outcomes=MIXED)
    ProgramEvent.objects.filter(pk=event.pk).update(reserved=3)
    page = html_of(as_csr.get(f"{LIST}?program_event=DR-2026-0001-1"))
    assert "5 were reserved = 3 stayed + 2 left · 4 outcomes known" in page


def test_pages_follow_one_another_without_a_gap(
    make_program_event: Make, as_csr: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in ("DR-2026-0001", "DR-2026-0002", "DR-2026-0003"):
        make_program_event(number, state="Completed", outcomes=MIXED)
    monkeypatch.setattr("cpm.views.participations.SIZE", 4)
    whole, url, pages = [], LIST + "?status=Closed", 0
    while url:
        page = as_csr.get(url).context["page"]
        whole += [row.key for row in page.rows]
        url, pages = LIST + page.next_url if page.next_url else "", pages + 1
    assert pages == 3
    assert whole == sorted(whole, key=lambda key: (-key[0], key[1]))
    assert len(set(whole)) == len(whole) == 12


@pytest.mark.parametrize("status", [None, "Reserved", "Closed"])
@pytest.mark.parametrize("chosen", [None, (0, 3, 4)])
def test_every_page_size_gives_the_same_list(
    make_program_event: Make, devices: list[Device], status: str | None, chosen: tuple[int, ...] | None
) -> None:
    make_program_event("DR-2026-0001", state="Completed", outcomes=MIXED)
    make_program_event("DR-2026-0002", reserved=(1, 4))
    make_program_event("DR-2026-0003", state="Completed", outcomes={0: "D1SP"})
    wanted = Wanted(status=status, device_ids=None if chosen is None else [devices[n].pk for n in chosen])
    whole = [row.key for row in participations(wanted, limit=100)]
    for size in (1, 2, 3):
        read: list[ParticipationKey] = []
        while rows := participations(wanted, after=Place(read[-1]) if read else None, limit=size):
            read += [row.key for row in rows]
        assert read == whole


def test_an_address_that_names_no_place_in_the_list_is_refused(make_program_event: Make, as_csr: Client) -> None:
    make_program_event()
    for after in ("x", "1~", "1~2~3", "1~-2", f"1~{'9' * 19}", "1~'"):
        assert as_csr.get(LIST, {"after": after}).status_code == 400


def test_a_program_event_nobody_knows_is_said_and_nothing_is_listed(make_program_event: Make, as_csr: Client) -> None:
    make_program_event()
    answer = as_csr.get(f"{LIST}?program_event=DR-2026-0099-1")
    assert answer.status_code == 422
    assert "There is no program event “DR-2026-0099-1”" in answer.content.decode()
    assert answer.context["page"].rows == []


def test_too_short_a_nic_id_asks_for_more_of_it(
    make_program_event: Make, as_csr: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_program_event()
    monkeypatch.setattr("cpm.forms.participations.MOST_DEVICES", 3)
    answer = as_csr.get(f"{LIST}?device=N0")
    assert answer.status_code == 422
    assert "More than 3 devices match “N0”" in answer.content.decode()


def test_the_list_asks_as_much_of_the_database_for_one_row_as_for_many(
    make_program_event: Make, as_csr: Client, django_assert_num_queries: Any
) -> None:
    make_program_event("DR-2026-0001", reserved=(0,))
    with django_assert_num_queries(13) as few:
        as_csr.get(f"{LIST}?program_event=DR-2026-0001-1")
    make_program_event("DR-2026-0002")
    with django_assert_num_queries(len(few)):
        as_csr.get(f"{LIST}?program_event=DR-2026-0002-1")


def test_a_chosen_program_event_shows_how_its_outcomes_divide(make_program_event: Make, as_csr: Client) -> None:
    make_program_event("DR-2026-0001", state="Completed", outcomes={0: "D1SP", 1: "D1SP", 2: "D1IO"})
    make_program_event("DR-2026-0002")
    page = as_csr.get(f"{LIST}?program_event=DR-2026-0001-1").content.decode()
    assert "Successful participation</a></span><b>2</b><small>66\u00a0%</small>" in page
    assert 'class="outcomes"' not in as_csr.get(f"{LIST}?program_event=DR-2026-0002-1").content.decode()
    assert 'class="outcomes"' not in as_csr.get(LIST).content.decode()


def test_the_counters_of_a_chosen_program_event_are_shown_and_polled(
    make_program_event: Make, as_manager: Client
) -> None:
    make_program_event()
    url = f"{LIST}?program_event=DR-2026-0001-1"
    assert "5 were reserved = 5 stayed + 0 left · 0 outcomes known" in as_manager.get(url).content.decode()
    fragment = html_of(as_manager.get(url, headers={"HX-Request": "true"}))
    assert fragment.startswith('<div class="counts" id="counters" hx-get=')
    assert "<table" not in fragment


def test_a_load_under_way_shows_its_parts(make_program_event: Make, as_manager: Client) -> None:
    event = make_program_event()
    extract = ExtractRef(extract_uid=event.stage_uid, parts=4, rows=400, manifest_sha256="0" * 64)
    message = send(DeviceReservation(stage_uid=event.stage_uid, extract=extract), sender=System.DERMS)
    Load.objects.create(message=message, receiver=System.CPM, parts=4, parts_done=1, applied=100)
    page = as_manager.get(f"{LIST}?program_event=DR-2026-0001-1").content.decode()
    assert "Reservations: parts loaded" in page
    assert "1 / 4" in page
    assert "100 rows so far" in page


def test_a_final_program_event_is_not_polled(make_program_event: Make, as_manager: Client) -> None:
    make_program_event(state="Completed", outcomes=MIXED)
    assert 'data-nudge="DR-' not in as_manager.get(f"{LIST}?program_event=DR-2026-0001-1").content.decode()


def test_a_program_manager_sees_participations_without_customers(make_program_event: Make, as_manager: Client) -> None:
    make_program_event()
    page = as_manager.get(LIST).content.decode()
    assert "Testa Customer" not in page
    assert "NC1" not in page
    assert "customer" not in as_manager.get(LIST).context["form"].fields


def test_a_filter_by_customer_does_nothing_for_people_who_may_not_see_customers(
    make_program_event: Make, as_manager: Client
) -> None:
    make_program_event(reserved=(0, 1))
    assert len(shown(as_manager, "customer=NC1")) == 2


def test_the_record_shows_every_fact_and_what_happened(make_program_event: Make, as_csr: Client) -> None:
    make_program_event(state="Completed", outcomes=MIXED)
    answer = as_csr.get("/program-events/DR-2026-0001/1/participation/HE1/N0000001/")
    page = answer.content.decode()
    for words in ("Reservation flag", "Preemptive Opt-Out", "Closed", "D1SP", "Testa Customer 1", "Test Street"):
        assert words in page
    sentences = [moment.sentence for moment in answer.context["happened"]]
    assert sentences[0] == "Closed with outcome D1SP"
    assert "Scheduled" in sentences


def test_the_record_of_a_replaced_device_is_found_by_its_old_nic_id(make_program_event: Make, as_csr: Client) -> None:
    event = make_program_event(state="Completed", outcomes=MIXED)
    old = Device.objects.get(nic_id="N0000001")
    Device.objects.filter(pk=old.pk).update(ended_at=event.ends_at)
    Device.objects.create(
        location=old.location, head_end="HE1", nic_id="N0000001", device_class="thermostat", model="New", rated_w=1,
        installed_at=event.ends_at,
    )  # fmt: skip
    answer = as_csr.get("/program-events/DR-2026-0001/1/participation/HE1/N0000001/")
    assert answer.context["row"].device == old


def test_a_device_that_had_no_part_in_it_has_no_record(make_program_event: Make, as_csr: Client) -> None:
    make_program_event(reserved=(0,))
    assert as_csr.get("/program-events/DR-2026-0001/1/participation/HE1/N0000002/").status_code == 404
    assert as_csr.get("/program-events/DR-2026-0001/9/participation/HE1/N0000001/").status_code == 404


def test_an_empty_list_says_why_and_what_comes_next(as_csr: Client) -> None:
    assert "No event participation yet" in as_csr.get(LIST).content.decode()


def test_strangers_get_nothing(make_program_event: Make, client: Client, as_outsider: Client) -> None:
    make_program_event()
    record = "/program-events/DR-2026-0001/1/participation/HE1/N0000001/"
    for url in (LIST, EXPORT, record):
        assert as_outsider.get(url).status_code == 403
        assert client.get(url)["Location"].startswith("/account/login/")
        assert client.post(url).status_code == 405


def test_permissions_decide_not_roles(make_program_event: Make, db: None) -> None:
    make_program_event(starts_in=timedelta(hours=5))
    person = factories.person("petra")
    person.user_permissions.add(Permission.objects.get(codename="view_participation"))
    client = Client()
    client.force_login(person)
    assert client.get(LIST).status_code == 200

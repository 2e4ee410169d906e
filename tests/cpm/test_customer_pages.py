"""Customer search and Customer Program Summary."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cpm.models.customers import Customer, Device, SubscribedDevice, Subscription
from cpm.models.program_events import ProgramEvent
from cpm.models.programs import ProgramType
from cpm.models.unavailability import Unavailability
from cpm.queries import customers_like
from integration.pages.keyset import keyset_page

Make = Callable[..., ProgramEvent]
LIST = "/customers/"
PAGE = "/customers/NC1/"
QUOTE = "\N{RIGHT SINGLE QUOTATION MARK}"


def shown(client: Client, query: str) -> list[str]:
    answer = client.get(f"{LIST}?q={query}")
    if answer.status_code == 302:
        return [answer["Location"]]
    return [customer.number for customer in answer.context["page"].rows]


def standings(answer: Any) -> list[tuple[str, bool]]:
    """(event number, whether it can be opted out of) of the reservations that a page shows."""
    return [(one.row.program_event.event_number, one.can_opt_out) for one in answer.context["reservations"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("NC2", ["/customers/NC2/"]),
        ("nc2", ["/customers/NC2/"]),
        ("NA2", ["/customers/NC2/"]),
        ("N0000002", ["/customers/NC2/"]),
        ("HE1/N0000002", ["/customers/NC2/"]),
        ("Customer 4", ["/customers/NC4/"]),
        ("testa", ["NC1", "NC2", "NC3", "NC4", "NC5"]),
        ("N000000", ["NC1", "NC2", "NC3", "NC4", "NC5"]),
        ("testa customer 3", ["/customers/NC3/"]),
        ("Test Street", ["NC1", "NC2", "NC3", "NC4", "NC5"]),
        ("555 01", ["NC1", "NC2", "NC3", "NC4", "NC5"]),
        ("(555) 0100", ["NC1", "NC2", "NC3", "NC4", "NC5"]),
        ("5550199", []),
        ("te", []),
        ("%", []),
        ("t%t", []),
        ("", ["NC1", "NC2", "NC3", "NC4", "NC5"]),
    ],
)
def test_a_customer_is_found_by_whatever_they_say_of_themselves(
    devices: list[Device], as_csr: Client, query: str, found: list[str]
) -> None:
    assert shown(as_csr, query) == found


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("Max Großmann", ["Max Großmann", "max grossmann", "GROSSMANN", "GROẞMANN"]),
        (f"Pat O{QUOTE}Brien", [f"Pat O{QUOTE}Brien", "O'Brien", "o`brien"]),
        ("Pat O'Brien", [f"O{QUOTE}Brien", "Pat O'Brien"]),
        ("Siobhán Ní Mháille", ["Siobhan", "siobhán", "SIOBHÁN NI", "Sioba\u0301n".replace("ba", "bha")]),
        ("Łukasz Ødegård", ["lukasz odegard", "Łukasz", "ØDEGÅRD"]),
        ("İsmail Çelik", ["ismail celik", "İsmail"]),
    ],
)
def test_case_accents_and_apostrophes_make_no_difference(
    devices: list[Device], as_csr: Client, stored: str, typed: list[str]
) -> None:
    Customer.objects.filter(number="NC2").update(name=stored)
    devices[2].location.__class__.objects.filter(pk=devices[2].location_id).update(address=f"7 {stored} Street")
    for words in typed:
        assert shown(as_csr, words) == ["NC2", "NC3"], words


def test_a_name_without_these_letters_is_not_found_by_them(devices: list[Device], as_csr: Client) -> None:
    Customer.objects.filter(number="NC2").update(name="Max Grosmann")
    assert shown(as_csr, "Großmann") == []


def test_nobody_found_says_what_to_type(devices: list[Device], as_csr: Client) -> None:
    page = as_csr.get(f"{LIST}?q=<b>zz</b>").content.decode()
    assert "No customer matches “&lt;b&gt;zz&lt;/b&gt;”" in page


def test_the_list_asks_as_much_of_the_database_for_one_row_as_for_many(
    devices: list[Device], as_csr: Client, django_assert_num_queries: Any
) -> None:
    as_csr.get(f"{LIST}?q=Testa")  # the first search in a minute starts its counter
    with CaptureQueriesContext(connection) as few:
        as_csr.get(f"{LIST}?q=Testa")
    Customer.objects.filter(number__in=["NC1", "NC2"]).update(name="Somebody else")
    with django_assert_num_queries(len(few)):
        as_csr.get(f"{LIST}?q=Testa")


def test_current_enrollment_shows_program_devices_and_what_derms_answered(
    devices: list[Device], as_csr: Client
) -> None:
    SubscribedDevice.objects.filter(device=devices[0]).update(answer="Error", error="unknown feeder")
    page = as_csr.get(PAGE).content.decode()
    for words in ("Current Enrollment", "Cool program", "N0000001", "unknown feeder", "Nothing reserved"):
        assert words in page
    assert "N0000002" not in page


def test_the_next_reservation_is_shown_with_its_window_and_cut_off(make_program_event: Make, as_csr: Client) -> None:
    ProgramType.objects.update(allow_to_opt_out=True, opt_out_cutoff_minutes=30)
    make_program_event("DR-2026-0001", starts_in=timedelta(hours=9))
    make_program_event("DR-2026-0002", starts_in=timedelta(hours=3))
    make_program_event("DR-2026-0003", starts_in=timedelta(hours=1), reserved=(1,))
    answer = as_csr.get(PAGE)
    assert standings(answer) == [("DR-2026-0002", True), ("DR-2026-0001", True)]
    page = answer.content.decode()
    assert "starts in" in page
    assert "Opting out is possible until" in page
    assert page.count("Opt out now") == 2


def test_a_running_reservation_does_not_hide_the_coming_one(make_program_event: Make, as_csr: Client) -> None:
    ProgramType.objects.update(allow_to_opt_out=True)
    make_program_event("DR-2026-0001", state="In Progress", starts_in=-timedelta(minutes=10))
    make_program_event("DR-2026-0002", starts_in=timedelta(hours=3))
    answer = as_csr.get(PAGE)
    assert standings(answer) == [("DR-2026-0001", False), ("DR-2026-0002", True)]
    page = answer.content.decode()
    assert "Running now, until" in page
    assert "It can still be taken back by hand, at the device itself" in page
    assert "Reason for the call" in page


def test_saved_unavailability_is_on_the_summary(devices: list[Device], as_csr: Client, now: datetime) -> None:
    saved = {"device": devices[0], "reason": "Holidays", "saved_by": "cora", "saved_at": now}
    Unavailability.objects.create(starts_at=now + timedelta(hours=20), ends_at=now + timedelta(hours=30), **saved)
    found = as_csr.get(PAGE).context["unavailability"]
    assert [(period.device.nic_id, period.reason) for period in found] == [("N0000001", "Holidays")]
    Unavailability.objects.update(state="Canceled")
    assert not as_csr.get(PAGE).context["unavailability"]


def test_a_name_and_a_phone_together_find_who_has_both(devices: list[Device], as_csr: Client) -> None:
    for number, phone in (("NC2", "+1 555 0191"), ("NC3", "+1 555 0192")):
        Customer.objects.filter(number=number).update(name="Pat Madeupson", phone=phone)
    for words in ("Madeupson 0191", "0191 madeupson", "Madeupson 555-0191"):
        assert shown(as_csr, words) == ["/customers/NC2/"], words


def test_a_search_of_several_pages_has_its_total(
    devices: list[Device], as_csr: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cpm.views.customers.keyset_page", partial(keyset_page, size=2))
    assert "2 of 5 shown" in as_csr.get(f"{LIST}?q=testa").content.decode()


def test_a_program_that_allows_no_opt_out_promises_none(make_program_event: Make, as_csr: Client) -> None:
    make_program_event()
    page = as_csr.get(PAGE).content.decode()
    assert "Opt out now" not in page
    assert "do not allow customers to opt out" in page


def test_the_search_lists_phones_and_who_was_opened_last(devices: list[Device], as_csr: Client) -> None:
    phone = Customer.objects.get(number="NC4").phone
    assert phone in as_csr.get(f"{LIST}?q=testa").content.decode()
    for number in ("NC1", "NC4", "NC1"):
        as_csr.get(f"/customers/{number}/")
    answer = as_csr.get(LIST)
    assert [customer.number for customer in answer.context["recent"]] == ["NC1", "NC4"]
    assert "Customers you opened last" in answer.content.decode()
    assert "Customers you opened last" not in as_csr.get(f"{LIST}?q=testa").content.decode()


def test_event_history_shows_the_last_outcomes_of_this_customer_alone(make_program_event: Make, as_csr: Client) -> None:
    ago = -timedelta(hours=9)
    make_program_event("DR-2026-0001", state="Completed", outcomes={0: "D1IO", 1: "D1SP"}, starts_in=ago)
    make_program_event("DR-2026-0002", state="Canceled", starts_in=ago / 2)
    make_program_event("DR-2026-0003")
    history = as_csr.get(PAGE).context["history"]
    assert [(row.program_event.event_number[-1], row.facts.code, row.facts.status) for row in history] == [
        ("2", None, "Canceled"),
        ("1", "D1IO", "Closed"),
    ]


def test_the_last_twelve_events_stand_in_a_strip_the_newest_at_the_end(
    make_program_event: Make, as_csr: Client
) -> None:
    for n in range(14):
        given = {"starts_in": timedelta(hours=n - 20), "reserved": (0,), "outcomes": {0: "D1IO"}}
        make_program_event(f"DR-2026-01{n:02}", state="Completed", **given)
    page = as_csr.get(PAGE).content.decode()
    strip = page[page.index('<ol class="strip"') : page.index("</ol>", page.index('<ol class="strip"'))]
    marks = strip.split("<li>")[1:]
    assert [mark.partition("/program-events/")[2][:12] for mark in marks] == [f"DR-2026-01{n:02}" for n in range(2, 14)]
    assert all("In-flight override" in mark for mark in marks)


def test_history_is_twenty_events_long(make_program_event: Make, as_csr: Client) -> None:
    for n in range(23):
        make_program_event(f"DR-2026-01{n:02}", state="Completed", reserved=(0,), outcomes={0: "D1SP"})
    assert len(as_csr.get(PAGE).context["history"]) == 20


def test_ended_enrollments_stand_apart(devices: list[Device], as_csr: Client, now: datetime) -> None:
    Subscription.objects.filter(customer__number="NC1").update(ends_at=now)
    answer = as_csr.get(PAGE)
    assert (len(answer.context["enrollments"]), len(answer.context["ended"])) == (0, 1)
    assert "Not enrolled in any program" in answer.content.decode()


def test_the_page_asks_the_same_of_the_database_however_long_the_history(
    make_program_event: Make, as_csr: Client, django_assert_max_num_queries: Any
) -> None:
    for n in range(8):
        make_program_event(f"DR-2026-000{n}", state="Completed", outcomes={0: "D1SP"})
    make_program_event("DR-2026-0011")
    with django_assert_max_num_queries(40):
        as_csr.get(PAGE)


def test_times_are_the_device_locations_own(make_program_event: Make, as_csr: Client) -> None:
    make_program_event(state="Completed", outcomes={0: "D1SP"})
    Customer.objects.get(number="NC1").locations.update(time_zone="America/Phoenix")
    assert "MST" in as_csr.get(PAGE).content.decode()


def test_an_unknown_customer_is_not_found(as_csr: Client) -> None:
    assert as_csr.get("/customers/NOBODY/").status_code == 404


def test_only_csrs_see_customers(
    devices: list[Device], as_outsider: Client, as_manager: Client, client: Client
) -> None:
    for url in (LIST, PAGE):
        assert as_outsider.get(url).status_code == 403
        assert as_manager.get(url).status_code == 403
        assert client.get(url)["Location"].startswith("/account/login/")


def test_a_person_searches_so_often_in_a_minute_and_no_more(
    devices: list[Device], as_csr: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cpm.views.customers.SEARCHES_A_MINUTE", 2)
    statuses = [as_csr.get(f"{LIST}?q=testa").status_code for _ in range(5)]
    assert statuses.count(429) >= 1
    assert "Wait a minute" in as_csr.get(f"{LIST}?q=testa").content.decode()
    assert as_csr.get(LIST).status_code == 200


@pytest.mark.parametrize("words", ["customer 4", "Test Street", "Großmann", f"O{QUOTE}Brien", "555 0100"])
def test_names_addresses_and_phones_are_looked_up_by_trigrams(devices: list[Device], words: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    plan = customers_like(Customer.objects.all(), words).explain()
    for index in ("customer_name_part", "location_address_part"):
        assert index in plan
    assert ("customer_phone_part" in plan) == words.startswith("555")

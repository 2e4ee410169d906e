"""The palette finds pages by common terms and objects by name or number; only what the person may open."""

from collections.abc import Callable

import pytest
from django.test import Client

from cpm.models.customers import Customer
from derms.models import DerGroup, Event, Strategy
from integration.console.models import User


def found(client: Client, person: User, words: str) -> list[str]:
    client.force_login(person)
    answer = client.get("/find/", {"q": words}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return [part.split("</span>")[0] for part in answer.content.decode().split("<span>")[1:]]


@pytest.mark.parametrize("words", ["State Tracking", "derms ev", "+ New Event"])
def test_an_operator_finds_pages_by_the_words_of_the_job(client: Client, operator: User, words: str) -> None:
    assert [label for label in found(client, operator, words) if words.casefold() in label.casefold()]


def test_tools_selection_lists_what_the_person_may_open(client: Client, csr: User) -> None:
    assert "Customer Program Summary" in found(client, csr, "Tools Selection")
    assert "Messages" not in found(client, csr, "Tools Selection")


def test_an_event_is_found_by_number_and_by_name(
    client: Client, new_event: Callable[..., Event], approver: User, csr: User
) -> None:
    event = new_event(name="Heat wave")
    assert found(client, approver, event.number) == [f"{event.number} Heat wave"]
    assert found(client, approver, "heat w") == [f"{event.number} Heat wave"]
    assert found(client, csr, event.number) == []


def test_a_verb_before_a_number_leads_to_its_confirm_page(
    client: Client, new_event: Callable[..., Event], operator: User, approver: User
) -> None:
    event = new_event()
    assert found(client, operator, f"cancel {event.number}") == [f"Cancel {event.number}"]
    assert found(client, approver, f"cancel {event.number}") == []


def test_a_verb_finds_only_events_it_is_possible_for(
    client: Client, event_in: Callable[..., Event], operator: User, approver: User
) -> None:
    new = event_in("New")
    submitted = event_in("Submitted")
    event_in("Canceled")
    _page, *events = found(client, operator, "cancel")
    assert events == [f"Cancel {submitted.number}", f"Cancel {new.number}"]
    assert found(client, operator, "submit DR") == [f"Submit {new.number}"]
    assert found(client, approver, "approve") == [f"Approve {submitted.number}"]


def test_strategies_groups_and_programs_are_found_by_who_may_open_them(
    client: Client, strategy: Strategy, operator: User, program_manager: User, csr: User
) -> None:
    DerGroup.objects.create(name="Cool thermostats")
    Strategy.objects.update(name="Cool evening")
    assert found(client, operator, "cool")[:2] == ["Cool evening", "Cool thermostats"]
    assert "Cool program" in found(client, program_manager, "COOL")
    assert "Cool evening" not in found(client, csr, "cool")


def test_customers_are_found_by_who_may_see_them(client: Client, csr: User, operator: User) -> None:
    Customer.objects.create(number="C-1", account="A-1", name="Zoe Quill", email="zoe@example.com")
    assert found(client, csr, "quill") == ["Zoe Quill"]
    assert found(client, operator, "quill") == []


def test_without_javascript_it_is_a_page(client: Client, operator: User) -> None:
    client.force_login(operator)
    page = client.get("/find/", {"q": "nothing like it"}).content.decode()
    assert "<h1>Find</h1>" in page
    assert page.count('id="palette-found"') == 1
    assert "Nothing you may open matches “nothing like it”" in page


def test_a_list_says_which_words_it_answers(client: Client, operator: User) -> None:
    """Enter opens the first row only if the list belongs to the text in the field."""
    client.force_login(operator)
    answer = client.get("/find/", {"q": " cancel DR-1 "}, headers={"HX-Request": "true"})
    assert 'data-words="cancel DR-1"' in answer.content.decode()

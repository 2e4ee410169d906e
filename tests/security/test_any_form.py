"""Any text in any field of any form: never a server error, and what is refused changes nothing."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import DataError, transaction
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from cpm.models.customers import Customer, Device, Subscription
from cpm.models.programs import Program
from cpm.operations import make_link
from derms.models import DerGroup, Event, Strategy
from integration.console.models import User
from tests.security.everything import digest
from tests.security.forms_on_pages import Forms, FoundForm

pytestmark = pytest.mark.django_db

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
NASTY = st.sampled_from(
    ["", " ", "\x00", "-1", "0", "1e999", "NaN", "9" * 40, "'; DROP TABLE derms_event; --", "<script>alert(1)</script>"]
) | st.sampled_from(
    [
        "2026-02-30",
        "2026-03-29T02:30",
        "0001-01-01T00:00",
        "9999-12-31T23:59",
        "=1+1",
        "../../etc/passwd",
        "%s",
        "\u202e",
    ]
)
LEFT_ALONE = {"csrfmiddlewaretoken"}


@pytest.fixture
def places(
    event_in: Callable[..., Event], csr: User, program_manager: User, administrator: User, approver: User,
    operator: User, now: datetime,
) -> Callable[[str], tuple[User | None, str]]:  # fmt: skip
    """Who opens a page, and its address with objects of a small utility filled in."""
    new, submitted, scheduled = event_in("New"), event_in("Submitted"), event_in("Scheduled")
    group = DerGroup.objects.create(name="Old town")
    customer, subscription = Customer.objects.earliest("pk"), Subscription.objects.earliest("pk")
    Program.objects.update(allow_customer_unavailability=True)
    link = make_link(customer_id=customer.pk, by="cora", now=now)
    given_places = {
        "NEW": new.number, "SUBMITTED": submitted.number, "SCHEDULED": scheduled.number, "GROUP": str(group.pk),
        "STRATEGY": str(Strategy.objects.earliest("pk").uid), "CUSTOMER": customer.number,
        "SUBSCRIPTION": str(subscription.pk), "TOKEN": link.token, "NIC": Device.objects.earliest("pk").nic_id,
    }  # fmt: skip
    people: dict[str, User | None] = {"O": operator, "A": approver, "C": csr, "P": program_manager, "D": administrator}

    def find(page: str) -> tuple[User | None, str]:
        who, _space, address = page.partition(" ")
        for place, value in given_places.items():
            address = address.replace(place, value)
        return people.get(who), address

    return find


PAGES = [
    "O /events/",
    "O /events/new/?strategy=STRATEGY",
    "O /events/NEW/edit/",
    "O /events/NEW/clone/",
    "O /events/NEW/submit/",
    "O /events/NEW/cancel/",
    "O /events/SCHEDULED/stages/1/cancel/",
    "A /events/SUBMITTED/deny/",
    "O /strategies/new/",
    "O /strategies/STRATEGY/",
    "O /der-groups/",
    "O /der-groups/new/",
    "O /der-groups/GROUP/",
    "O /devices/",
    "O /messages/",
    "O /alerts/",
    "O /profile/",
    "A /audit-trail/",
    "C /find/",
    "C /customers/",
    "C /customers/CUSTOMER/subscriptions/SUBSCRIPTION/",
    "C /customers/CUSTOMER/subscriptions/SUBSCRIPTION/location/",
    "P /program-events/",
    "P /program-events/participation/",
    "P /programs/COOL/",
    "P /program-types/TYPE/",
    "D /settings/users/new/",
    "D /settings/users/olive/",
    "D /settings/event-types/Device%20Test/",
    "? /my-devices/TOKEN/unavailability/",
    "? /account/login/",
]


@pytest.mark.parametrize("examples", [pytest.param(3), pytest.param(150, marks=pytest.mark.full)])
def test_whatever_is_typed_is_answered_and_what_is_refused_changes_nothing(
    examples: int, places: Callable[[str], tuple[User | None, str]]
) -> None:
    for page in PAGES:
        who, address = places(page)
        client = Client()
        if who:
            client.force_login(who)
        _type_into(client, address, examples)


@pytest.mark.parametrize("address", ["/find/?q=ab%00", "/customers/?q=a%00", "/events/a%00/"])
def test_a_character_that_no_text_holds_gets_a_sentence(address: str, superuser: Client) -> None:
    answer = superuser.get(address)
    assert answer.status_code == 400
    assert "The text contains a character" in answer.content.decode()


@pytest.mark.parametrize("typed", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_a_time_at_the_ends_of_the_calendar_is_refused_in_words(
    typed: str, event_in: Callable[..., Event], operator: User, client: Client
) -> None:
    client.force_login(operator)
    event = event_in("New")
    answer = client.post(f"/events/{event.number}/edit/", {"starts_at": typed})
    assert answer.status_code == 422
    assert "Choose a time in the years 2000 to 2100." in answer.content.decode()


@pytest.mark.parametrize("problem", [OverflowError, DataError])
def test_what_is_too_large_to_be_kept_gets_a_sentence(
    problem: type[Exception], superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*args: object) -> None:
        raise problem

    monkeypatch.setattr("integration.console.views.running_events", too_large)
    answer = superuser.get("/")
    assert answer.status_code == 400
    assert "too large to be stored" in answer.content.decode()


@pytest.fixture
def superuser(outsider: User) -> Client:
    outsider.is_superuser = True
    outsider.save()
    client = Client()
    client.force_login(outsider)
    return client


def _type_into(client: Client, address: str, examples: int) -> None:
    first = client.get(address)
    assert first.status_code == 200, (address, first.status_code)
    forms = [form for form in Forms(first.content.decode(), address).found if "/account/logout/" not in form.action]
    assert forms, address

    @settings(max_examples=examples)
    @given(data=st.data())
    def type_anything(data: st.DataObject) -> None:
        form = data.draw(st.sampled_from(forms))
        typed = data.draw(_typed(form))
        with transaction.atomic():
            _send(client, form, typed)
            transaction.set_rollback(True)

    type_anything()


def _send(client: Client, form: FoundForm, typed: dict[str, str]) -> None:
    before = digest()
    answer: Any = (client.post if form.method == "post" else client.get)(form.action, typed)
    assert answer.status_code < 500, (form.action, typed)
    if form.method == "get" or answer.status_code >= 400:
        assert digest() == before, (form.action, typed)


def _typed(form: FoundForm) -> st.SearchStrategy[dict[str, str]]:
    """Values for some of the fields: one of the choices, something nasty, or any text."""
    values = {
        name: NASTY | ANY_TEXT | (st.sampled_from(offered) if offered else ANY_TEXT)
        for name, offered in form.fields.items()
        if name not in LEFT_ALONE
    }
    kept = {name: st.just(offered[0] if offered else "") for name, offered in form.fields.items()}
    return st.fixed_dictionaries({name: kept[name] | value for name, value in values.items()})

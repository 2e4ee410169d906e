"""Two tabs: the later save of any edit form hears who saved what meanwhile, and undoes nothing in silence."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from django.test import Client

from cpm.models.customers import Customer, Device
from cpm.models.programs import Program
from cpm.operations import schedule_unavailability
from derms.models import DerGroup, Strategy
from integration.console.models import User
from integration.seam.service_accounts import ServiceAccount
from lec_sim.models import HeadEndProfile
from tests.faults.dose import doses
from tests.pages.editing import Tab
from tests.pages.html import squeezed
from tests.threads import run_together

HOUR = timedelta(hours=1)
NEXT_MONTH = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%dT12:00}"
KEYS = ("csrfmiddlewaretoken", "request_key")  # anew on each page
PERIOD = "customers/<id:number>/unavailability/<uuid:uid>/edit/"


class EditPage(NamedTuple):
    """The address of an edit page; a change that one tab makes, how it is told; and one that the other tab makes."""

    address: str
    one: dict[str, Any]
    told: str
    other: dict[str, Any]


EDIT_PAGES = [
    EditPage("strategies/<uuid:uid>/", {"name": "Renamed"}, "→ Renamed", {"description": "Described"}),
    EditPage(
        "strategies/<uuid:uid>/", {"stages-0-length_minutes": "45"}, "1 · Length (min)</b>: 60 → 45", {"name": "N"}
    ),
    EditPage("der-groups/<int:pk>/", {"name": "New town"}, "Old town → New town", {"device_classes": ["battery"]}),
    EditPage(
        "settings/event-types/<id:category>/",
        {"lead_time_s": "120"},
        "Minimum lead time (s)</b>: 300 → 120",
        {"balance_authority_check": ["on"]},
    ),
    EditPage("programs/<id:code>/", {"longest_minutes": "90"}, "— → 90", {"weekdays": ["0", "4"]}),
    EditPage("program-types/<id:code>/", {"opt_out_cutoff_minutes": "45"}, "0 → 45", {"name": "Another type"}),
    EditPage(PERIOD, {"reason": "Guests"}, "Reason</b>: Away → Guests", {"ends_at": NEXT_MONTH}),
    EditPage("settings/users/<id:username>/", {"email": "c@example.org"}, "— → c@example.org", {"is_active": []}),
    EditPage("settings/users/<id:username>/", {"groups": []}, "Roles</b>: CSR → —", {"email": "c@example.org"}),
    EditPage("profile/", {"time_zone": "Europe/Berlin"}, "UTC → Europe/Berlin", {"theme": "dark"}),
    EditPage(
        "live-energy-connect/head-ends/<id:head_end>/fault/",
        {"fault": "offline"},
        "None → Offline: no device answers",
        {"fault": "slow"},
    ),
    EditPage(
        "live-energy-connect/head-ends/<id:head_end>/",
        {"driver": "openadr", "client": "sa-1"},
        "Reached by</b>: Simulated → OpenADR 3.1",
        {"client": "sa-1"},
    ),
]
PAGES = pytest.mark.parametrize("page", EDIT_PAGES, ids=lambda page: f"{page.address} {'-'.join(page.one)}")


@pytest.fixture
def utility(strategy: Strategy, administrator: User, csr: User, now: datetime) -> None:
    """A small utility with one object for each edit page."""
    DerGroup.objects.create(name="Old town")
    HeadEndProfile.objects.get_or_create(head_end="HE1")
    ServiceAccount.objects.create(client_id="sa-1", name="Head end", owner=administrator)
    Program.objects.update(allow_customer_unavailability=True)
    device = Device.objects.earliest("pk")
    schedule_unavailability(
        device_ids=[device.pk], starts_at=now + HOUR, ends_at=now + 2 * HOUR, reason="Away", by="cora", now=now
    )
    administrator.is_superuser = True
    administrator.save()


def example(address: str) -> str:
    """The address of an edit page with the objects of the utility filled in."""
    period = Device.objects.earliest("pk").unavailabilities.get()
    places = {
        "strategies/<uuid:uid>": f"strategies/{Strategy.objects.get().uid}",
        "<uuid:uid>": str(period.uid),
        "<int:pk>": str(DerGroup.objects.get().pk),
        "<id:category>": "Device Test",
        "programs/<id:code>": "programs/COOL",
        "<id:code>": "TYPE",
        "<id:number>": Customer.objects.get(locations=period.device.location).number,
        "<id:username>": "cora",
        "<id:head_end>": "HE1",
    }
    for place, value in places.items():
        address = address.replace(place, value)
    return "/" + address


def tabs(address: str) -> tuple[Tab, Tab]:
    return Tab(signed_in(), example(address)), Tab(signed_in(), example(address))


def signed_in() -> Client:
    client = Client()
    client.force_login(User.objects.get(username="adam"))
    return client


def stored(address: str) -> dict[str, list[str]]:
    """What an edit page shows now."""
    form = Tab(signed_in(), example(address)).form
    return {name: value for name, value in form.items() if value != [""] and name not in KEYS}


@PAGES
def test_the_later_tab_hears_who_changed_what_and_saves_what_was_typed_next_to_it(
    page: EditPage, utility: None
) -> None:
    first, second = tabs(page.address)
    assert first.send(page.one) == 302
    before = stored(page.address)

    assert second.send(page.other) == 409

    assert "Not saved: adam saved" in squeezed(second.page)
    assert page.told in squeezed(second.page)
    assert stored(page.address) == before

    assert second.send({}) == 302

    both = page.one | page.other
    now = stored(page.address)
    assert {name: now.get(name, []) for name in both} == {
        name: value if isinstance(value, list) else [value] for name, value in both.items()
    }


@PAGES
def test_a_form_that_names_no_version_is_refused(page: EditPage, utility: None) -> None:
    tab = Tab(signed_in(), example(page.address))
    for version in ([], [""], ["x"], ["-1"], ["9" * 5000]):
        assert tab.client.post(tab.address, {**tab.form, **page.one, "version": version}).status_code == 409


@PAGES
def test_whatever_a_form_says_it_showed_first_is_answered(page: EditPage, utility: None) -> None:
    first, second = tabs(page.address)
    first.send(page.one)
    typed = {**second.form, **page.other}
    for opened in ("", "{", "[]", '{"name": 1}', "[" * 100_000, '{"name": ["\\u0000"]}'):
        answer = second.client.post(second.address, {**typed, "opened": opened})
        assert answer.status_code == 409, opened[:20]
        assert "Not saved: adam saved" in squeezed(answer.content.decode()), opened[:20]


@PAGES
def test_saving_what_is_stored_already_is_no_version(page: EditPage, utility: None) -> None:
    first, second = tabs(page.address)
    assert first.send({}) == 302
    assert second.send(page.other) == 302


@PAGES
@pytest.mark.parametrize("turns", doses(2, 20, "turns"))
@pytest.mark.django_db(transaction=True)
def test_of_two_saves_at_once_exactly_one_succeeds(page: EditPage, turns: int, utility: None) -> None:
    for turn in range(turns):
        first, second = tabs(page.address)
        values = (page.one, page.other) if turn % 2 == 0 else (page.other, page.one)
        undo = {name: first.form.get(name, []) for name in (*page.one, *page.other)}

        answers = run_together(lambda: first.send(values[0]), lambda: second.send(values[1]))  # noqa: B023

        assert sorted(answers) == [302, 409]
        loser = first if answers[0] == 409 else second
        assert "Not saved: adam saved" in squeezed(loser.page)
        Tab(signed_in(), example(page.address)).send(undo)

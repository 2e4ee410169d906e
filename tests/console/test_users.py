"""The administrator's pages: users and roles, and the parameters of event types."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.test import Client

from derms.models import EventType
from integration.console.models import User
from integration.console.roles import ADMINISTRATOR, CSR
from tests import factories
from tests.pages.editing import save
from tests.threads import run_together


@pytest.fixture
def as_administrator(client: Client, administrator: User) -> Client:
    client.force_login(administrator)
    return client


def test_a_new_person_signs_in_with_their_roles(as_administrator: Client) -> None:
    chosen = "a-first-password"
    form = {"username": "carl.csr", "password1": chosen, "password2": chosen}
    form_with_role = {**form, "groups": [Group.objects.get(name=CSR).pk]}
    assert as_administrator.post("/settings/users/new/", form_with_role).status_code == 302
    visitor = Client()
    assert visitor.login(username="carl.csr", password=chosen)
    assert visitor.get("/customers/").status_code == 200


def test_a_weak_password_is_refused(as_administrator: Client) -> None:
    form = {"username": "carl.csr", "password1": "short", "password2": "short"}
    assert as_administrator.post("/settings/users/new/", form).status_code == 422
    assert not User.objects.filter(username="carl.csr").exists()


def test_a_person_who_may_not_sign_in_any_more_is_out(as_administrator: Client, csr: User) -> None:
    visitor = Client()
    visitor.force_login(csr)
    assert save(as_administrator, f"/settings/users/{csr.username}/", {"request_key": "1"}).status_code == 302
    assert visitor.get("/customers/").status_code == 302


def set_password(person: User) -> None:
    person.set_password("another-long-password")
    person.save()


def switch_off_and_on(person: User) -> None:
    for person.is_active in (False, True):
        person.save()


@pytest.mark.parametrize("change", [set_password, switch_off_and_on])
def test_sessions_of_a_person_who_is_switched_off_or_gets_another_password_are_removed(
    csr: User, operator: User, change: Callable[[User], None]
) -> None:
    theirs, others = Client(), Client()
    theirs.force_login(csr)
    others.force_login(operator)
    change(User.objects.get(pk=csr.pk))
    assert [one.pk for one in Session.objects.all()] == [others.session.session_key]
    assert theirs.get("/customers/").status_code == 302
    assert others.get("/profile/").status_code == 200


def test_who_signs_in_or_changes_settings_stays_signed_in_elsewhere(csr: User) -> None:
    one, other = Client(), Client()
    one.force_login(csr)
    other.force_login(csr)
    assert save(one, "/profile/", {"language": "de", "time_zone": "UTC", "theme": "dark"}).status_code == 302
    assert other.get("/profile/").status_code == 200


def test_the_last_administrator_stays_one(as_administrator: Client, administrator: User) -> None:
    answer = save(as_administrator, f"/settings/users/{administrator.username}/", {"is_active": "on", "groups": []})
    assert answer.status_code == 422
    assert "last administrator" in answer.content.decode()
    assert administrator.groups.filter(name=ADMINISTRATOR).exists()


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_demote_each_other_leave_one(administrator: User) -> None:
    other = factories.person("alma", ADMINISTRATOR)

    def demote(by: User, person: User) -> int:
        client = Client()
        client.force_login(by)
        return save(client, f"/settings/users/{person.username}/", {"is_active": "on", "groups": []}).status_code

    for _ in range(5):
        for person in (administrator, other):
            person.groups.set(Group.objects.filter(name=ADMINISTRATOR))
        answers = run_together(lambda: demote(administrator, other), lambda: demote(other, administrator))
        assert User.objects.filter(groups__name=ADMINISTRATOR).count() == 1
        assert sorted(answers)[0] == 302
        assert sorted(answers)[1] in (403, 409, 422), "the other one is refused"


def test_the_parameters_of_an_event_type_are_changed(as_administrator: Client) -> None:
    assert "Emergency" in as_administrator.get("/settings/event-types/").content.decode()
    form = {
        "lead_time_s": 120,
        "outcome_timeout_s": 600,
        "reserve_margin_pct": 8,
        "approved_cap_pct": 120,
        "balance_authority_check": "on",
        "balance_authority_threshold_kw": 5000,
    }
    save(as_administrator, "/settings/event-types/Emergency/", form)
    kind = EventType.objects.get(category="Emergency")
    assert (kind.lead_time_s, kind.reserve_margin_pct, kind.approved_cap_pct) == (120, 8, 120)
    assert (kind.balance_authority_check, kind.balance_authority_threshold_kw) == (True, 5000)

"""Personal keys: made after a second factor, shown once, never with more than their person may, and ended at once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from allauth.mfa.models import Authenticator
from django.test import Client

from integration.console.keys import MOST_KEYS
from integration.console.models import User
from integration.console.roles import ROLES
from integration.pages.callers import username_of
from integration.seam import clock
from integration.seam.history import ObjectChange
from integration.seam.rights import known_rights, rights_of
from integration.seam.scopes import NEVER_PERSONAL, PERSONAL, SCOPES
from integration.seam.service_accounts import ServiceAccount

from .conftest import ask, bearer
from .test_accounts import stored_anywhere

pytestmark = pytest.mark.django_db
KEYS, NEW = "/profile/keys/", "/profile/keys/new/"
Sign = Callable[..., Client]


@pytest.fixture(autouse=True)
def no_required_factor(settings: Any) -> None:
    settings.MFA_REQUIRED_ROLES = []


@pytest.fixture
def signed_in() -> Sign:
    """Sign somebody in who has a second factor, and showed it some minutes ago."""

    def sign(person: User, *, factor: bool = True, minutes_ago: float = 0) -> Client:
        client = Client()
        client.force_login(person)
        if factor:
            Authenticator.objects.get_or_create(user=person, type="totp", defaults={"data": {"secret": "x"}})
        session = client.session
        at = (clock.now() - timedelta(minutes=minutes_ago)).timestamp()
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "type": "totp", "at": at}] if factor else []
        session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(person.pk)
        session.save()
        return client

    return sign


def form(**changed: Any) -> dict[str, Any]:
    last = clock.now().date() + timedelta(days=30)
    return {"name": "backup", "scopes": ["programs:read"], "expires_on": last.isoformat(), **changed}


def test_a_key_is_shown_once_and_calls_as_its_person(signed_in: Sign, program_manager: User) -> None:
    client = signed_in(program_manager)
    shown = client.post(NEW, form())
    secret, key = shown.context["secret"], ServiceAccount.objects.get()
    assert (shown.status_code, "no-store" in shown["Cache-Control"]) == (200, True)
    assert secret in shown.content.decode()
    assert secret not in client.get(KEYS).content.decode()
    assert stored_anywhere(secret) == []
    header = bearer((key, secret))
    assert Client().get("/api/v1/programs", headers=header).status_code == 200
    assert Client().get("/api/v1/enrollments", headers=header).status_code == 403
    assert (key.name, key.is_personal, key.owner) == ("pia/backup", True, program_manager)
    program_manager.groups.clear()
    known_rights.forget()
    assert Client().get("/api/v1/programs", headers=header).status_code == 403


def test_a_revoked_key_ends_with_its_tokens_and_history_has_both(signed_in: Sign, program_manager: User) -> None:
    client = signed_in(program_manager)
    secret = client.post(NEW, form()).context["secret"]
    key = ServiceAccount.objects.get()
    header = bearer((key, secret))
    page = f"{KEYS}{key.client_id}/revoke/"
    assert "can&#x27;t call any more" in client.get(page).content.decode()
    assert client.post(page)["Location"] == KEYS
    known_rights.forget()
    assert Client().get("/api/v1/programs", headers=header).status_code == 401
    assert ask((key, secret)).status_code == 401
    assert "Revoked" in client.get(KEYS).content.decode()
    changes = ObjectChange.objects.filter(kind="service account", object=str(key.pk)).order_by("pk")
    assert [(one.what, one.name, one.by) for one in changes] == [
        ("created", "pia/backup", "pia"),
        ("changed", "pia/backup", "pia"),
    ]


def test_a_key_takes_a_second_factor_that_was_shown_lately(signed_in: Sign, program_manager: User) -> None:
    bare = signed_in(program_manager, factor=False)
    assert bare.post(NEW, form())["Location"] == "/account/2fa/"
    stale = signed_in(program_manager, minutes_ago=16)
    assert stale.post(NEW, form())["Location"] == f"/account/2fa/reauthenticate/?next={NEW.replace('/', '%2F')}"
    assert stale.get(KEYS).status_code == 200
    password = signed_in(program_manager)
    session = password.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": clock.now().timestamp()}]
    session.save()
    assert "reauthenticate" in password.post(NEW, form())["Location"]
    assert not ServiceAccount.objects.exists()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": ""}, "This field is required"),
    "a long name": ({"name": "x" * 61}, "at most 60 characters"),
    "no scope": ({"scopes": []}, "This field is required"),
    "a scope of others": ({"scopes": ["messages:read"]}, "Select a valid choice"),
    "no last day": ({"expires_on": ""}, "This field is required"),
    "a last day that is over": ({"expires_on": "2020-01-01"}, "Choose a day from"),
    "a last day far away": ({"expires_on": "2099-01-01"}, "Choose a day from"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_key_is_not_made(signed_in: Sign, program_manager: User, case: str) -> None:
    changed, sentence = WRONG[case]
    page = signed_in(program_manager).post(NEW, form(**changed))
    assert (page.status_code, sentence in page.content.decode()) == (422, True)
    assert not ServiceAccount.objects.exists()


def test_a_key_whose_name_history_could_not_hold_is_not_made(signed_in: Sign, program_manager: User) -> None:
    client = signed_in(program_manager)
    User.objects.filter(pk=program_manager.pk).update(username="a" * 90)
    page = client.post(NEW, form(name="x" * 44))
    assert (page.status_code, "may have at most 43 characters" in page.content.decode()) == (422, True)
    shown = client.post(NEW, form(name="x" * 43))
    assert shown.status_code == 200
    assert len(username_of(rights_of(ServiceAccount.objects.get()))) == 150


def test_a_form_that_is_sent_again_makes_no_second_key(signed_in: Sign, program_manager: User) -> None:
    client = signed_in(program_manager)
    client.post(NEW, form())
    again = client.post(NEW, form())
    assert "a key with this name already" in again.content.decode()
    assert ServiceAccount.objects.count() == 1


def test_a_person_has_so_many_keys_and_no_more(signed_in: Sign, program_manager: User) -> None:
    client = signed_in(program_manager)
    for number in range(MOST_KEYS):
        client.post(NEW, form(name=str(number)))
    refused = client.post(NEW, form())
    assert (refused.status_code, ServiceAccount.objects.count()) == (409, MOST_KEYS)
    ServiceAccount.objects.filter(name="pia/0").update(is_active=False)
    assert client.post(NEW, form()).status_code == 200


def test_nobody_else_sees_revokes_or_takes_over_a_key(
    signed_in: Sign, program_manager: User, csr: User, administrator: User
) -> None:
    signed_in(program_manager).post(NEW, form())
    key = ServiceAccount.objects.get()
    other = signed_in(csr)
    assert "backup" not in other.get(KEYS).content.decode()
    assert other.post(f"{KEYS}{key.client_id}/revoke/").status_code == 404
    boss = signed_in(administrator)
    assert "pia/backup" in boss.get("/settings/service-accounts/").content.decode()
    for page in ("", "secret/"):
        assert boss.post(f"/settings/service-accounts/{key.client_id}/{page}", {"version": 1}).status_code == 404
    key.refresh_from_db()
    assert (key.is_active, key.version) == (True, 1)


def test_a_key_stops_with_its_person(signed_in: Sign, program_manager: User) -> None:
    secret = signed_in(program_manager).post(NEW, form()).context["secret"]
    program_manager.is_active = False
    program_manager.save()
    assert ask((ServiceAccount.objects.get(), secret)).status_code == 401


def test_no_key_carries_an_approval_people_roles_or_accounts(signed_in: Sign) -> None:
    assert all(not carried & NEVER_PERSONAL for carried in PERSONAL.values())
    asked_of_people = {name for role in ROLES.values() for name in role if ".approve_" in name}
    assert {"derms.approve_event", "cpm.approve_settlementrun"} <= asked_of_people <= NEVER_PERSONAL
    assert {"config.change_user", "integration.change_serviceaccount"} <= NEVER_PERSONAL
    assert PERSONAL.keys() <= SCOPES.keys()
    boss = User.objects.create_superuser("boss")
    offered = signed_in(boss).get(NEW).context["form"].fields["scopes"].choices
    assert [name for name, _label in offered] == list(PERSONAL)

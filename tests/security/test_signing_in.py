"""Signing in: second factors, who must have one, lockout, sessions, and reauthentication."""

import json
import time
from importlib import import_module
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.sessions.models import Session
from django.test import Client

from integration.console.models import User
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

ROLES = ["DERMS approver", "Administrator"]


def sign_in(client: Client, person: User, password: str = PASSWORD) -> Any:
    return client.post("/account/login/", {"login": person.username, "password": password})


def with_app(person: User) -> str:
    """Set up an authenticator app for somebody; returns its secret."""
    secret = generate_totp_secret()
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": secret})
    return secret


def code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_a_password_alone_does_not_sign_in_where_there_is_a_second_factor(client: Client, approver: User) -> None:
    secret = with_app(approver)
    assert sign_in(client, approver)["Location"] == "/account/2fa/authenticate/"
    assert client.get("/events/").status_code == 302
    page = client.get("/account/2fa/authenticate/").content.decode()
    assert "Use a passkey" in page
    assert client.post("/account/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert client.post("/account/2fa/authenticate/", {"code": code(secret)}).status_code == 302
    assert client.get("/events/").status_code == 200


@pytest.mark.parametrize(("who", "asked"), [("approver", True), ("administrator", True), ("operator", False)])
def test_roles_that_need_a_second_factor_set_one_up_before_anything_else(
    who: str, asked: bool, client: Client, settings: Any, request: pytest.FixtureRequest
) -> None:
    settings.MFA_REQUIRED_ROLES = ROLES
    person: User = request.getfixturevalue(who)
    client.force_login(person)
    answer = client.get("/")
    assert (answer.status_code, answer.get("Location")) == ((302, "/account/2fa/") if asked else (200, None))
    assert ("Your role needs a second factor" in client.get("/account/2fa/").content.decode()) is asked
    with_app(person)
    assert client.get("/").status_code == 200


def test_recovery_codes_alone_are_no_second_factor_and_a_superuser_needs_one(
    client: Client, settings: Any, approver: User, outsider: User
) -> None:
    settings.MFA_REQUIRED_ROLES = ROLES
    Authenticator.objects.create(user=approver, type=Authenticator.Type.RECOVERY_CODES, data={})
    outsider.is_superuser = True
    outsider.save()
    for person in (approver, outsider):
        client.force_login(person)
        assert client.get("/")["Location"] == "/account/2fa/"


def test_a_post_of_somebody_without_the_factor_changes_nothing(
    client: Client, settings: Any, administrator: User
) -> None:
    settings.MFA_REQUIRED_ROLES = ROLES
    client.force_login(administrator)
    form = {"username": "carl", "password1": PASSWORD, "password2": PASSWORD}
    assert client.post("/settings/users/new/", form)["Location"] == "/account/2fa/"
    assert not User.objects.filter(username="carl").exists()


def test_a_name_is_locked_after_five_wrong_passwords_wherever_they_come_from(client: Client, operator: User) -> None:
    for number in range(5):
        Client(REMOTE_ADDR=f"10.0.0.{number}").post("/account/login/", {"login": "olive", "password": "wrong"})
    answer = sign_in(client, operator)
    assert answer.status_code == 200
    assert "Too many failed login attempts" in answer.content.decode()
    assert client.get("/").status_code == 302


def test_the_same_sentence_for_a_wrong_password_and_an_unknown_name(client: Client, operator: User) -> None:
    wrong, unknown = (
        client.post("/account/login/", {"login": name, "password": "wrong"}).content.decode().split("<ul>")[1][:150]
        for name in ("olive", "nobody.at.all")
    )
    assert wrong == unknown


def test_sessions_and_counters_live_in_postgresql(client: Client, settings: Any, operator: User) -> None:
    sign_in(client, operator)
    assert Session.objects.count() == 1
    assert settings.CACHES["default"]["BACKEND"] == "django.core.cache.backends.db.DatabaseCache"


def test_a_session_ends_twelve_hours_after_the_sign_in_and_with_signing_out(client: Client, operator: User) -> None:
    sign_in(client, operator)
    assert client.session.get_expiry_age() == 12 * 60 * 60
    before = Session.objects.get().expire_date
    client.get("/")
    assert Session.objects.get().expire_date == before
    client.post("/account/logout/")
    assert not Session.objects.exists()


def test_signing_in_changes_the_session_key(client: Client, operator: User) -> None:
    client.get("/account/2fa/")
    session = client.session
    session["planted"] = True
    session.save()
    before = session.session_key
    sign_in(client, operator)
    assert client.session.session_key != before


DANGEROUS = [
    "/settings/users/new/",
    "/settings/users/olive/",
    "/account/2fa/totp/activate/",
    "/account/2fa/webauthn/add/",
]


@pytest.mark.parametrize("address", DANGEROUS)
def test_dangerous_steps_ask_again_who_one_is(
    address: str, client: Client, administrator: User, operator: User, settings: Any
) -> None:
    client.force_login(administrator)
    assert client.get(address).status_code == 200
    session = client.session
    session["account_authentication_methods"][-1]["at"] = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT - 1
    session.save()
    assert client.get(address)["Location"].startswith("/account/reauthenticate/?next=%2F")
    assert client.post(address, {"username": "carl"})["Location"].startswith("/account/reauthenticate/")
    assert client.post("/account/reauthenticate/", {"password": "wrong"}).status_code == 200
    assert client.get(address).status_code == 302
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    assert client.get(address).status_code == 200


# --- Passkeys -----------------------------------------------------------------------------------------------------


def test_a_passkey_is_offered_with_what_the_browser_needs_and_no_inline_script(client: Client, operator: User) -> None:
    client.force_login(operator)
    page = client.get("/account/2fa/webauthn/add/")
    options = json.loads(page.content.decode().split('data-options="')[1].split('"')[0].replace("&quot;", '"'))
    assert options["publicKey"]["user"]["name"] == "olive"
    assert "js/passkeys.js" in page.content.decode()
    asked = Client().get("/account/2fa/webauthn/login/", headers={"Accept": "application/json"})
    assert asked.json()["request_options"]["publicKey"]["challenge"]


@pytest.mark.parametrize("answer", ["", "{}", "[]", '{"id": 1}', "not json", '{"id":"AA","rawId":"AA","response":{}}'])
def test_a_forged_passkey_neither_signs_in_nor_is_added(answer: str, client: Client, operator: User) -> None:
    client.get("/account/2fa/webauthn/login/", headers={"Accept": "application/json"})
    assert client.post("/account/2fa/webauthn/login/", {"credential": answer})["Location"] == "/account/login/"
    assert client.get("/").status_code == 302
    client.force_login(operator)
    client.get("/account/2fa/webauthn/add/")
    assert client.post("/account/2fa/webauthn/add/", {"name": "Mine", "credential": answer}).status_code == 200
    assert not Authenticator.objects.exists()


# --- Limits -------------------------------------------------------------------------------------------------------


def test_signing_in_is_limited_by_address(client: Client, operator: User) -> None:
    statuses = {client.post("/account/login/", {"login": f"n{n}", "password": "x"}).status_code for n in range(31)}
    assert statuses == {200, 429}


@pytest.mark.parametrize(
    ("module", "address"), [("integration.console.palette", "/find/"), ("cpm.views.customers", "/customers/")]
)
def test_searching_is_limited_by_person(
    module: str, address: str, client: Client, csr: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module(module), "SEARCHES_A_MINUTE", 2)
    client.force_login(csr)
    assert 429 in [client.get(address, {"q": "Testa"}).status_code for _ in range(6)]

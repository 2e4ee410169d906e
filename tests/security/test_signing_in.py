"""Signing in: second factors, who must have one, lockout, sessions, and reauthentication."""

import json
import time
from hashlib import sha256
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

from integration.console.accounts import WRONG_PASSWORDS_A_MINUTE
from integration.console.models import User
from integration.seam import clock
from integration.seam.models import RateCount
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


def wrong_passwords(times: int, *, address: str) -> None:
    for _ in range(times):
        Client(REMOTE_ADDR=address).post("/account/login/", {"login": "olive", "password": "wrong"})


def test_a_name_is_locked_after_five_wrong_passwords_for_the_address_they_come_from(operator: User) -> None:
    wrong_passwords(5, address="10.0.0.1")
    there, elsewhere = Client(REMOTE_ADDR="10.0.0.1"), Client(REMOTE_ADDR="10.0.0.2")
    answer = sign_in(there, operator)
    assert "Too many failed login attempts" in answer.content.decode()
    assert there.get("/").status_code == 302
    assert sign_in(elsewhere, operator).status_code == 302, "nobody can lock a person out from somewhere else"
    assert elsewhere.get("/").status_code == 200


def test_guessing_from_many_addresses_has_a_limit_too(client: Client, operator: User) -> None:
    minute = int(clock.now().timestamp()) // 60
    for this_or_the_next in (minute, minute + 1):
        RateCount.objects.create(
            name="sign-in",
            who=sha256(b"olive").hexdigest(),
            minute=this_or_the_next,
            count=WRONG_PASSWORDS_A_MINUTE,
        )
    assert "Too many failed login attempts" in sign_in(client, operator).content.decode()


def test_nobody_is_mailed_a_key(client: Client, operator: User, mailoutbox: list[Any]) -> None:
    User.objects.filter(pk=operator.pk).update(email="olive@example.invalid")
    assert client.post("/account/password/reset/", {"email": "olive@example.invalid"}).status_code == 405
    assert not mailoutbox
    assert "Ask your administrator" in client.get("/account/password/reset/").content.decode()


def test_a_password_is_changed_on_the_page_that_limits_guesses_only(client: Client, administrator: User) -> None:
    client.force_login(administrator)
    pages = [client.get(path).resolver_match.func for path in ("/admin/password_change/", "/account/password/change/")]
    assert pages[0] == pages[1]


def test_a_person_with_an_address_can_set_up_an_app(client: Client, approver: User) -> None:
    User.objects.filter(pk=approver.pk).update(email="ada@example.invalid")
    sign_in(client, approver)
    page = client.get("/account/2fa/totp/activate/")
    assert page.status_code == 200
    secret = page.context["form"].secret
    assert client.post("/account/2fa/totp/activate/", {"code": code(secret)}).status_code == 302
    assert Authenticator.objects.filter(user=approver, type=Authenticator.Type.TOTP).exists()


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

"""Tokens: who gets one, for which scopes, and what a wrong request is told."""

import base64
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from integration.console.models import User
from integration.console.service_accounts import make_secret, save_account
from integration.pages.callers import caller_of
from integration.seam import clock, tokens
from integration.seam.rights import known_rights
from integration.seam.tokens import Token, TokenRefused

from .conftest import Made, ask

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"
GRANT = "grant_type=client_credentials"
HERE = {"address": "127.0.0.1"}


@pytest.fixture
def made(account_of: Callable[..., Made], program_manager: User) -> Made:
    return account_of(program_manager, scopes=["programs:read", "events:read", "customers:read"])


def post(body: str, content_type: str = FORM, address: str = "/oauth/token", **headers: str) -> Any:
    return Client(headers=headers).post(address, body, content_type=content_type)


def test_an_account_gets_a_token_for_an_hour_by_form_and_by_basic_at_both_addresses(made: Made) -> None:
    account, secret = made
    basic = base64.b64encode(f"{account.client_id}:{secret}".encode()).decode()
    for answer in (
        ask(made),
        post(GRANT, Authorization=f"Basic {basic}"),
        post(GRANT, address="/openadr3/3.1.0/auth/token", Authorization=f"Basic {basic}"),
    ):
        given = answer.json()
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"]
        assert (given["token_type"], given["expires_in"]) == ("Bearer", 3600)
        assert given["scope"] == "customers:read events:read programs:read"
        assert caller_of(given["access_token"], now=clock.now(), **HERE).username == "service account Billing"


def test_a_token_may_do_what_its_scopes_the_account_and_the_owner_may(made: Made) -> None:
    """A program manager has no customers, so the account has none either."""
    everything = caller_of(ask(made).json()["access_token"], now=clock.now(), **HERE)
    assert everything.get_all_permissions() == {"cpm.view_program", "derms.view_event"}
    narrow = caller_of(ask(made, scope="events:read").json()["access_token"], now=clock.now(), **HERE)
    assert narrow.get_all_permissions() == {"derms.view_event"}


WRONG = {
    "another secret": (f"{GRANT}&client_id={{id}}&client_secret=guess", FORM, 401, "invalid_client"),
    "no such account": (f"{GRANT}&client_id=sa-0&client_secret={{secret}}", FORM, 401, "invalid_client"),
    "no secret": (f"{GRANT}&client_id={{id}}", FORM, 401, "invalid_client"),
    "no grant": ("client_id={id}&client_secret={secret}", FORM, 400, "invalid_request"),
    "another grant": ("grant_type=password&client_id={id}&client_secret={secret}", FORM, 400, "unsupported_grant_type"),
    "a scope it has not": (
        f"{GRANT}&client_id={{id}}&client_secret={{secret}}&scope=messages:read",
        FORM,
        400,
        "invalid_scope",
    ),
    "json": ('{{"grant_type": "client_credentials"}}', "application/json", 415, None),
    "NUL": (f"{GRANT}&client_id=%00&client_secret={{secret}}", FORM, 400, None),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_request_is_told_what_is_wrong(made: Made, case: str) -> None:
    body, kind, status, error = WRONG[case]
    account, secret = made
    answer = post(body.format(id=account.client_id, secret=secret), kind)
    told = answer.json()
    assert (answer.status_code, told.get("error"), told["status"]) == (status, error, status)
    assert told["detail"]
    assert secret not in answer.content.decode()
    assert ("WWW-Authenticate" in answer) == (status == 401)


@pytest.mark.parametrize(
    "header", ["Basic !", "Basic \u00ff\u00fe", "Basic /w==", "Basic " + base64.b64encode(b"sa-1").decode()]
)
def test_a_broken_basic_header_is_401(header: str) -> None:
    assert post(GRANT, Authorization=header).status_code == 401


def test_only_post_is_taken() -> None:
    answer = Client().get("/oauth/token")
    assert (answer.status_code, answer["Allow"], answer["Content-Type"]) == (405, "POST", "application/problem+json")


def reads(text: str) -> str:
    try:
        return caller_of(text, now=clock.now(), **HERE).username
    except TokenRefused as refused:
        return str(refused)


def test_a_token_of_another_epoch_altered_or_expired_is_refused(made: Made) -> None:
    account, _secret = made
    given = ask(made).json()["access_token"]
    assert reads(given) == "service account Billing"
    assert reads(given[:-1] + ("A" if given[-1] != "A" else "B")) == "The token is not one of ours."
    assert reads("") == reads("x" * 5000) == reads("a.b.c") == "The token is not one of ours."
    of_now = Token(account.pk, account.epoch, frozenset({"events:read"}))
    old = tokens.issue(of_now, now=clock.now() - timedelta(minutes=61))
    assert reads(old) == "The token has expired; ask for a new one."
    before = tokens.issue(of_now._replace(epoch=account.epoch - 1), now=clock.now())
    assert reads(before) == "The token is no longer valid; ask for a new one."


def test_rotating_the_secret_ends_the_former_one_and_its_tokens(made: Made) -> None:
    account, _secret = made
    make_secret(client_id=account.client_id, by="adam", now=clock.now())
    assert ask(made).status_code == 401


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"is_active": False}, "switched off"),
        ({"expires_on": date(2026, 1, 31)}, "expired after"),
        ({"addresses": ["192.0.2.0/24"]}, "may not call from this address"),
    ],
)
def test_an_account_that_may_not_call_now_gets_no_token(made: Made, fields: dict[str, Any], sentence: str) -> None:
    account, _secret = made
    save_account(client_id=account.client_id, fields=fields, by="adam", now=clock.now())
    answer = ask(made)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert sentence in answer.json()["detail"]


def test_an_account_calls_on_its_last_day_and_from_its_network(made: Made) -> None:
    account, _secret = made
    fields = {"expires_on": clock.now().date(), "addresses": ["10.0.0.0/8", "127.0.0.1/32"]}
    save_account(client_id=account.client_id, fields=fields, by="adam", now=clock.now())
    assert ask(made).status_code == 200


def test_an_owner_who_may_not_sign_in_stops_the_account(made: Made, program_manager: User) -> None:
    program_manager.is_active = False
    program_manager.save()
    answer = ask(made)
    assert answer.status_code == 401
    assert "owner" in answer.json()["detail"]


def test_an_owner_who_may_sign_in_again_does_not_revive_tokens(made: Made, program_manager: User) -> None:
    account, before = made[0], made[0].epoch
    given = ask(made).json()["access_token"]
    for may_sign_in in (False, True):
        program_manager.is_active = may_sign_in
        program_manager.save()
    known_rights.forget()
    assert reads(given) == "The token is no longer valid; ask for a new one."
    assert reads(ask(made).json()["access_token"]) == "service account Billing"
    program_manager.first_name = "Pia"
    program_manager.save()
    account.refresh_from_db()
    assert account.epoch == before + 1


@pytest.mark.parametrize(
    ("address", "where"),
    [
        ("/api/v1/events", "/oauth/token"),
        ("/rest/apis/cross/service/programEvent/", "/oauth/token"),
        ("/openadr3/3.1.0/events", "/openadr3/3.1.0/auth/token"),
    ],
)
@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer x"}])
def test_who_has_no_token_is_told_where_to_get_one(address: str, where: str, header: dict[str, str]) -> None:
    answer = Client().post(address, {}, "application/json", headers=header)
    assert answer.status_code == 401
    assert answer.json()["detail"].endswith(f" Tokens are given at {where}.")
    assert Client().post(where).status_code == 415  # it is there, and wants a form


def test_wrong_secrets_neither_stop_the_account_nor_tell_that_it_is_there(made: Made, settings: Any) -> None:
    """Once 30 of them from an address locked the right secret out, and unknown ids had a limit of their own."""
    account, _secret = made
    wrong = f"{GRANT}&client_id={{}}&client_secret=guess"
    tried = [account.client_id, "sa-0"] * settings.API_TOKENS_PER_MINUTE
    answers = [post(wrong.format(one)).status_code for one in tried]
    assert answers[: settings.API_TOKENS_PER_MINUTE] == [401] * settings.API_TOKENS_PER_MINUTE
    assert set(answers[-2:]) == {429}
    assert ask(made).status_code == 200


def test_a_token_has_only_characters_of_bearer_tokens(made: Made) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", ask(made).json()["access_token"])


def test_a_flood_of_requests_for_tokens_costs_only_its_own_account(
    made: Made, account_of: Callable[..., Made], program_manager: User, settings: Any
) -> None:
    other = account_of(program_manager, "Weather")
    answers = [ask(made) for _ in range(settings.API_TOKENS_PER_MINUTE + 5)]
    assert [one.status_code for one in answers[: settings.API_TOKENS_PER_MINUTE]] == [200] * 30
    late = answers[-1]
    assert (late.status_code, late["Content-Type"]) == (429, "application/problem+json")
    assert 1 <= int(late["Retry-After"]) <= 60
    assert ask(other).status_code == 200

"""The account library's pages and the error pages use our own frame and nothing that the security policy forbids."""

import re
from contextlib import suppress

import pytest
from django.db import OperationalError, connection
from django.template.loader import render_to_string
from django.test import Client

from integration.console.models import User
from tests.pages.test_static_files import INLINE

SIGNED_OUT = ["login", "signup", "inactive", "password/reset", "password/reset/done", "password/reset/key/a-b"]
SIGNED_IN = ["logout", "password/change", "email", "reauthenticate"]
SIGNED_IN += ["2fa", "2fa/totp/activate", "2fa/webauthn", "2fa/webauthn/add"]


def page(client: Client, address: str) -> str:
    response = client.get(f"/account/{address}/", follow=True, secure=True)
    assert response.status_code == 200
    assert "default-src 'none'" in response["Content-Security-Policy"]
    html = response.content.decode()
    assert "css/app.css" in html
    assert not INLINE.search(html)
    return html


@pytest.mark.django_db
@pytest.mark.parametrize("address", SIGNED_OUT)
def test_account_pages_for_people_who_are_not_signed_in(client: Client, address: str) -> None:
    assert 'class="entrance"' in page(client, address)


@pytest.mark.parametrize("address", SIGNED_IN)
def test_account_pages_for_people_who_are_signed_in(client: Client, operator: User, address: str) -> None:
    client.force_login(operator)
    page(client, address)


@pytest.mark.django_db
def test_a_wrong_password_is_answered_with_a_summary(client: Client) -> None:
    response = client.post("/account/login/", {"login": "olive", "password": "wrong"}, secure=True)
    html = response.content.decode()
    assert "Not signed in." in html
    assert 'role="alert"' in html


def test_a_field_with_an_error_points_to_it(client: Client, operator: User) -> None:
    client.force_login(operator)
    html = client.post("/account/password/change/", {}, secure=True).content.decode()
    assert 'aria-invalid="true"' in html
    assert re.search(r'aria-describedby="[^"]*\bid_oldpassword_error"', html)
    assert 'id="id_oldpassword_error"' in html
    assert 'href="#id_oldpassword"' in html


def test_the_page_that_is_not_there_keeps_the_menu(client: Client, operator: User) -> None:
    client.force_login(operator)
    response = client.get("/nowhere/", secure=True)
    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()
    assert "Tools Selection" in response.content.decode()


@pytest.mark.parametrize("template", ["400.html", "500.html"])
def test_the_pages_of_last_resort_need_nothing(template: str) -> None:
    html = render_to_string(template)
    assert "Gridcall" in html
    assert not INLINE.search(html)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_said_to_be(client: Client, operator: User) -> None:
    client.force_login(operator)
    client.raise_request_exception = False
    with suppress(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    try:
        answer = client.get("/", secure=True)
    finally:
        connection.close()
    assert answer.status_code == 503
    assert "The database can't be reached" in answer.content.decode()

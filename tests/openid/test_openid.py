"""Signing in at an OpenID provider: who gets in, with which roles, and what stays of it."""

import http.client
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.checks import run_checks
from django.test import Client

from integration.console.models import User
from integration.console.roles import ADMINISTRATOR, OPERATOR
from integration.seam.history import ObjectChange
from integration.seam.models import Alert
from tests import factories

from .provider import CLIENT, SECRET, Provider, server

pytestmark = pytest.mark.django_db
LOGIN = "/account/oidc/company/login/"
ROLES = [("gridcall-ops", OPERATOR), ("gridcall-admins", ADMINISTRATOR)]
OLIVE = {"sub": "u-1", "preferred_username": "olive.o", "email": "olive@example.invalid", "groups": ["gridcall-ops"]}
Sign = Callable[..., Any]


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    made = server()
    found: Provider = made.RequestHandlerClass.provider  # type: ignore[attr-defined]
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    found.claims = dict(OLIVE)
    settings.OPENID_ISSUER, settings.OPENID_CLIENT_ID, settings.OPENID_NAME = found.issuer, CLIENT, "Utility sign-in"
    settings.OPENID_ROLES, settings.MFA_REQUIRED_ROLES = ROLES, []
    app = {
        "provider_id": "company", "name": "Utility sign-in", "client_id": CLIENT, "secret": SECRET,
        "settings": {"server_url": found.issuer},
    }  # fmt: skip
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    yield found
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture
def sign_in(provider: Provider, client: Client) -> Sign:
    """Go the whole way: from our form to the provider, and back with its code."""

    def go(query: str = "") -> Any:
        away = client.post(LOGIN + query)
        assert away.status_code == 302, away.content
        return client.get(come_back(away["Location"]))

    return go


def come_back(address: str) -> str:
    """Follow a redirect to the provider over the network; returns where it sends the browser."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc)
    connection.request("GET", f"{parts.path}?{parts.query}")
    back = connection.getresponse().headers["Location"]
    connection.close()
    return back.removeprefix("http://testserver")


def roles(username: str) -> list[str]:
    return sorted(User.objects.get(username=username).groups.values_list("name", flat=True))


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_first_sign_in_makes_a_person_with_the_roles_of_the_claim(sign_in: Sign, client: Client) -> None:
    answer = sign_in()
    assert (answer.status_code, answer["Location"]) == (302, "/")
    person = User.objects.get(username="olive.o")
    assert (person.email, person.has_usable_password(), roles("olive.o")) == (
        "olive@example.invalid",
        False,
        [OPERATOR],
    )
    assert client.get("/events/").status_code == 200
    kept = SocialAccount.objects.get()
    assert (kept.uid, kept.user, kept.extra_data) == ("u-1", person, {})


def test_each_sign_in_renews_the_roles_and_history_says_so(sign_in: Sign, provider: Provider, client: Client) -> None:
    sign_in()
    provider.claims["groups"] = ["gridcall-admins", "others"]
    client.logout()
    sign_in()
    assert roles("olive.o") == [ADMINISTRATOR]
    changes = ObjectChange.objects.filter(kind="account", name="olive.o", by="OpenID Connect")
    assert changes.count() >= 4  # the account, a role given, another given, the first taken
    assert Alert.objects.filter(key=f"role:olive.o:{ADMINISTRATOR}").exists()


def test_whoever_has_no_role_any_more_loses_theirs_and_does_not_get_in(
    sign_in: Sign, provider: Provider, client: Client
) -> None:
    sign_in()
    client.logout()
    provider.claims["groups"] = ["others"]
    refused = sign_in()
    assert refused.status_code == 403
    assert "Utility sign-in gives you no role here" in refused.content.decode()
    assert (roles("olive.o"), is_in(client)) == ([], False)


def test_a_stranger_without_a_role_gets_no_account(sign_in: Sign, provider: Provider) -> None:
    del provider.claims["groups"]
    assert sign_in().status_code == 403
    assert not User.objects.filter(username="olive.o").exists()


@pytest.mark.parametrize("claims", [{"groups": "gridcall-ops"}, {"realm_access": {"roles": ["gridcall-ops"]}}])
def test_the_claim_may_be_a_text_or_lie_deeper(
    sign_in: Sign, provider: Provider, settings: Any, claims: dict[str, Any]
) -> None:
    del provider.claims["groups"]
    provider.claims |= claims
    settings.OPENID_ROLES_CLAIM = "groups" if "groups" in claims else "realm_access.roles"
    sign_in()
    assert roles("olive.o") == [OPERATOR]


def test_an_account_of_this_installation_is_never_taken_over_by_its_name(sign_in: Sign, client: Client) -> None:
    factories.person("Olive.O", ADMINISTRATOR)
    refused = sign_in()
    assert refused.status_code == 403
    assert "There is an account olive.o of this installation already" in refused.content.decode()
    assert not is_in(client)
    assert not SocialAccount.objects.exists()


def test_whoever_is_signed_in_connects_their_account(sign_in: Sign, client: Client) -> None:
    person = factories.person("olive", ADMINISTRATOR)
    client.force_login(person)
    assert "Connect with Utility sign-in" in client.get("/profile/").content.decode()
    sign_in("?process=connect")
    assert SocialAccount.objects.get().user == person
    client.logout()
    sign_in()
    assert (roles("olive"), is_in(client)) == ([OPERATOR], True)


@pytest.mark.parametrize("name", [None, "", "olive o", "x" * 151, 7])
def test_a_name_that_can_not_be_used_is_refused(sign_in: Sign, provider: Provider, name: Any) -> None:
    provider.claims["preferred_username"] = name
    before = User.objects.count()
    assert "no user name that can be used" in sign_in().content.decode()
    assert User.objects.count() == before


def test_whoever_is_switched_off_does_not_get_in(sign_in: Sign, client: Client) -> None:
    sign_in()
    client.logout()
    person = User.objects.get(username="olive.o")
    person.is_active = False
    person.save()
    sign_in()
    assert not is_in(client)


@pytest.mark.parametrize(
    "wrong", [{"aud": "another"}, {"iss": "https://other.invalid"}, {"exp": 1}], ids=["audience", "issuer", "expired"]
)
def test_a_token_for_somebody_else_is_refused(
    sign_in: Sign, provider: Provider, client: Client, wrong: dict[str, Any]
) -> None:
    provider.token_claims = wrong
    assert sign_in().status_code == 403
    assert not is_in(client)


def test_a_code_for_another_state_or_without_its_verifier_is_refused(provider: Provider, client: Client) -> None:
    away = client.post(LOGIN)["Location"]
    back = come_back(away)
    assert client.get(back.replace("state=", "state=x")).status_code == 403
    stranger = Client()
    assert stranger.get(back).status_code == 403
    assert [is_in(client), is_in(stranger)] == [False, False]


def test_a_provider_that_is_down_is_a_page_with_a_sentence(provider: Provider, client: Client) -> None:
    provider.is_down = True
    answer = client.post(LOGIN)
    assert (answer.status_code, "was not completed" in answer.content.decode()) == (503, True)


def test_signing_out_ends_the_session_there_too(sign_in: Sign, provider: Provider, client: Client) -> None:
    sign_in()
    out = client.post("/account/logout/")["Location"]
    assert out.startswith(f"{provider.issuer}/logout?")
    assert parse_qs(urlsplit(out).query) == {
        "client_id": [CLIENT],
        "post_logout_redirect_uri": ["http://testserver/account/login/"],
    }
    assert not is_in(client)


def test_who_signed_in_here_signs_out_here(provider: Provider, client: Client) -> None:
    client.force_login(factories.person("olive", OPERATOR))
    assert client.post("/account/logout/")["Location"] == "/account/login/"


def password_sign_in(client: Client, username: str) -> Any:
    return client.post("/account/login/", {"login": username, "password": factories.PASSWORD}, follow=True)


def test_local_accounts_can_be_switched_off(provider: Provider, settings: Any, client: Client) -> None:
    settings.LOCAL_ACCOUNTS = False
    page = client.get("/account/login/").content.decode()
    assert "Sign in with Utility sign-in" in page
    assert 'name="password"' not in page
    assert 'name="password"' in client.get("/account/login/?local").content.decode()
    factories.person("olive", OPERATOR)
    refused = password_sign_in(client, "olive")
    assert "Sign in with Utility sign-in." in refused.content.decode()
    assert not is_in(client)
    User.objects.filter(username="olive").update(is_superuser=True)
    password_sign_in(client, "olive")
    assert is_in(client)


def test_whoever_came_from_the_provider_has_no_second_way_in(sign_in: Sign, client: Client) -> None:
    sign_in()
    page = client.post("/account/password/set/", {"password1": factories.PASSWORD, "password2": factories.PASSWORD})
    assert page.status_code == 405
    person = User.objects.get(username="olive.o")
    assert not person.has_usable_password()
    client.post("/account/3rdparty/", {"account": SocialAccount.objects.get().pk})
    assert SocialAccount.objects.exists()


def test_nobody_is_sent_to_a_provider_that_is_not_there(client: Client) -> None:
    assert "openid" not in client.get("/account/login/").content.decode().lower()
    assert client.post(LOGIN).status_code == 404


def test_settings_that_lock_everybody_out_are_errors(settings: Any) -> None:
    settings.LOCAL_ACCOUNTS, settings.OPENID_ROLES = False, [("ops", "Operator")]
    settings.OPENID_ISSUER, settings.OPENID_CLIENT_ID = "", ""
    ids = {one.id for one in run_checks()}
    assert {"gridcall.E006", "gridcall.E008"} <= ids
    settings.OPENID_ISSUER = "https://id.example"
    assert "gridcall.E007" in {one.id for one in run_checks()}

"""Accounts of other systems, and what calls of theirs send."""

import ssl
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from django.test import Client

from integration.console.models import User
from integration.console.service_accounts import add_account, make_secret
from integration.pages.doors import calls
from integration.pages.oauth import asked
from integration.seam import clock
from integration.seam.rights import known_rights
from integration.seam.scopes import SCOPES
from integration.seam.service_accounts import ServiceAccount
from integration.seam.webhooks import keeping
from integration.seam.webhooks.keeping import add_webhook
from integration.seam.webhooks.rows import Webhook
from tests.doors.receivers import Authority

from .calling import V1, Send

Made = tuple[ServiceAccount, str]


@pytest.fixture(autouse=True)
def fresh_process() -> Iterator[None]:
    """Nothing is known of accounts, and no call was counted."""
    for forget in (known_rights.forget, calls.cache_clear, asked.cache_clear):
        forget()
    yield
    known_rights.forget()


@pytest.fixture
def account_of(db: None) -> Callable[..., Made]:
    """Make an account of an owner, with all scopes unless others are named; returns it with its secret."""

    def make(owner: User, name: str = "Billing", **fields: Any) -> Made:
        given = {"name": name, "owner": owner, "scopes": sorted(SCOPES), **fields}
        made = add_account(given, by="adam", now=clock.now())
        secret = make_secret(client_id=made.client_id, by="adam", now=clock.now())
        made.refresh_from_db()
        return made, secret

    return make


@pytest.fixture
def call(account_of: Callable[..., Made]) -> Callable[..., Any]:
    """Call an address as the account of a person of the demo; each has one."""
    headers: dict[str, dict[str, str]] = {}

    def get(person: str, address: str, accept: str = "*/*", **query: Any) -> Any:
        if person not in headers:
            headers[person] = bearer(account_of(User.objects.get(username=person), person))
        sent = {**headers[person], "Accept": accept}
        return Client().get(V1 + address if not address.startswith("/") else address, query, headers=sent)

    return get


@pytest.fixture
def send(account_of: Callable[..., Made]) -> Send:
    """Call as the account of a person; “boss” may do everything."""

    def header_of(person: str) -> dict[str, str]:
        found = User.objects.filter(username=person).first() or User.objects.create_superuser(person)
        return bearer(account_of(found, person))

    return Send({}, header_of)


def ask(made: Made, **more: Any) -> Any:
    """The answer to a request for a token, by form."""
    account, secret = made
    form = {"grant_type": "client_credentials", "client_id": account.client_id, "client_secret": secret, **more}
    body = "&".join(f"{name}={value}" for name, value in form.items())
    return Client().post("/oauth/token", body, content_type="application/x-www-form-urlencoded")


def bearer(made: Made, **more: Any) -> dict[str, str]:
    """The header that a call sends."""
    return {"Authorization": f"Bearer {ask(made, **more).json()['access_token']}"}


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def loopback(settings: Any, authority: Authority) -> ssl.SSLContext:
    """Loopback may be called, and the tests' authority is trusted; returns what a receiver there needs."""
    settings.OUTGOING_NETWORKS = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    settings.OUTGOING_CA_FILE = str(authority.file)
    return authority.context_for("localhost")


@pytest.fixture
def webhook_to(operator: User) -> Callable[..., Webhook]:
    """Make a webhook with a secret, which is told of everything that an operator may see unless kinds are named."""

    def make(url: str, name: str = "Billing", **fields: Any) -> Webhook:
        given = {"name": name, "owner": operator, "url": url, "kinds": ["event", "stage", "outcome", "alert"], **fields}
        made = add_webhook(given, by="adam", now=clock.now())
        keeping.make_secret(pk=made.pk, by="adam", now=clock.now())
        made.refresh_from_db()
        return made

    return make

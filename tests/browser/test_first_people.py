"""A new Gridcall with its production defaults, through pages only: the first administrator, then an approver."""

import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import closing
from email.message import EmailMessage
from typing import Any

import psycopg2
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Browser, Page
from psycopg2 import sql
from psycopg2.extensions import make_dsn, parse_dsn

from integration.commands.management.commands.up import answers_within
from integration.engines.state import State
from integration.project.supervisor import supervised, web_child
from tests.processes import manage

from .conftest import free_port

PASSWORD = "a-word-of-their-own"  # noqa: S105  (of a test)
PERIOD_S = 30  # of a code of an authenticator app
# Set for the embedded database only: a server of one's own has the defaults.
LOCAL = ("GRIDCALL_EMBEDDED", "GRIDCALL_DEBUG", "GRIDCALL_DEMO", "LOG_FORMAT", "MFA_REQUIRED_ROLES")


class Inbox(Message):
    """What the mail server received."""

    def __init__(self) -> None:
        super().__init__(EmailMessage)
        self.recipients: list[str] = []

    def handle_message(self, message: Any) -> None:
        self.recipients.append(str(message["To"]))


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    """A mail server, which the processes of this test use."""
    received = Inbox()
    server = Controller(received, hostname="127.0.0.1", port=free_port())
    server.start()
    monkeypatch.setenv("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
    monkeypatch.setenv("EMAIL_HOST", "127.0.0.1")
    monkeypatch.setenv("EMAIL_PORT", str(server.port))
    yield received
    server.stop()


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database of its own, in which nothing is yet but what migrations make."""
    server, name = parse_dsn(os.environ["DATABASE_URL"]), f"first_people_{secrets.token_hex(4)}"
    with closing(psycopg2.connect(**server)) as owner:
        owner.autocommit = True
        owner.cursor().execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        monkeypatch.setenv("DATABASE_URL", make_dsn(**{**server, "dbname": name}))
        yield
        owner.cursor().execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def address(database: None, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a web process that has the defaults of a server, but for https: nothing here ends TLS."""
    for name in LOCAL:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GRIDCALL_HTTPS", "0")
    run("migrate", "--no-input")
    run("createcachetable")
    port = free_port()
    monkeypatch.setenv("GRIDCALL_PUBLIC_URL", f"http://127.0.0.1:{port}")
    with supervised([web_child(port)], say=lambda _: None) as supervisor:
        assert answers_within(60, port), supervisor.log_of("web").read_text()
        yield f"http://127.0.0.1:{port}"


def run(*command: str) -> str:
    """Run a command of manage.py with the variables of the web process; returns what it prints."""
    named = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "GRIDCALL_HTTPS")
    done = manage(State.of_environment().root, *command, **{name: os.environ[name] for name in named})
    assert done.returncode == 0, done.stderr
    return done.stdout


class Visitor:
    """Somebody with a browser and an authenticator app of their own."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.address, self.problems, self.used = address, [], 0  # type: str, list[str], int
        self.page: Page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        self.page.on("console", lambda said: said.type == "error" and self.problems.append(said.text))
        self.page.on("pageerror", lambda problem: self.problems.append(str(problem)))

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)

    def fill(self, **texts: str) -> None:
        """Fill fields, by the name with which the form sends them."""
        for name, text in texts.items():
            self.page.locator(f"main form:not([data-passkey]) [name={name}]").fill(text)

    def press(self, name: str) -> None:
        self.page.locator("main").get_by_role("button", name=name, exact=True).click()

    def reads(self, text: str) -> None:
        self.page.get_by_text(text).first.wait_for(timeout=10_000)

    def sign_in(self, username: str) -> None:
        self.open("/account/login/")
        self.fill(login=username, password=PASSWORD)
        self.press("Sign in")

    def set_up_app(self) -> None:
        """Follow the page that asks for a second factor, and type the secret that it shows into the app."""
        self.reads("Your role needs a second factor")
        self.page.locator("main").get_by_role("link", name="Activate", exact=True).click()
        if self.page.get_by_label("Password").count():
            self.fill(password=PASSWORD)
            self.press("Confirm")
        self.secret = self.page.get_by_label("Authenticator secret").input_value()
        self.fill(code=self.code())
        self.press("Activate")
        self.reads("Recovery Codes")

    def code(self) -> str:
        """What the app shows; it waits for the next code if it has shown this one already."""
        while (period := int(time.time()) // PERIOD_S) == self.used:
            time.sleep(0.2)
        self.used = period
        shown: str = format_hotp_value(hotp_value(self.secret, period))
        return shown


def make_administrator(ada: Visitor, code: str) -> None:
    """Make the first account with the code, and come in with it."""
    ada.open("/account/login/")
    ada.page.get_by_role("link", name="make the first administrator").click()
    ada.fill(code=code, username="ada.first", email="ada@example.com", password1=PASSWORD, password2=PASSWORD)
    ada.press("Make the first administrator")
    ada.reads("ada.first can sign in.")
    ada.sign_in("ada.first")
    ada.set_up_app()


def make_approver(ada: Visitor) -> None:
    """Make the approver's account on Users and roles."""
    ada.open("/settings/users/new/")
    ada.fill(username="paul.approver", email="paul@example.com", password1=PASSWORD, password2=PASSWORD)
    ada.page.get_by_label("DERMS approver").check()
    ada.press("Save")
    ada.reads("paul.approver can sign in.")


def test_the_first_administrator_and_their_approver_come_in_through_pages_alone(
    address: str, browser: Browser, inbox: Inbox
) -> None:
    ada, paul = Visitor(browser, address), Visitor(browser, address)
    shown = run("first_administrator")
    assert f"{address}/first-administrator/" in shown
    make_administrator(ada, re.findall(r"Code: (\S+)", shown)[0])
    ada.open("/set-up/")
    ada.press("Send a test message")
    ada.reads("ada@example.com")
    assert inbox.recipients == ["ada@example.com"]
    make_approver(ada)

    paul.sign_in("paul.approver")
    paul.set_up_app()
    paul.open("/events/")
    paul.page.get_by_role("heading", name="DERMS Events", level=1).wait_for()

    paul.page.context.clear_cookies()
    paul.sign_in("paul.approver")
    paul.reads("Enter the code of your authenticator app")
    paul.open("/events/")
    paul.page.get_by_role("heading", name="Second factor", level=1).wait_for()  # a password alone opens nothing
    paul.fill(code=paul.code())
    paul.press("Sign in")
    paul.page.get_by_text("paul.approver").first.wait_for()
    assert ada.problems + paul.problems == []

"""People of a new Gridcall, each with a browser and an authenticator app of their own."""

import os
import time
from email.message import EmailMessage
from typing import Any

from aiosmtpd.handlers import Message
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Browser, Page

from integration.engines.state import State
from tests.processes import manage

PASSWORD = "a-word-of-their-own"  # noqa: S105  (of a test)
PERIOD_S = 30  # of a code of an authenticator app


class Inbox(Message):
    """What the mail server received."""

    def __init__(self) -> None:
        super().__init__(EmailMessage)
        self.recipients: list[str] = []

    def handle_message(self, message: Any) -> None:
        self.recipients.append(str(message["To"]))


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


def make_person(ada: Visitor, username: str, role: str) -> None:
    """Make an account with a role on Users and roles."""
    ada.open("/settings/users/new/")
    ada.fill(username=username, email=f"{username}@example.com", password1=PASSWORD, password2=PASSWORD)
    ada.page.get_by_label(role).check()
    ada.press("Save")
    ada.reads(f"{username} can sign in.")

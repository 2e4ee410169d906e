"""The whole system as people use it: web, workers and a scheduler as processes, the demo utility, a real browser."""

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core.management import call_command
from django.db import connection
from playwright.sync_api import Browser, CDPSession, ConsoleMessage, Locator, Page, sync_playwright
from psycopg2.extensions import make_dsn, parse_dsn
from pytest_django import DjangoDbBlocker

from integration.commands.management.commands.up import answers_within
from integration.demo.people import add_people
from integration.demo.sign_ins import PASSWORD
from integration.project.supervisor import Child, background_children, supervised, web_child
from tests.databases import MIGRATED, Databases, extracts_in

from .visitors import Inbox

DEVICES = 1500
SHOTS = Path(os.environ.get("SCREENSHOT_DIR", Path(__file__).parents[1] / "shots"))
AXE = (Path(__file__).parents[1] / "vendor" / "axe.min.js").read_text()
RULES = "['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']"
CHROMIUMS = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
# Set for the embedded database only: a server of one's own has the defaults.
LOCAL = ("GRIDCALL_EMBEDDED", "GRIDCALL_DEBUG", "GRIDCALL_DEMO", "LOG_FORMAT", "MFA_REQUIRED_ROLES")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    program = next(filter(None, (shutil.which(name) for name in CHROMIUMS if name)), None)
    assert program, "No Chromium found: install it (as root: apt-get install chromium), or set CHROMIUM to its path."
    with sync_playwright() as play:
        # Playwright's own event loop runs in this thread; the tests also query the database synchronously.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        # While it runs, Django has another connection in this thread; the last one led to a database that is gone.
        connection.close()
        found = play.chromium.launch(executable_path=program, args=list(QUIET))
        yield found
        found.close()
        connection.close()
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


# Of a module: while it lives, an event loop runs in this thread, and other modules' tests start their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def demo(
    transactional_db: None, databases: Databases, extract_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The demo utility with real processes on a database of its own; yields the address of its pages."""
    with databases.demo(DEVICES, extract_folder):
        yield from served(extract_folder, monkeypatch, background_children())


@contextmanager
def shared_demo(databases: Databases, root: Path, others: Sequence[Child]) -> Iterator[str]:
    """The demo utility for several tests, of which none may have a database of its own; yields its address."""
    with pytest.MonkeyPatch.context() as patch, extracts_in(root), databases.demo(DEVICES, root):
        yield from served(root, patch, others)


@pytest.fixture(scope="module")
def quiet_demo(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    databases: Databases,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The demo utility for all tests of a module, with pages alone: nothing happens but what the tests do.

    A module that uses it has a fixture `demo` that returns it; most tests of this kind are in `quiet/`.
    """
    root = tmp_path_factory.mktemp("quiet") / "extracts"
    with django_db_blocker.unblock(), shared_demo(databases, root, []) as address:
        yield address


@pytest.fixture
def empty(transactional_db: None, extract_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Pages with only the demo's people; no worker and no scheduler."""
    call_command("createcachetable", verbosity=0)
    add_people()
    yield from served(extract_folder, monkeypatch, [])


def for_processes(extract_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes that are started from here on use the test's database and folder."""
    test_database = {**parse_dsn(os.environ["DATABASE_URL"]), "dbname": connection.settings_dict["NAME"]}
    monkeypatch.setenv("DATABASE_URL", make_dsn(**test_database))
    monkeypatch.setenv("EXTRACT_ROOT", str(extract_folder))
    monkeypatch.setenv("GRIDCALL_HTTPS", "0")
    monkeypatch.setenv("DEMO_METERS", os.environ.get("DEMO_METERS", "0"))  # most tests need no readings


def served(
    extract_folder: Path, monkeypatch: pytest.MonkeyPatch, others: Sequence[Child], port: int | None = None
) -> Iterator[str]:
    for_processes(extract_folder, monkeypatch)
    port = port or free_port()
    with supervised([web_child(port), *others], say=lambda _: None) as supervisor:
        assert answers_within(60, port), supervisor.log_of("web").read_text()
        yield f"http://127.0.0.1:{port}"


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
def own_processes() -> list[Child]:
    """What runs next to the pages of a new Gridcall."""
    return background_children()


@pytest.fixture
def own_server(
    transactional_db: None,
    databases: Databases,
    own_processes: list[Child],
    inbox: Inbox,
    extract_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """The address of a new Gridcall that has the defaults of a server, but for https: nothing here ends TLS.

    In its database is nothing yet but what migrations make.
    """
    for name in LOCAL:
        monkeypatch.delenv(name, raising=False)
    port = free_port()
    monkeypatch.setenv("GRIDCALL_PUBLIC_URL", f"http://127.0.0.1:{port}")
    with databases.copy(MIGRATED, "first_people", extract_folder):
        yield from served(extract_folder, monkeypatch, own_processes, port)


@pytest.fixture
def sign_in(demo: str, browser: Browser) -> Iterator[Callable[..., "Person"]]:
    """Sign one of the demo's people in, in a browser window of their own; no problem may be left at the end."""
    people: list[Person] = []

    def make(username: str, **options: Any) -> Person:
        person = Person(demo, browser, username, **options)
        people.append(person)
        return person

    yield make
    for person in people:
        person.page.context.close()
    assert [problem for person in people for problem in person.problems] == []


class Person:
    """A person at the pages: clicks and reads texts, and records everything the console reports."""

    def __init__(self, address: str, browser: Browser, username: str, **options: Any) -> None:
        self.address, self.problems, self.clicks = address, [], 0  # type: str, list[str], int
        self._debugger: CDPSession | None = None
        # Without motion, no color is halfway between two themes when a page is checked.
        settings = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce", **options}
        self.page: Page = browser.new_context(**settings).new_page()
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda problem: self.problems.append(str(problem)))
        self.open("/account/login/")
        self.page.get_by_label("Username").fill(username)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.locator("b", has_text=username).first.wait_for()  # a hidden alert may name people, too

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)

    def choose_tool(self, name: str) -> None:
        """Tools Selection > name."""
        self.page.get_by_role("navigation", name="Tools Selection").get_by_role("link", name=name, exact=True).click()

    def click(self, what: Locator) -> None:
        """Click, and count the click."""
        what.click()
        self.clicks += 1

    def choose(self, what: Locator, label: str) -> None:
        """Choose from a list, which counts as one click."""
        what.select_option(label=label)
        self.clicks += 1

    def press(self, name: str) -> None:
        """Click the first link or button with this text."""
        page = self.page.locator("#main, main").first
        link, button = (page.get_by_role(role, name=name, exact=True) for role in ("link", "button"))
        link.or_(button).first.click()

    def reads(self, text: str, *, seconds: float = 5, within: str = "main") -> None:
        """Wait until the text is on the page."""
        self.page.locator(within).get_by_text(text).first.wait_for(timeout=seconds * 1000)

    def shoot(self, name: str, *, within: str = "html") -> None:
        """Take a screenshot, and check the page or the dialog over it for accessibility and sideways scroll."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.wait_for_timeout(300)  # until charts are drawn and fragments are loaded
        self.page.mouse.wheel(0, -100_000)  # the header covers what is scrolled under it
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)
        assert self.violations(within) == [], name
        assert not self.scrolls_sideways(), f"{name} scrolls sideways"

    def scrolls_sideways(self) -> bool:
        """Whether the page is wider than its window, also after charts have been redrawn."""
        wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        end = time.monotonic() + 2
        while scrolls := bool(self.page.evaluate(wider)):
            if time.monotonic() > end:
                break
            time.sleep(0.05)
        return scrolls

    def violations(self, within: str = "html") -> Any:
        # Through the debugger, not as a script of the page: the page's own policy allows none.
        if self._debugger is None:
            self._debugger = self.page.context.new_cdp_session(self.page)
        if self._debugger.send("Runtime.evaluate", {"expression": "typeof axe"})["result"]["value"] == "undefined":
            self._debugger.send("Runtime.evaluate", {"expression": AXE})
        options = f"{{runOnly: {RULES}, resultTypes: ['violations'], preload: false}}"
        run = f"axe.run('{within}', {options}).then(r => r.violations.map(v => v.id + ' ' + v.nodes[0].html))"
        asked = {"expression": run, "awaitPromise": True, "returnByValue": True}
        return self._debugger.send("Runtime.evaluate", asked)["result"]["value"]

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(message.text)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port

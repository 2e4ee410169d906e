"""`manage.py up`: all of Gridcall on this machine until Ctrl-C, with a demo utility on the first start."""

import errno
import os
import signal
import socket
import threading
import time
from http.client import HTTPConnection, HTTPException
from types import FrameType
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.management import BaseCommand, CommandError, CommandParser, call_command
from rich.console import Console
from rich.table import Table

from integration.console.first_administrator import has_administrator, new_code
from integration.demo import seeding
from integration.demo.load import refresh_forecast
from integration.demo.sign_ins import PASSWORD, PEOPLE
from integration.engines import kept_running
from integration.project.database import prepare_database
from integration.project.supervisor import background_children, supervised, web_child
from integration.seam import clock

READY_SECONDS = 60
DEMO_NAMES = [person.username for person in PEOPLE]
FIRST_LOOK = """What to look at first
  1. olive.operator: Tools Selection > DERMS Events. One event begins within
     3 minutes; open it and watch State Tracking: Scheduled, In Progress, Completed.
  2. ada.approver: one event waits for approval. Approve it, and its devices are
     reserved.
  3. pia.manager: Program Events and Event Participation show the same events as
     the programs see them, from reservation to Closed with an outcome."""
NEXT_LOOK = """What to look at
  olive.operator: Tools Selection > DERMS Events > + New Event, from a strategy,
  with a start some minutes ahead. Then let ada.approver approve it."""

DEMO_IN_THE_WAY = (
    "The database of this folder holds the demo utility. Start an empty one in another folder:"
    " GRIDCALL_STATE=.local-own make run-empty"
)


class Command(BaseCommand):
    help = "Run web, workers and scheduler here, with a demo utility on the first start. PORT sets the port."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--empty", action="store_true", help="make no demo utility, for one of your own")

    def handle(self, *args: Any, **options: Any) -> None:
        port = free_port()
        end_by_signal()
        try:
            self.run_until_interrupted(port, is_empty=options["empty"])
        except KeyboardInterrupt:
            self.say("\nEverything has stopped.")

    def run_until_interrupted(self, port: int, *, is_empty: bool) -> None:
        first = self.prepare(is_empty=is_empty)
        # This command serves plain http, on this machine only.
        os.environ.setdefault("GRIDCALL_HTTPS", "0")
        if demo_is_here():
            os.environ.setdefault("GRIDCALL_DEMO", os.environ.get("GRIDCALL_EMBEDDED", "0"))
        children = [web_child(port), *background_children()]
        with kept_running(self.say), supervised(children, say=self.say) as supervisor:
            if not answers_within(READY_SECONDS, port):
                raise CommandError(f"The pages do not answer. {supervisor.log_of('web')} says why.")
            self.welcome(port, first)
            threading.Event().wait()

    def prepare(self, *, is_empty: bool) -> bool:
        """Bring the database up to date; True if the demo utility was just made."""
        self.say("Preparing the database ...")
        prepare_database()
        if is_empty and demo_is_here():
            raise CommandError(DEMO_IN_THE_WAY)
        if not is_empty and needs_seeding():
            self.say("Making the demo utility ...")
            call_command("seed_demo")
            return True
        if demo_is_here():
            refresh_forecast(clock.now())
        return False

    def welcome(self, port: int, first: bool) -> None:
        self.say(f"\nGridcall runs at http://127.0.0.1:{port}/\n\n")
        if demo_is_here():
            Console().print(sign_ins())
            self.say(f"Password for all: {PASSWORD}\n\n{FIRST_LOOK if first else NEXT_LOOK}\n\n")
        elif not has_administrator():
            address = f"http://127.0.0.1:{port}/first-administrator/"
            self.say(f"Nobody can sign in yet. Make the first administrator:\n  {address}\n  Code: {new_code()}\n\n")
        self.say("Ctrl-C ends it.")

    def say(self, text: str) -> None:
        """Write and flush, so that a file or a pipe shows it at once."""
        self.stdout.write(text)
        self.stdout.flush()


def free_port() -> int:
    """The port in PORT, by default 8000. Raises CommandError if it can't be opened."""
    name = os.environ.get("PORT") or "8000"
    if not (name.isdecimal() and 0 < int(name) < 65536):
        raise CommandError(f"PORT={name} is not a port. Choose a number from 1 to 65535: PORT=8001 make run")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(name)))
        except OSError as error:
            why = "is taken" if error.errno == errno.EADDRINUSE else f"can't be opened ({error.strerror})"
            raise CommandError(f"Port {name} {why}. Choose another: PORT={other_port(int(name))} make run") from error
    return int(name)


def other_port(port: int) -> int:
    return port + 1 if 1024 <= port < 65535 else 8001


def needs_seeding() -> bool:
    """Whether the demo utility is missing or incomplete, and nobody else can sign in.

    The demo's passwords are public, so a database of one's own gets them only if GRIDCALL_DEMO asks for it.
    """
    if not (os.environ.get("GRIDCALL_EMBEDDED") or settings.DEMO):
        return False
    others = get_user_model().objects.exclude(username__in=DEMO_NAMES)
    others = others.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    return not others.exists() and not seeding.is_complete()


def demo_is_here() -> bool:
    return get_user_model().objects.filter(username__in=DEMO_NAMES).exists()


def answers_within(seconds: float, port: int) -> bool:
    """Wait for the sign-in page; whether it answered in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if sign_in_page_status(port) == 200:
            return True
        time.sleep(0.2)
    return False


def sign_in_page_status(port: int) -> int | None:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/account/login/")
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def sign_ins() -> Table:
    table = Table("Sign in as", "Role", "Does")
    for person in PEOPLE:
        table.add_row(person.username, person.role or "none", person.does)
    return table


def end_by_signal() -> None:
    """End on Ctrl-C even if a script, which ignores it, started this in the background; nohup still works."""
    ending = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        ending.append(signal.SIGHUP)
    for number in ending:
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt

"""`manage.py bench_open_pages`: hundreds of open pages, and which updates reach them."""

import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from derms.models import Event
from integration.bench.open_pages import Figures, Page, hold
from integration.commands.journey import Journey, person_of, wait_until
from integration.commands.management.commands.up import answers_within, free_port
from integration.console.models import User
from integration.console.roles import OPERATOR
from integration.project.database import prepare_database
from integration.project.supervisor import Supervisor, web_child, working

DEVICES, STAGE_SECONDS, PATIENCE_S = 50, 600, 180.0
SHARE_OF_OVERVIEW = 5  # every fifth page is the Overview, the others show one event each


class Command(BaseCommand):
    help = "Keep many pages open; print nudges delivered, their p99, fragments per second and database connections."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--pages", type=int, default=300)
        parser.add_argument("--events", type=int, default=6)
        parser.add_argument("--seconds", type=float, default=60, help="How long events keep changing.")
        parser.add_argument("--every", type=float, default=30, help="Seconds between two changes of one event.")

    def handle(self, *args: Any, **options: Any) -> None:
        prepare_database()
        port = free_port()
        os.environ["GRIDCALL_HTTPS"] = "0"  # plain http, only between this command and its web process
        os.environ["STREAMS_OF_A_PERSON"] = str(options["pages"])
        web = Supervisor([web_child(port)], say=self.stderr.write)
        with working(self.stderr.write):
            operator = person_of("journey.operator", OPERATOR)
            events = plan_events(options["events"], operator)
            web.start()
            try:
                if not answers_within(PATIENCE_S, port):
                    raise CommandError("The web process does not answer; its log is in the state folder.")
                found = hold(
                    f"http://127.0.0.1:{port}",
                    signed_in(operator),
                    pages_of(events, options["pages"]),
                    [event.number for event in events],
                    seconds=options["seconds"],
                    every=options["every"],
                )
            finally:
                web.stop()
        self.report(found, options["pages"])

    def report(self, found: Figures, pages: int) -> None:
        """Print the figures. Raises CommandError if a nudge was lost or a fragment failed."""
        self.stdout.write(
            f"{pages} open pages: {found.nudges_delivered:,} of {found.nudges_due:,} nudges delivered,"
            f" p50 {found.nudge_p50:.3f} s, p99 {found.nudge_p99:.3f} s;"
            f" {found.fragments_per_second:.1f} fragments per second,"
            f" p50 {found.fragment_p50:.3f} s, p99 {found.fragment_p99:.3f} s, {found.failed} failed;"
            f" at most {found.connections} database connections"
        )
        if found.nudges_delivered < found.nudges_due or found.failed:
            raise CommandError("Some nudges or fragments did not arrive.")


def plan_events(count: int, operator: User) -> list[Event]:
    """Make events with a few devices each; their pages are live, and only this command changes them."""
    journeys = [Journey(devices=DEVICES, stages=1, stage_seconds=STAGE_SECONDS) for _ in range(count)]
    for journey in journeys:
        journey.make_fleet()
    wait_until(lambda: all(j.enrolled() == DEVICES for j in journeys), seconds=PATIENCE_S, what="Enrolling the devices")
    return [journey.draft(operator) for journey in journeys]


def pages_of(events: list[Event], count: int) -> list[Page]:
    """The Overview and the events' pages, in turn."""
    overview = Page(reverse("overview"), "events")
    shown = [Page(reverse("derms:event", args=[event.number]), event.number) for event in events]
    return [overview if n % SHARE_OF_OVERVIEW == 0 else shown[n % len(shown)] for n in range(count)]


def signed_in(person: User) -> str:
    """The cookie of a new session for this person."""
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"

"""`manage.py bench_zones`: many control zones scheduling at the same moment, compared with one after the other."""

from argparse import ArgumentParser
from statistics import median
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integration.bench.crew import BenchFailed
from integration.bench.zones import Together, make_zones, schedule
from integration.project.database import prepare_database


class Command(BaseCommand):
    help = "Print how long Schedule takes in many zones, one by one and at once, and how much of it waits for locks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--zones", type=int, default=50)
        parser.add_argument("--devices", type=int, default=2_000, help="Devices in each zone.")

    def handle(self, *args: Any, **options: Any) -> None:
        prepare_database()
        zones = options["zones"]
        try:
            journeys = make_zones(zones, options["devices"])
            self._say("one after the other", schedule(journeys, hours_ahead=1, at_once=1))
            self._say(f"{zones} at once", schedule(journeys, hours_ahead=3, at_once=zones))
        except BenchFailed as problem:
            raise CommandError(str(problem)) from problem

    def _say(self, how: str, found: Together) -> None:
        waits = ", ".join(f"{kind} {times}" for kind, times in sorted(found.waits.items()))
        self.stdout.write(
            f"{len(found.each)} zones, {how}: {found.all:.1f} s together, a zone {median(found.each):.2f} s (median),"
            f" {max(found.each):.2f} s (most); {found.lock_share:.0%} of working backends waited for a lock ({waits})"
        )

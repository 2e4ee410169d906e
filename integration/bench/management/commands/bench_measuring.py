"""`manage.py bench_measuring`: participations measured a second, from readings to results, and the memory it takes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integration.bench import measuring
from integration.bench.crew import BenchFailed
from integration.project.database import prepare_database


class Command(BaseCommand):
    help = "Print how many participations are measured a second, and the memory of each kind of process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--meters", type=int, default=100_000, help="Meters, each of a participation.")

    def handle(self, *args: Any, **options: Any) -> None:
        prepare_database()
        try:
            found = measuring.measure(meters=options["meters"])
        except BenchFailed as problem:
            raise CommandError(str(problem)) from problem
        peaks = ", ".join(f"{kind} {mb:.0f} MB" for kind, mb in found.peaks.items())
        met = "met" if found.ok else "NOT met"
        self.stdout.write(f"{found.participations:,} in {found.seconds:.1f} s, {found.per_second:,.0f} a second")
        self.stdout.write(peaks)
        self.stdout.write(f"goals {measuring.RATE_GOAL:,} a second, {measuring.MEMORY_GOAL_MB} MB: {met}")

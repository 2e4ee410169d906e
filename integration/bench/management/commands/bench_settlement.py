"""`manage.py bench_settlement`: lines of settlement from measured results, next to COPY of the same lines."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integration.bench import measuring, settlement
from integration.bench.crew import BenchFailed
from integration.bench.report import print_table
from integration.project.database import prepare_database


class Command(BaseCommand):
    help = "Print how long a run of settlement takes, and the memory of its largest process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--lines", type=int, default=1_000_000, help="Participations of one event.")

    def handle(self, *args: Any, **options: Any) -> None:
        prepare_database()
        lines = options["lines"]
        try:
            rows = settlement.measure(measuring.make_event(lines))
        except BenchFailed as problem:
            raise CommandError(str(problem)) from problem
        print_table(rows, {}, title=f"A run of {lines:,} lines")

"""`manage.py bench_imports`: a utility's first files and the next night's, next to COPY of the same rows."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integration.bench import imports, readings
from integration.bench.crew import BenchFailed, crew_of
from integration.bench.report import print_table, row_of
from integration.bench.run import WORKERS
from integration.project.database import prepare_database


class Command(BaseCommand):
    help = "Print how long files of customers, locations, devices and enrollments take, registered by DERMS."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rows", type=int, default=1_000_000, help="Rows of each file.")
        parser.add_argument("--only-readings", action="store_true", help="Measure days of meters alone.")

    def handle(self, *args: Any, **options: Any) -> None:
        prepare_database()
        rows = options["rows"]
        try:
            steps = readings.measure(rows=rows)
            if not options["only_readings"]:
                with crew_of(WORKERS) as crew:
                    steps = [*imports.measure(rows=rows, crew=crew), *steps]
        except BenchFailed as problem:
            raise CommandError(str(problem)) from problem
        print_table(map(row_of, steps), {}, title=f"Files of {rows:,} rows")

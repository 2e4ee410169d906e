"""`manage.py bench_doors`: what other systems' calls cost, beside what the same server does at most."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integration.bench import doors
from integration.bench.crew import BenchFailed, crew_of
from integration.bench.report import print_table
from integration.bench.run import WORKERS
from integration.bench.steps import EventRun
from integration.project.database import prepare_database


class Command(BaseCommand):
    help = "Print the rates of polls, pages and lists of other systems, and how soon vens are told of a stage."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--devices", type=int, default=100_000, help="Devices in the lists.")

    def handle(self, *args: Any, **options: Any) -> None:
        prepare_database()
        try:
            with crew_of(WORKERS) as crew:
                run = EventRun(devices=options["devices"], crew=crew)
                for act in (run.make_fleet, run.choose, run.tell):
                    act()
            rows = doors.measure()
        except BenchFailed as problem:
            raise CommandError(str(problem)) from problem
        print_table(rows, {}, title="Other systems' calls")

"""`manage.py bench`: every step of an event for many devices, beside the physical limit of its rows."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integration.bench import pages, plot, report
from integration.bench.crew import BenchFailed
from integration.bench.run import Found, measure
from integration.engines.state import PROJECT
from integration.project.database import prepare_database


class Command(BaseCommand):
    help = "Time every step of an event beside a COPY of the same rows; the fleets that it makes stay in the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--devices", type=int, default=1_000_000)
        parser.add_argument(
            "--plot", type=Path, default=PROJECT / ".local" / "bench.svg", help="The file of the picture."
        )
        parser.add_argument("--json", action="store_true", help="The last line is one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        prepare_database()
        try:
            found = measure(devices=options["devices"], say=self._say)
        except BenchFailed as problem:
            raise CommandError(str(problem)) from problem
        self._show(found, options["devices"], options["plot"])
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(found.rows, found.peak_mb, devices=options["devices"])))

    def _show(self, found: Found, devices: int, path: Path) -> None:
        report.print_table(found.rows, found.peak_mb, title=f"{devices:,} devices on one event")
        pages.print_times(found.pages)
        plot.draw(found.lines, path, title="Seconds of each step by number of devices")
        self._say(f"The picture of time against size is {path}.")

    def _say(self, text: str) -> None:
        """Write to standard error, and flush: standard output is for the result."""
        self.stderr.write(text)
        self.stderr.flush()

"""Load a forecast file: every row of it, or none."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from derms.operations.forecast import COLUMNS, ForecastRefused, load_forecast
from integration.seam import clock


class Command(BaseCommand):
    help = (
        "Load a CSV file of hourly load and reduction factors. Columns: " + ",".join(COLUMNS) + ". Hour: ISO start of "
        "the hour with its offset; load in MW; factors 0 to 1. If any row has a fault, nothing is loaded."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                loaded = load_forecast(lines=lines, now=clock.now())
        except ForecastRefused as refused:
            for line, reason in refused.rows:
                self.stderr.write(f"line {line}: {reason}")
            raise CommandError(str(refused)) from refused
        except (OSError, UnicodeDecodeError) as problem:
            raise CommandError(f"{file} can't be read: {problem}") from problem
        span = f"{loaded.starts_at:%Y-%m-%d %H:%MZ} to {loaded.ends_at:%Y-%m-%d %H:%MZ}"
        self.stdout.write(f"{loaded.rows} rows loaded, {span}.")

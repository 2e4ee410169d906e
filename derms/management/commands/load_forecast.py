"""Load a forecast file: every row of it, or none."""

from argparse import ArgumentParser
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from derms.operations.forecast import ForecastImplausible, ForecastLoaded, load_forecast
from derms.operations.forecast_file import COLUMNS, ForecastRefused, text_of
from derms.queries.forecast_ends import zones_with_forecast_end
from integration.seam import clock


class Command(BaseCommand):
    help = (
        "Load a CSV file of hourly load and reduction factors. Columns: " + ",".join(COLUMNS) + ". Hour: ISO start of "
        "the hour with its offset; load in MW; factors 0 to 1. If any row has a fault, nothing is loaded."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--confirmed", action="store_true", help="load it even if its loads are far from what is known"
        )

    def handle(self, *args: Any, file: Path, confirmed: bool, **options: Any) -> None:
        now = clock.now()
        loaded = self._load(file, confirmed, now)
        kept = f" {loaded.kept} of them have begun and keep their values." if loaded.kept else ""
        self.stdout.write(f"{loaded.rows} rows loaded, {_span(loaded.starts_at, loaded.ends_at)}.{kept}")
        for zone in zones_with_forecast_end(now):
            if zone.forecast_resumes_at:
                gap = _span(zone.forecast_until or now, zone.forecast_resumes_at)
                self.stdout.write(f"{zone.code} has no forecast from {gap}: events can't be planned in these hours.")

    def _load(self, file: Path, confirmed: bool, now: datetime) -> ForecastLoaded:
        try:
            lines = StringIO(text_of(file.read_bytes()), newline="")
            return load_forecast(lines=lines, now=now, confirmed=confirmed)
        except ForecastRefused as refused:
            for line, reason in refused.rows:
                self.stderr.write(f"line {line}: {reason}")
            raise CommandError(str(refused)) from refused
        except ForecastImplausible as implausible:
            how = "Nothing was loaded. The load must be in MW; if it is right, repeat the command with --confirmed."
            raise CommandError(f"{implausible} {how}") from implausible
        except OSError as problem:
            raise CommandError(f"{file} can't be read: {problem}") from problem


def _span(starts_at: datetime, ends_at: datetime) -> str:
    return f"{starts_at:%Y-%m-%d %H:%MZ} to {ends_at:%Y-%m-%d %H:%MZ}"

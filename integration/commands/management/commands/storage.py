"""`manage.py storage`: what the database and the files hold, and what a year will need."""

import json
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from integration.commands.storage import Kept, kept
from integration.seam import clock

UNITS = ("B", "kB", "MB", "GB", "TB")


class Command(BaseCommand):
    help = "Print bytes by kind, growth a day and what a year will need, at the pace of the last days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=30, help="days whose pace is taken, 1 to 3650 (default 30)")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"]
        if not 1 <= days <= 3650:
            raise CommandError(f"--days is {days}; it must be from 1 to 3650.")
        found = kept(now=clock.now(), window=timedelta(days=days))
        if options["json"]:
            self.stdout.write(json.dumps({"days": days, "kinds": [one._asdict() for one in found], **_sums(found)}))
            return
        console = Console(width=120)
        with console.capture() as printed:
            console.print(_table(found, days))
        self.stdout.write(printed.get())


def _sums(found: list[Kept]) -> dict[str, int]:
    return {
        "bytes": sum(one.bytes for one in found),
        "a_day": sum(one.a_day for one in found),
        "in_a_year": sum(one.in_a_year for one in found),
    }


def _table(found: list[Kept], days: int) -> Table:
    table = Table("Kind", title=f"Storage, at the pace of the last {days} days")
    for heading in ("Now", "A day", "Kept", "In a year"):
        table.add_column(heading, justify="right")
    for one in found:
        stays = "forever" if one.days_kept is None else f"{one.days_kept} days"
        table.add_row(one.kind, shown(one.bytes), shown(one.a_day), stays, shown(one.in_a_year))
    sums = _sums(found)
    table.add_section()
    table.add_row("all", shown(sums["bytes"]), shown(sums["a_day"]), "", shown(sums["in_a_year"]))
    return table


def shown(number: int) -> str:
    """Bytes for people, in powers of 1,000."""
    size = float(number)
    for unit in UNITS[:-1]:
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} {UNITS[-1]}"

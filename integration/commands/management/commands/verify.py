"""`manage.py verify`: check the invariants of the three systems."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from integration.commands.verify import INVARIANTS, Violation, violations

VIOLATIONS_SHOWN = 50


class Command(BaseCommand):
    help = "Check the invariants of the three systems in the database; print violations, then exit with 1."

    def handle(self, *args: Any, **options: Any) -> None:
        found = violations()
        if not found:
            self.stdout.write(f"{len(INVARIANTS)} invariants checked, nothing found.")
            return
        console = Console(width=160)
        with console.capture() as printed:
            console.print(_table(found))
        self.stdout.write(printed.get())
        raise CommandError(f"{len(found)} violations of {len({one.invariant for one in found})} invariants.")


def _table(found: list[Violation]) -> Table:
    table = Table("Invariant", "Of", "What is wrong", title="Violations")
    for one in found[:VIOLATIONS_SHOWN]:
        table.add_row(one.invariant, one.subject, one.what)
    if len(found) > VIOLATIONS_SHOWN:
        table.add_row("…", "", f"and {len(found) - VIOLATIONS_SHOWN} more")
    return table

"""`manage.py verify_history`: check that history is still as it was written."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integration.seam import sealing
from integration.seam.history import HistoryBlock


class Command(BaseCommand):
    help = "List rows of history that were changed, removed or added without their trigger, then exit with 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--head", action="store_true", help="print the newest block, to be kept elsewhere")
        parser.add_argument("--kept", metavar="NUMBER:DIGEST", help="a block kept earlier, which must be in the chain")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["head"]:
            self.stdout.write(str(sealing.head() or ""))
            return
        found = [f"{row.source} {row.row_id} {row.what}" for row in sealing.tampered()]
        if options["kept"] and not sealing.holds(options["kept"]):
            found.append(f"The kept head {options['kept']} is not a block of this chain")
        for line in found:
            self.stdout.write(line)
        if found:
            raise CommandError(f"{len(found)} places where history is not as it was written.")
        self.stdout.write(
            f"History is as it was written: {HistoryBlock.objects.count()} blocks, head {sealing.head()}."
        )

"""`manage.py journey`: one demand-response event for its own fleet, from planning to closed participations."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from integration.commands.journey import PATIENCE_S, PATIENCE_S_PER_DEVICE, Journey, JourneyStuck, is_whole, wait_until
from integration.project.database import prepare_database
from integration.project.supervisor import working
from integration.seam import clock
from integration.seam.outcomes import CODES


class Command(BaseCommand):
    help = "Run one event for N devices through all three systems and show the outcomes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--devices", type=_positive, default=5000)
        parser.add_argument("--stages", type=_positive, default=1, help="Stages follow one another.")
        parser.add_argument("--stage-seconds", type=_positive, default=60)
        parser.add_argument("--json", action="store_true", help="The last line is one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        prepare_database()
        with working(self.stderr.write):
            journey = Journey(
                devices=options["devices"], stages=options["stages"], stage_seconds=options["stage_seconds"]
            )
            try:
                _follow(journey)
            except JourneyStuck as stuck:
                self.stderr.write(str(stuck))
            result = journey.result()
        Console().print(_table(journey))
        if options["json"]:
            self.stdout.write(json.dumps(result))
        if not is_whole(result):
            raise CommandError(f"Not every device was reserved, called and closed: {result}")


def _follow(journey: Journey) -> None:
    whole = journey.devices * journey.stages
    with _bars() as bars:
        enrolled = bars.add_task("Devices enrolled with DERMS", total=journey.devices)
        journey.make_fleet()

        def is_enrolled() -> bool:
            bars.update(enrolled, completed=journey.enrolled())
            return journey.enrolled() == journey.devices

        patience = PATIENCE_S + PATIENCE_S_PER_DEVICE * journey.devices
        wait_until(is_enrolled, seconds=patience, what="Enrolling the devices")
        event = journey.plan()
        tasks = {
            name: bars.add_task(f"{event.number}: {what}", total=whole)
            for name, what in (
                ("reserved", "reserved by DERMS"),
                ("participations", "participations in CPM"),
                ("called", "called by Live Energy Connect"),
                ("closed", "closed in CPM"),
            )
        }

        def is_over() -> bool:
            for name, value in journey.counts()._asdict().items():
                bars.update(tasks[name], completed=value)
            return journey.is_over()

        seconds = (journey.deadline() - clock.now()).total_seconds()
        wait_until(is_over, seconds=seconds, what="Closing the event")
        is_over()


def _bars() -> Progress:
    text = TextColumn("{task.description:<48}")
    return Progress(text, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=Console(stderr=True))


def _table(journey: Journey) -> Table:
    table = Table("Stage", "Reserved", "Called", *CODES, "Closed in CPM", title=f"{journey.devices:,} devices")
    if hasattr(journey, "event"):
        for row in journey.rows():
            codes = (str(row["outcomes"].get(code, 0)) for code in CODES)
            table.add_row(str(row["stage"]), str(row["reserved"]), str(row["called"]), *codes, str(row["closed"]))
    return table


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(f"{number} is below 1")
    return number

"""`manage.py seed_demo`: make the demo utility."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from integration.demo import seeding
from integration.seam import clock

FEWEST = 200


class Command(BaseCommand):
    help = (
        "Make a demo utility: an invented grid and fleet under real load, 20 past events, one event about to begin and "
        "one that waits for approval. An interrupted run continues when it is started again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--devices", type=int, default=20_000)
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, devices: int, seed: int, verbosity: int, **options: Any) -> None:
        if devices < FEWEST:
            raise CommandError(f"--devices {devices} is too few for all zones and programs. Use {FEWEST} or more.")
        if seeding.is_complete():
            raise CommandError("The demo utility exists already. To make another, start with an empty database.")
        began = time.monotonic()
        console = Console(quiet=verbosity == 0)
        with _progress(console) as progress:
            for step in seeding.steps(devices=devices, seed=seed, now=clock.now()):
                units = step.left()
                for unit in progress.track(units, description=step.title):
                    unit()
        console.print(f"The demo utility is ready after {time.monotonic() - began:.0f} s.")


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )

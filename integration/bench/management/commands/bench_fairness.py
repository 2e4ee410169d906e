"""`manage.py bench_fairness`: how evenly devices are called, and whether they gave what was expected."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from derms.choices import CallOrder
from integration.bench.fairness import Fairness, measure, rows
from integration.project.database import prepare_database

# The goals are those of the fair order; the others call few devices often, on purpose.
VERDICT = {(True, True): ": ok", (True, False): ": NOT ok", (False, True): "", (False, False): ""}


class Command(BaseCommand):
    help = "Print how evenly an order calls the devices of a fleet over many events, and whether goals are reached."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--devices", type=int, default=1_000)
        parser.add_argument("--events", type=int, default=60, help="One a day, at most 60.")
        parser.add_argument("--target-share", type=float, default=0.3, help="Of what the whole fleet could give.")
        parser.add_argument("--json", action="store_true", help="The last line is one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        prepare_database()
        sizes = {name: options[name] for name in ("devices", "events", "target_share")}
        found = [measure(order=order, **sizes, say=self.stderr.write) for order in CallOrder]
        for one in found:
            self._say(one)
        if options["json"]:
            self.stdout.write(json.dumps(rows(found)))

    def _say(self, found: Fairness) -> None:
        middle = found.calls[len(found.calls) // 2]
        self.stdout.write(
            f"{found.order}: {len(found.events)} events, {len(found.calls):,} devices: Gini of calls {found.gini:.2f}"
            f" (a device was called {found.calls[0]} to {found.calls[-1]} times, the median {middle}),"
            f" realised / expected {found.realised:.3f}, goal reached in {found.reached:.0%} of the events"
            f"{VERDICT[found.order == CallOrder.FAIR, found.ok]}"
        )

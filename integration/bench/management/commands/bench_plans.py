"""`manage.py bench_plans`: how fast stages are generated, and how near to the linear program's bound."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from integration.bench.plans import DISTANCE_GOAL, NO_LIMIT, SECONDS_GOAL, measure


class Command(BaseCommand):
    help = "Print how long generating stages takes, and how much more a plan costs than the linear program's bound."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seeds", type=int, default=5)
        parser.add_argument("--json", action="store_true", help="The last line is one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(measure(options["seeds"]))
        for one in found:
            limit = "any number of stages" if one.most_stages == NO_LIMIT else f"at most {one.most_stages} stages"
            verdict = "" if one.most_stages < NO_LIMIT else ": ok" if one.ok else ": NOT ok"
            self.stdout.write(
                f"seed {one.seed}, {one.cells:,} cells, {limit}: {one.stages} stages, {one.devices:,} devices,"
                f" {one.seconds:.2f} s, {one.distance:.4%} above the bound, {one.missing_kw:.2f} kW missing{verdict}"
            )
        self.stdout.write(f"Goals without a limit: {DISTANCE_GOAL:.1%} above the bound, {SECONDS_GOAL} s.")
        if options["json"]:
            self.stdout.write(json.dumps({"rows": [one._asdict() | {"ok": one.ok} for one in found]}))

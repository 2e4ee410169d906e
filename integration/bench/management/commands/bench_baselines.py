"""`manage.py bench_baselines`: how far baselines are from the truth on days without an event."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from integration.bench.baselines import BIAS_GOAL, CV_GOAL, GOAL_METHOD, PORTFOLIO, RATE_GOAL, measure


class Command(BaseCommand):
    help = "Print the bias and the scatter of each baseline method on days without an event, and its speed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--meters", type=int, default=2_000)
        parser.add_argument("--json", action="store_true", help="The last line is one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = measure(meters=options["meters"])
        for one in found:
            verdict = "" if one.method != GOAL_METHOD else (": ok" if one.ok else ": NOT ok")
            self.stdout.write(
                f"{one.method}: bias {one.bias:+.1%}, CV {one.cv:.1%} of {PORTFOLIO} meters,"
                f" {one.per_second:,.0f} a second{verdict}"
            )
        self.stdout.write(
            f"Goals of {GOAL_METHOD}: bias within {BIAS_GOAL:.0%}, CV {CV_GOAL:.0%}, {RATE_GOAL:,} a second."
        )
        if options["json"]:
            self.stdout.write(json.dumps({"rows": [one._asdict() | {"ok": one.ok} for one in found]}))

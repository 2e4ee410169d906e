"""`manage.py bench_opt_out`: from an opt-out to LEC's answer, while reservation extracts of the same event load."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from integration.bench.opt_out_latency import P50_GOAL_S, P99_GOAL_S, measure
from integration.project.database import prepare_database
from integration.project.supervisor import working


class Command(BaseCommand):
    help = "Print how long an opt-out takes from Save to Live Energy Connect's answer while extracts load: p50, p99."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--devices", type=int, default=20_000)
        parser.add_argument("--stages", type=int, default=120, help="Each has one extract; they load one by one.")

    def handle(self, *args: Any, **options: Any) -> None:
        prepare_database()
        with working(self.stderr.write):
            found = measure(devices=options["devices"], stages=options["stages"])
        self.stdout.write(
            f"{found.opt_outs} opt-outs while {options['stages']} extracts of {options['devices']:,} devices loaded,"
            f" from Save to LEC's answer: p50 {found.p50:.3f} s (goal <= {P50_GOAL_S:g} s),"
            f" p99 {found.p99:.3f} s (goal <= {P99_GOAL_S:g} s): {'ok' if found.ok else 'NOT ok'}"
        )

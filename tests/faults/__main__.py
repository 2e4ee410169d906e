"""`make faults`: injects faults into a Gridcall of its own, and prints which requirements held."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path

import django

from integration import engines
from integration.engines.state import PROJECT, State


def main() -> int:
    parser = ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--dose", choices=["small", "full"], default="full")
    parser.add_argument("--only", metavar="WORD", help="only the faults whose name in the doses has this word")
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    given = parser.parse_args()
    base = Path(os.environ.get("GRIDCALL_STATE") or PROJECT / ".local") / "faults"
    if State(base).root.exists():
        if State(base).in_use():
            raise SystemExit(f"Another fault suite runs in {base}.")
        State(base).remove()
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)  # it only ever hurts what it started itself
    os.environ |= {"GRIDCALL_STATE": str(base), "EXTRACT_ROOT": str(base / "extracts"), "GRIDCALL_HTTPS": "0"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.project.settings")
    with engines.in_use():
        django.setup()
        from tests.faults.suite import run

        return run(given.dose, only=given.only or "", as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())

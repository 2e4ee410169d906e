"""`make bench` and others: a benchmark on its own engines, in a folder that is removed at the end."""

import os
import sys
import tempfile
from pathlib import Path

from integration import engines
from integration.engines.state import PROJECT, State

# By their name as the first argument; without one it is `bench`.
COMMANDS = {"bench_zones", "bench_fairness", "bench_imports", "bench_measuring", "bench_settlement", "bench_doors"}
ADDRESSES = ("DATABASE_URL", "REDIS_URL")


def main() -> None:
    arguments = sys.argv[1:] if COMMANDS.intersection(sys.argv[1:2]) else ["bench", *sys.argv[1:]]
    parent = PROJECT / ".local"
    parent.mkdir(mode=0o700, exist_ok=True)
    state = State(Path(tempfile.mkdtemp(prefix="bench-", dir=parent)))
    for name in ADDRESSES:
        os.environ.pop(name, None)
    os.environ["GRIDCALL_STATE"] = str(state.root)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.project.settings")
    try:
        with engines.in_use():
            from django.core.management import execute_from_command_line

            execute_from_command_line(["manage.py", *arguments])
    except engines.EnginesNotUsable as error:
        sys.exit(str(error))
    finally:
        state.remove()


if __name__ == "__main__":
    main()

"""`make bench`, `make bench-zones`: a benchmark on engines of its own, in a folder that goes with it."""

import os
import shutil
import sys
import tempfile

from integration.config import engines
from integration.config.engines.state import PROJECT

ADDRESSES = ("DATABASE_URL", "REDIS_URL")


def main() -> None:
    words = sys.argv[1:] if sys.argv[1:2] == ["bench_zones"] else ["bench", *sys.argv[1:]]
    parent = PROJECT / ".local"
    parent.mkdir(mode=0o700, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="bench-", dir=parent)
    for name in ADDRESSES:
        os.environ.pop(name, None)
    os.environ["GRIDCALL_STATE"] = folder
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.config.settings")
    try:
        with engines.in_use():
            from django.core.management import execute_from_command_line

            execute_from_command_line(["manage.py", *words])
    except engines.EnginesNotUsable as error:
        sys.exit(str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

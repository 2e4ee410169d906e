"""`make faults`: injects faults into a Gridcall of its own, and prints which requirements held."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path

import django

from integration import engines
from integration.engines.state import PROJECT, State
from tests.faults.proxy import free_port
from tests.openadr.brokers import PROGRAM, url_of

# E-mails go to the suite's own mail server, and the logs contain what those of servers do.
LIKE_SERVERS = {
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "EMAIL_HOST": "127.0.0.1",
    "EMAIL_HOST_USER": "",
    "EMAIL_USE_TLS": "0",
    "LOG_FORMAT": "json",
    "GRIDCALL_LOG_LEVEL": "INFO",
}


def main() -> int:
    parser = ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--dose", choices=["small", "full"], default="full")
    parser.add_argument(
        "--only", metavar="WORDS", help="only faults whose name in the doses has one of these, between commas"
    )
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
    os.environ |= LIKE_SERVERS | {"EMAIL_PORT": str(free_port())}
    os.environ |= {"OUTGOING_NETWORKS": "127.0.0.0/8", "OUTGOING_CA_FILE": str(base / "authority.pem")}
    if PROGRAM:
        os.environ["MQTT_URL"] = url_of(free_port())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.project.settings")
    with engines.in_use():
        django.setup()
        from tests.faults.suite import run

        return run(given.dose, only=given.only or "", as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())

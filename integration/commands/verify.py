"""The invariants of the three systems together: one query each, sql/verify/, which must find nothing."""

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from integration.seam import sql
from integration.seam.sql import statement

# Two systems may differ for as long as a message takes.
REST = timedelta(seconds=10)
INVARIANTS: Mapping[str, str] = {
    "I1": "A scheduled stage is in CPM and in LEC once, at the same revision",
    "I2": "No device is called after its opt-out was confirmed or LEC accepted its removal",
    "I3": "No two live reservations of one device overlap",
    "I4": "Every participation of a stage that started has one outcome in time, of a stage canceled before none",
    "I5": "The history of each object has no gap and ends at its present state",
    "I6": "Final states stay final",
    "I7": "No stage starts early, late or after its end",
    "I8": "Applied and refused rows are the rows of the manifest",
    "I9": "Every message is delivered, or set aside with an alert, and every request is answered",
    "I10": "Nobody approved an event of their own",
}


class Violation(NamedTuple):
    """One thing that must not be: which invariant, of what, and what is wrong."""

    invariant: str
    subject: str
    what: str


def violations(*, rest: timedelta = REST) -> list[Violation]:
    """Ask every invariant's query; what changed within `rest` is left out where messages may be on their way."""
    return [found for name in INVARIANTS for found in violations_of(name, rest=rest)]


def violations_of(name: str, *, rest: timedelta = REST) -> list[Violation]:
    """Ask one invariant's query."""
    found = sql.rows(statement("integration.commands", f"verify/{name.lower()}"), {"rest": f"{rest.total_seconds()} s"})
    return [Violation(name, subject, what) for subject, what in found]

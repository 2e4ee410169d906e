"""The invariants of the three systems: one query each, in sql/verify/, which must return no row."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings

from cpm.choices import NotSent
from cpm.operations.emails import ATTEMPTS
from cpm.queries.notifications import CONSOLE
from integration.seam import sql
from integration.seam.sql import statement

# Two systems may differ while a message is on its way.
REST = timedelta(seconds=10)
INVARIANTS: Mapping[str, str] = {
    "I1": "A scheduled stage is in CPM and in LEC once, at the same revision",
    "I2": "No device is called after its opt-out was confirmed or LEC accepted its removal, and its head end read it",
    "I3": "No two live reservations of one device overlap",
    "I4": "Every participation has one outcome in time if its stage started, and none if it was canceled before",
    "I5": "The history of each object has no gap and ends in its present state",
    "I6": "Final states stay final",
    "I7": "No stage starts early, late or after its end",
    "I8": "Applied and refused rows add up to the rows of the manifest",
    "I9": "Every message is delivered or a dead letter with an alert, and every request is answered",
    "I10": "Nobody approved their own event",
    "I11": "A stage that ran called every reserved device that had not left it, and DERMS knows how many",
    "I12": "Every customer with a reservation was told that it comes and that it was canceled, or has a reason",
    "I13": "Every open subscription has one enrollment, and DERMS has the same devices, or an answer is awaited",
    "I14": "A settlement run has one line for each participation of its events, with an amount or a reason",
    "I15": "A settlement run says what its lines add up to, and a line what its measurement says",
    "I16": "Each participation of a measurement has one result, and sums and hours are what the results add up to",
    "I17": "An approved settlement run is as it was approved, by somebody who did not make it",
}


class Violation(NamedTuple):
    """One violation: of which invariant, by which object, and what is wrong."""

    invariant: str
    subject: str
    what: str


def violations(*, rest: timedelta = REST) -> list[Violation]:
    """Check every invariant; ignore what changed within `rest`, since messages about it may be on their way."""
    return [found for name in INVARIANTS for found in violations_of(name, rest=rest)]


def violations_of(name: str, *, rest: timedelta = REST) -> list[Violation]:
    """Check one invariant."""
    found = sql.rows(statement("integration.commands", f"verify/{name.lower()}"), _params(rest))
    return [Violation(name, subject, what) for subject, what in found]


def _params(rest: timedelta) -> dict[str, Any]:
    """What the queries take; e-mails that only a terminal would show wait, and that is no fault."""
    return {
        "rest": f"{rest.total_seconds()} s",
        "are_sent": settings.EMAIL_BACKEND != CONSOLE,
        "reasons": [str(reason) for reason in NotSent.values],
        "attempts": ATTEMPTS,
    }

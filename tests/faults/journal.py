"""What was confirmed to people at the pages, and whether the database still has all of it."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from cpm.models import Removal
from cpm.models.unavailability import Unavailability
from derms.models import Event, Transition
from tests.faults.person import Answer


class Confirmed(NamedTuple):
    """One thing that was confirmed: the event's number and, for a device or period, what identifies it."""

    what: str
    number: str
    of: str = ""


def _reached(*states: str) -> Callable[[Confirmed], bool]:
    """Whether an event's history has it entering one of the states exactly once."""

    def look(one: Confirmed) -> bool:
        reached = Transition.objects.filter(event__number=one.number, stage=None, to_state__in=states)
        return reached.exclude(from_state__in=states).count() == 1

    return look


KNOWN: dict[str, Callable[[Confirmed], bool]] = {
    "plan": lambda one: Event.objects.filter(number=one.number).exists(),
    "submit": _reached("Submitted"),
    "approve": _reached("Approved"),
    "cancel": lambda one: Event.objects.filter(number=one.number, state="Canceled").exists(),
    "opt out": lambda one: Removal.objects.filter(stage_uid=one.number, nic_id=one.of).exists(),
    "unavailability": lambda one: Unavailability.objects.filter(device__nic_id=one.number, reason=one.of).count() == 1,
}


class Journal:
    """The driver's record in its own memory; several threads write to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.confirmed: list[Confirmed] = []
        self.approvals: list[tuple[float, float]] = []  # when, by the driver's monotonic clock, and seconds it took
        self.answers: Counter[int] = Counter()
        self.logged_out = 0

    def note(self, answer: Answer, one: Confirmed, at: float) -> bool:
        """Record an answer; returns whether it was a confirmation."""
        with self._lock:
            self.answers[answer.status] += 1
            self.logged_out += answer.status == 302 and not answer.is_yes
            if one.what == "approve":
                self.approvals.append((at, answer.seconds))
            if answer.is_yes:
                self.confirmed.append(one)
        return answer.is_yes

    def missing(self) -> list[Confirmed]:
        """What was confirmed and is not in the database."""
        return [one for one in self.confirmed if not KNOWN[one.what](one)]

    def approve_p95(self, since: float, until: float) -> float:
        """The 95th percentile of the seconds that a period's approvals took."""
        took = sorted(seconds for at, seconds in self.approvals if since <= at < until)
        return took[min(len(took) - 1, int(len(took) * 0.95))] if took else 0.0

"""Which calls a program's rules allow in an event's window, whatever its devices did before."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from derms.models import Event, Program
from derms.rules import broken_rule, lifted
from derms.set_operations.limits import rules_in_force
from integration.seam.program_rules import Kind

from .generating.problem import ProgramRules

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@dataclass(frozen=True)
class CallRules:
    """The longest call; and the calls that are barred, by when they begin after the window's start and their length."""

    longest: timedelta | None
    barred: frozenset[tuple[timedelta, timedelta]]

    def in_steps(self, first: int, step_minutes: int) -> ProgramRules:
        """The same in steps, `first` of which are before the window."""
        step = step_minutes * MINUTE
        barred = frozenset((first + begins // step, length // step) for begins, length in self.barred)
        return ProgramRules(longest=None if self.longest is None else self.longest // step, barred=barred)


def call_rules(
    event: Event, program: Program, window: tuple[datetime, int], step_minutes: int, now: datetime
) -> CallRules:
    """Return a program's rules about calls within a window of so many hours from its start on.

    A call is barred that breaks a rule of the whole program, or is longer than the hours that any device may be called
    in a period. What single devices used of such hours is looked at by the hour only (set_operations/cohorts.py).
    """
    starts_at, hours = window
    rules, overridden = program.rules_on(event.zone.local_day(starts_at)), set(event.overridden_rules)
    minutes = None if "longest" in lifted(rules, overridden) else rules.longest_minutes
    limits = [hours for field, hours in rules_in_force(rules, overridden).items() if field.rule.kind == Kind.HOURS]
    most = min(limits, default=hours) * HOUR
    step, end = step_minutes * MINUTE, hours * HOUR

    def is_barred(begins: timedelta, length: timedelta) -> bool:
        at = starts_at + begins
        return length > most or bool(
            broken_rule(
                rules, starts_at=at, ends_at=at + length, length=step, now=now,
                time_zone=event.zone.time_zone, overridden=overridden,
            )
        )  # fmt: skip

    spans = [(a * step, n * step) for a in range(end // step) for n in range(1, end // step - a + 1)]
    barred = frozenset(span for span in spans if is_barred(*span))
    return CallRules(None if minutes is None else minutes * MINUTE, barred)

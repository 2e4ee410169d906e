"""Stages whose program has no events then: inactive, suspended, without calls, or outside its dates."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from derms.models import Event, Stage

MOMENT = timedelta(microseconds=1)  # a stage ends before the moment of its end


def closed_program_problems(event: Event, stages: list[Stage]) -> Iterator[str]:
    """Yield a sentence about each stage whose program is closed then."""
    for stage in stages:
        yield from _problems(event, stage)


def _problems(event: Event, stage: Stage) -> Iterator[str]:
    program = stage.program
    words: dict[str, Any] = {"number": stage.number, "program": program}
    first, last = (event.zone.local_day(moment) for moment in (stage.starts_at, stage.ends_at - MOMENT))
    if not program.active:
        yield (
            _(
                "Stage %(number)s uses %(program)s, which is not active. "
                "Choose another program, or ask a program manager to activate it."
            )
            % words
        )
    if program.suspended:
        yield (
            _(
                "Stage %(number)s uses %(program)s, which is suspended. "
                "Choose another program, or ask a program manager to resume it."
            )
            % words
        )
    if not program.calls_devices:
        yield (
            _(
                "Stage %(number)s uses %(program)s, whose devices events never call. "
                "Choose another program: one of category Device control."
            )
            % words
        )
    if program.starts_on and first < program.starts_on:
        yield _(
            "Stage %(number)s uses %(program)s, whose events begin on %(day)s. "
            "Move the stage, or choose another program."
        ) % {**words, "day": program.starts_on}
    if program.ends_on and last > program.ends_on:
        yield _(
            "Stage %(number)s uses %(program)s, whose last day of events is %(day)s. "
            "Move the stage, or choose another program."
        ) % {**words, "day": program.ends_on}

"""Reads for the page: coming, running and past stages, with the progress of their calls."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q, QuerySet

from integration.seam import sql
from integration.seam.sql import compose, identifier, statement
from lec_sim.choices import FINAL_STATES, StageState
from lec_sim.models import LecStage, calls_of

# Each chart of answers reads all calls of its stage.
PICTURES = 3
# Calls are counted while a stage runs and shortly after; after that only its outcomes matter.
COUNTED_AFTER_END = timedelta(minutes=10)
_CALLS = """
SELECT stage_id,
       count(*) FILTER (WHERE answered_at <= until),
       count(*) FILTER (WHERE answered_at <= until AND answer IN ('rejected', 'failed')),
       count(*) FILTER (WHERE overridden_at <= until)
  FROM {calls} JOIN (SELECT id, least(%(now)s, ended_at) AS until FROM lec_sim_lecstage) s ON s.id = stage_id
 WHERE stage_id IN %(stages)s GROUP BY stage_id
"""


@dataclass(frozen=True)
class Progress:
    """A stage and the present progress of its calls; the counts are None before the calls and long after them."""

    stage: LecStage
    answered: int | None = None
    rejected: int | None = None
    overridden: int | None = None


class Answers(NamedTuple):
    """What the devices of a stage had done until a moment."""

    at: datetime
    answered: int
    rejected: int
    overridden: int


def due_stages() -> QuerySet[LecStage]:
    """Coming stages, the next one first."""
    return LecStage.objects.filter(state=StageState.SCHEDULED).order_by("starts_at", "pk")


def active_stages(now: datetime) -> list[Progress]:
    """Running stages and those that have just ended, with what their devices have answered so far."""
    recent = Q(state=StageState.IN_PROGRESS) | Q(ended_at__gt=now - COUNTED_AFTER_END)
    found = list(LecStage.objects.filter(recent).order_by("starts_at", "pk"))
    counts = _call_counts([stage for stage in found if stage.calls_made_at], now)
    return [Progress(stage, *counts.get(stage.pk, ())) for stage in found]


def answers_over_time(now: datetime) -> list[tuple[LecStage, list[Answers]]]:
    """The newest running stages that have called their devices, with their answers minute by minute."""
    running = LecStage.objects.filter(state=StageState.IN_PROGRESS, calls_made_at__isnull=False)
    return [(stage, _answers(stage, now)) for stage in running.order_by("-starts_at", "-pk")[:PICTURES]]


def _answers(stage: LecStage, now: datetime) -> list[Answers]:
    params = {"stage": stage.pk, "since": stage.calls_made_at, "now": now}
    found = sql.rows(statement("lec_sim", "answers_by_minute", calls=identifier(stage.calls)), params)
    return [Answers(at, int(a), int(r), int(o)) for at, a, r, o in found]


def past_stages(now: datetime) -> QuerySet[LecStage]:
    """Stages that are over, or were canceled or missed."""
    over = LecStage.objects.filter(state__in=FINAL_STATES)
    return over.exclude(ended_at__gt=now - COUNTED_AFTER_END)


def _call_counts(stages: list[LecStage], now: datetime) -> dict[int, tuple[int, int, int]]:
    if not stages:
        return {}
    query = compose(_CALLS, calls=identifier(calls_of(stages)))
    found = sql.rows(query, {"stages": tuple(stage.pk for stage in stages), "now": now})
    return {stage: (answered, rejected, overridden) for stage, answered, rejected, overridden in found}

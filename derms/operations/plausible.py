"""Reports of LEC that keep to their contract and still can't be true are refused, with the value and the limit.

A delivery that raises MessageRefused leaves nothing behind and ends as a dead letter with an alert, so somebody looks.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from integration.seam.messages import DeliveredLoad, MessageRefused, StageExecutionStatus

from ..models import Stage

CLOCKS_DIFFER = timedelta(days=1)  # far more than two servers' clocks do, far less than a wrong year
MOST_DEVICES = 10_000_000  # ten times the fleet this is designed for
MOST_REPORTS = 1_000  # that may be missing between two; LEC sends a handful about a stage
COUNTS = ("called", "answered", "rejected", "overridden")


def require_plausible_execution(stage: Stage, status: StageExecutionStatus, now: datetime) -> None:
    """Raise MessageRefused if a stage can't have run as reported."""
    if status.started_at:
        _require_moment(stage, "started_at", status.started_at, stage.ends_at)
    # After an outage a stage's end may be reported long after its window.
    _require_moment(stage, "at", status.at, max(now, stage.ends_at))
    _require_count("called", status.called)
    if status.revision > (limit := stage.execution_revision + MOST_REPORTS):
        raise MessageRefused(
            f"revision: {status.revision} is implausible; after {stage.execution_revision} at most {limit}."
        )


def require_plausible_load(stage: Stage, body: DeliveredLoad) -> None:
    """Raise MessageRefused if a stage can't deliver then, or not by so many devices."""
    _require_moment(stage, "at", body.at, stage.ends_at)
    for name, value in _counts(body):
        _require_count(name, value)


def _counts(body: DeliveredLoad) -> Iterator[tuple[str, int]]:
    for part, of in ((body, ""), *((load, f" of {load.head_end}") for load in body.head_ends)):
        for name in COUNTS:
            yield f"{name}{of}", getattr(part, name)


def _require_moment(stage: Stage, name: str, value: datetime, latest: datetime) -> None:
    first, last = stage.starts_at - CLOCKS_DIFFER, latest + CLOCKS_DIFFER
    if not first <= value <= last:
        raise MessageRefused(
            f"{name}: {value:%Y-%m-%d %H:%M %Z} is implausible for {stage}; "
            f"it can be from {first:%Y-%m-%d %H:%M %Z} to {last:%Y-%m-%d %H:%M %Z}."
        )


def _require_count(name: str, value: int) -> None:
    if value > MOST_DEVICES:
        raise MessageRefused(f"{name}: {value:,} devices are implausible; at most {MOST_DEVICES:,}.")

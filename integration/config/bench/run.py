"""The whole benchmark: sizes one after the other, smallest first, in one database."""

from collections.abc import Callable
from typing import NamedTuple

from .crew import crew_of
from .memory import Peaks
from .report import Row, row_of
from .steps import EventRun, Step

SMALLER = (10_000, 30_000, 100_000, 300_000)
WORKERS = 2
MOST_MB = 300
MOST_TIMES = 11


class Found(NamedTuple):
    """Rows of the table, memory by kind of process, and seconds of each step by size."""

    rows: list[Row]
    peak_mb: dict[str, float]
    lines: dict[str, list[tuple[int, float]]]


def measure(*, devices: int, say: Callable[[str], object]) -> Found:
    """Run every size up to `devices`. Raises BenchFailed."""
    by_size: dict[int, list[Step]] = {}
    peaks: dict[int, dict[str, float]] = {}
    for size in [*(one for one in SMALLER if one < devices), devices]:
        say(f"{size:,} devices: making the fleet ...")
        by_size[size], peaks[size] = _measure_event(size, say)
    rows = [row_of(step) for step in by_size[devices]]
    rows += _memory_rows(peaks)
    if devices // 10 in by_size:
        rows.append(_growth_row(by_size, devices))
    return Found(rows, peaks[devices], _lines(by_size))


def _measure_event(size: int, say: Callable[[str], object]) -> tuple[list[Step], dict[str, float]]:
    with crew_of(WORKERS) as crew:
        run = EventRun(devices=size, crew=crew)
        run.make_fleet()
    # The fleet is the world's; what it took to invent it is not the product's.
    with crew_of(WORKERS) as crew:
        run.crew = crew
        peaks = Peaks().start()
        for act in (run.choose, run.tell, run.execute, run.close):
            say(f"{size:,} devices: {act.__name__}")
            act()
        return run.steps, peaks.stop()


def _memory_rows(peaks: dict[int, dict[str, float]]) -> list[Row]:
    return [
        Row(f"memory: the largest process at {size:,}", None, None, None, None, max(mb.values()), MOST_MB, unit=" MB")
        for size, mb in peaks.items()
        if size >= 100_000
    ]


def _growth_row(by_size: dict[int, list[Step]], devices: int) -> Row:
    seconds = {size: sum(step.seconds for step in by_size[size]) for size in (devices // 10, devices)}
    times = seconds[devices] / seconds[devices // 10]
    name = f"cost from {devices // 10:,} to {devices:,} devices"
    return Row(name, None, seconds[devices], seconds[devices // 10], None, round(times, 2), MOST_TIMES, unit=" times")


def _lines(by_size: dict[int, list[Step]]) -> dict[str, list[tuple[int, float]]]:
    lines: dict[str, list[tuple[int, float]]] = {}
    for size, steps in by_size.items():
        for step in steps:
            lines.setdefault(step.name, []).append((size, step.seconds))
    return lines

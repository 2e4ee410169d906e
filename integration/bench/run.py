"""The whole benchmark: one size after the other, smallest first, in one database."""

from collections.abc import Callable
from typing import NamedTuple

from cpm.models.program_events import ProgramEvent

from . import counted, doors, imports, messages, pages, readings, settlement, two_workers
from .crew import crew_of
from .memory import Peaks
from .report import Row, row_of
from .steps import EventRun

SMALLER = (10_000, 30_000, 100_000, 300_000)
WORKERS = 2
MEMORY_GOAL_MB = 300
GROWTH_GOAL_TIMES = 11
FEW_DEVICES, FEW_CUSTOMERS = 1_000, 20_000
Say = Callable[[str], object]


class Measured(NamedTuple):
    """An event that ran, and the peak memory per kind of process."""

    run: EventRun
    peak_mb: dict[str, float]


class Found(NamedTuple):
    """The rows of the table, the times of pages, memory by kind of process, and seconds of each step by size."""

    rows: list[Row]
    pages: list[pages.Page]
    peak_mb: dict[str, float]
    lines: dict[str, list[tuple[int, float]]]


def measure(*, devices: int, say: Say) -> Found:
    """Measure small messages, then an event of every size up to `devices`, then the pages. Raises BenchFailed."""
    say("Small messages ...")
    rows = [messages.measure(say)]
    few = _event(min(FEW_DEVICES, devices), say)
    pages.fill(few.run, customers=min(FEW_CUSTOMERS, devices))
    few_in = pages.keep_few()
    by_size = {size: _event(size, say) for size in [*(one for one in SMALLER if one < devices), devices]}
    many = by_size[devices]
    rows = [row_of(step) for step in many.run.steps] + _memory_rows(by_size) + rows
    if devices // 10 in by_size:
        rows.append(_growth_row(by_size, devices))
    say("Loading the parts of one extract with one worker and with two ...")
    rows.append(two_workers.measure(many.run))
    # Before the pages: PostgreSQL writes and vacuums their participations for a long time.
    say(f"Limits: {counted.EVENTS} events to count ...")
    with crew_of(WORKERS) as crew:
        many.run.crew = crew
        rows.append(row_of(counted.measure(many.run)))
    say(f"Pages: filling in {pages.PROGRAM_EVENTS * devices:,} participations ...")
    pages.fill(many.run, customers=devices)
    say("Pages ...")
    found = pages.times(few.run, many.run, few_in)
    pages.drop_few(few_in)
    with crew_of(WORKERS) as crew:
        say(f"Import: files of {devices:,} rows ...")
        rows += map(row_of, imports.measure(rows=devices, crew=crew))
    say(f"Import: {devices:,} days of meters ...")
    rows += map(row_of, readings.measure(rows=devices))
    say(f"Settlement: {devices:,} lines ...")
    rows += settlement.measure(ProgramEvent.objects.get(stage_uid=many.run.stage.uid))
    say("Other systems' calls ...")
    rows += doors.measure()
    return Found(rows + pages.rows(found), found, many.peak_mb, _lines(by_size))


def _event(size: int, say: Say) -> Measured:
    say(f"{size:,} devices: making the fleet ...")
    with crew_of(WORKERS) as crew:
        run = EventRun(devices=size, crew=crew)
        run.make_fleet()
    # A new crew, so that memory used for inventing the fleet does not count.
    with crew_of(WORKERS) as crew:
        run.crew = crew
        peaks = Peaks().start()
        for act in (run.choose, run.tell, run.execute, run.close):
            say(f"{size:,} devices: {act.__name__}")
            act()
        return Measured(run, peaks.stop())


def _memory_rows(by_size: dict[int, Measured]) -> list[Row]:
    highest = {size: max(measured.peak_mb.values()) for size, measured in by_size.items() if size >= 100_000}
    return [
        Row(f"memory: the largest process at {size:,}", None, None, None, None, mb, MEMORY_GOAL_MB, unit=" MB")
        for size, mb in highest.items()
    ]


def _growth_row(by_size: dict[int, Measured], devices: int) -> Row:
    seconds = {size: sum(step.seconds for step in by_size[size].run.steps) for size in (devices // 10, devices)}
    times = seconds[devices] / seconds[devices // 10]
    name = f"cost from {devices // 10:,} to {devices:,} devices"
    return Row(
        name, None, seconds[devices], seconds[devices // 10], None, round(times, 2), GROWTH_GOAL_TIMES, unit=" times"
    )


def _lines(by_size: dict[int, Measured]) -> dict[str, list[tuple[int, float]]]:
    lines: dict[str, list[tuple[int, float]]] = {}
    for size, measured in by_size.items():
        for step in measured.run.steps:
            lines.setdefault(step.name, []).append((size, step.seconds))
    return lines

"""The benchmark's report: a table for people, one JSON line for programs. `ok` depends only on value and goal."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from integration.seam import sql

from .steps import Step

SETTINGS = (
    "server_version", "shared_buffers", "work_mem", "hash_mem_multiplier", "maintenance_work_mem", "max_wal_size",
    "checkpoint_timeout", "wal_level", "wal_compression", "synchronous_commit", "full_page_writes", "fsync",
    "max_parallel_workers_per_gather", "max_parallel_maintenance_workers", "jit",
)  # fmt: skip


class Row(NamedTuple):
    """A line of the table. The value is the ratio of seconds to limit_seconds if there is a limit, else in `unit`."""

    step: str
    rows: int | None
    seconds: float | None
    limit_seconds: float | None
    limit_bytes: int | None
    value: float
    goal: float | None
    at_least: bool = False
    unit: str = ""

    @property
    def ok(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    @property
    def goal_words(self) -> str:
        return "" if self.goal is None else f"{'>=' if self.at_least else '<='} {self.goal:g}{self.unit}"


def row_of(step: Step) -> Row:
    return Row(
        step.name, step.rows, step.seconds, step.limit.seconds, step.limit.bytes, round(step.ratio, 2), step.goal
    )


def print_table(rows: Iterable[Row], peak_mb: dict[str, float], *, title: str) -> None:
    table = Table(title=title)
    for name in ("Step", "Seconds", "Rows/s", "Limit s", "Limit MB", "Ratio or value", "Goal", "Ok"):
        table.add_column(name, justify="left" if name in {"Step", "Ok"} else "right")
    for row in rows:
        table.add_row(*_cells(row))
    console = Console(width=140)
    console.print(table)
    console.print("Peak memory of a process (RssAnon, MB):", peak_mb)
    console.print("Engine:", ", ".join(f"{name} {value}" for name, value in engine_settings().items()))


def as_json(rows: Iterable[Row], peak_mb: dict[str, float], *, devices: int) -> dict[str, Any]:
    """The result as one object."""
    return {
        "devices": devices,
        "rows": [
            {
                "step": row.step,
                "seconds": _rounded(row.seconds),
                "limit_seconds": _rounded(row.limit_seconds),
                "ratio": round(row.value, 3),
                "goal": row.goal,
                "ok": row.ok,
            }
            for row in rows
        ],
        "peak_mb": peak_mb,
    }


def engine_settings() -> dict[str, str]:
    return dict(sql.rows("SELECT name, current_setting(name) FROM unnest(%s) name", [list(SETTINGS)]))


def _cells(row: Row) -> list[str]:
    per_second = row.rows / row.seconds if row.rows and row.seconds else None
    return [
        row.step,
        "" if row.seconds is None else f"{row.seconds:.2f}",
        "" if per_second is None else f"{per_second:,.0f}",
        "" if row.limit_seconds is None else f"{row.limit_seconds:.3f}",
        "" if row.limit_bytes is None else f"{row.limit_bytes / 1e6:.1f}",
        f"{row.value:.2f}{row.unit}",
        row.goal_words,
        {True: "yes", False: "NO", None: ""}[row.ok],
    ]


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)

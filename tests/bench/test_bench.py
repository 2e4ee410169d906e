"""`make bench` with a small fleet: it finishes, prints every step, and leaves nothing behind."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from integration.bench.fairness import gini
from integration.bench.plot import draw
from integration.bench.report import Row

PROJECT = Path(__file__).parents[2]


def test_a_row_is_ok_by_its_value_and_goal_alone() -> None:
    row = Row("step", 10, 2.0, 1.0, 100, 2.0, 3.0)
    assert row.ok
    assert not row._replace(value=3.01).ok
    assert row._replace(value=3.01, at_least=True).ok
    assert not row._replace(value=2.99, at_least=True).ok
    assert row._replace(goal=None).ok is None


def test_the_picture_has_a_line_a_step(tmp_path: Path) -> None:
    draw({"one": [(10, 0.1), (1000, 2.0)], "a < b": [(10, 0.5)]}, tmp_path / "new" / "bench.svg", title="t")
    picture = ElementTree.parse(tmp_path / "new" / "bench.svg")  # noqa: S314  (our own file)
    assert len(picture.findall(".//{http://www.w3.org/2000/svg}polyline")) == 2
    assert len(picture.findall(".//{http://www.w3.org/2000/svg}circle")) == 3


@pytest.mark.full
def test_the_benchmark_of_a_small_fleet_prints_every_step(tmp_path: Path) -> None:
    before = set((PROJECT / ".local").glob("bench-*"))
    result = json.loads(_bench("--devices", "300", "--json", "--plot", str(tmp_path / "bench.svg"))[-1])
    assert result["devices"] == 300
    assert sum(row["limit_seconds"] is not None for row in result["rows"]) >= 7
    assert all(set(row) == {"step", "seconds", "limit_seconds", "ratio", "goal", "ok"} for row in result["rows"])
    steps = " ".join(row["step"] for row in result["rows"])
    assert all(
        words in steps
        for words in ("small messages", "two workers", "20 counted events", "customer search by phone", "nightly file")
    )
    assert {"Python", "backend"} <= set(result["peak_mb"])
    assert (tmp_path / "bench.svg").exists()
    assert set((PROJECT / ".local").glob("bench-*")) == before


@pytest.mark.full
def test_zones_that_schedule_at_once_are_all_scheduled() -> None:
    alone, together = _bench("bench_zones", "--zones", "4", "--devices", "100")[-2:]
    assert alone.startswith("4 zones, one after the other")
    assert together.startswith("4 zones, 4 at once")


@pytest.mark.full
def test_events_in_a_row_show_how_evenly_devices_are_called() -> None:
    found = json.loads(_bench("bench_fairness", "--events", "3", "--devices", "100", "--json")[-1])
    assert all(row["events"] == 3 and row["devices"] == 100 for row in found)
    assert all(0 <= row["gini"] < 1 and row["calls_most"] <= 3 for row in found)
    assert all(0.5 < row["realised"] < 1.5 for row in found)


def test_the_gini_coefficient_is_0_for_equal_calls_and_near_1_if_one_device_has_all() -> None:
    assert gini([4, 4, 4, 4]) == pytest.approx(0)
    assert gini([0, 0, 0, 8]) == pytest.approx(0.75)
    assert gini([1, 2, 3, 4]) == pytest.approx(0.25)
    assert gini([0, 0]) == 0


def _bench(*arguments: str) -> list[str]:
    """The lines that a benchmark prints."""
    command = [sys.executable, "-m", "integration.bench", *arguments]
    done = subprocess.run(command, cwd=PROJECT, env={**os.environ}, text=True, capture_output=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()

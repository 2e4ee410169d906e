"""Many open pages: the command that holds them open receives every change, and reports those that it misses."""

import re
from functools import partial
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from integration.bench.management.commands import bench_open_pages
from integration.bench.open_pages import Figures
from tests.threads import run_together

from .conftest import for_processes, free_port

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_open_page_hears_every_change(
    extract_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for_processes(extract_folder, monkeypatch)
    monkeypatch.setenv("STREAMS_OF_A_PERSON", "6")  # the command sets its own
    monkeypatch.setenv("PORT", str(free_port()))
    # In a separate thread: other browser tests of this process keep an event loop in the main one.
    (failed,) = run_together(partial(call_command, "bench_open_pages", pages=10, events=2, seconds=4, every=4))
    assert failed is None
    figures = re.search(r"10 open pages: (\d+) of (\d+) nudges delivered.* (\d+) failed", capsys.readouterr().out)
    assert figures
    assert figures.groups() == ("20", "20", "0")


@pytest.mark.parametrize(("delivered", "failed"), [(19, 0), (20, 1)])
def test_a_lost_nudge_and_a_failed_fragment_are_told(delivered: int, failed: int) -> None:
    found = Figures(20, delivered, 0.1, 0.2, 5.0, 0.1, 0.2, failed, 9)
    with pytest.raises(CommandError, match="did not arrive"):
        bench_open_pages.Command().report(found, 10)

"""Charts show the time and the values under the pointer and the keyboard's cursor, and distinct ticks."""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Locator

from integration.console.models import User
from tests.browser.conftest import Person
from tests.pages.examples import example_of

EVENT = "events/<id:number>/"
# Records what uPlot writes next to its axes, since a canvas can't be read.
TICKS = """
    window.ticks = new Map();
    const write = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {
      window.ticks.set(this.canvas, [...window.ticks.get(this.canvas) ?? [], [text, at[0], at[1]]]);
      return write.call(this, text, ...at);
    };
    const clear = CanvasRenderingContext2D.prototype.clearRect;
    CanvasRenderingContext2D.prototype.clearRect = function (...at) {
      window.ticks.delete(this.canvas);
      return clear.call(this, ...at);
    };
"""


def open_charts(person: Person, path: str) -> list[Locator]:
    person.open(path)
    charts = person.page.locator("[data-chart]")
    charts.first.locator("canvas").wait_for()
    return [chart for chart in charts.all() if chart.is_visible()]


def row_of(chart: Locator, number: int) -> list[str]:
    """The texts of a row of the chart's table."""
    table = chart.page.locator(f"table[id='{chart.get_attribute('data-chart')}']")
    texts: list[str] = table.locator("tbody tr").nth(number).locator("td").all_text_contents()
    return [text.strip() for text in texts]


def point(chart: Locator) -> str:
    return chart.locator(".chart-point").text_content() or ""


def value(chart: Locator) -> str:
    """The first series' value in the legend."""
    return chart.locator(".chart-legend b").first.text_content() or ""


def ticks(chart: Locator) -> tuple[list[str], list[str]]:
    """What is written below the chart, and left of it, without the axes' titles."""
    written: Any = chart.evaluate("e => window.ticks.get(e.querySelector('canvas'))")
    lowest = max(y for _text, _x, y in written)
    below = [text for text, _x, y in written if text and y > lowest - 24]
    return below, [text for text, _x, y in written if text and y <= lowest - 24]


@pytest.mark.parametrize(("language", "day"), [("en", r"[A-Z]\w\w \d+ [A-Z]\w\w"), ("de", r"[A-Z]\w \d+ [A-Z]\w+")])
def test_pointer_and_keys_show_time_and_values(sign_in: Callable[..., Person], language: str, day: str) -> None:
    User.objects.update(language=language)
    olive = sign_in("olive.operator")
    load, reduction = open_charts(olive, example_of(EVENT))
    load.hover(position={"x": 300, "y": 60})
    assert re.fullmatch(rf"{day} \d\d:\d\d", point(load))
    assert re.fullmatch(r"\d+[.,]\d\d MW", value(load))
    olive.page.mouse.move(5, 5)
    reduction.focus()
    olive.page.keyboard.press("Home")
    for number in range(6):
        time, reserved, *_others = row_of(reduction, number)
        assert point(reduction).endswith(time)
        assert value(reduction) == f"{reserved} kW"
        olive.page.keyboard.press("ArrowRight")
    olive.page.keyboard.press("Escape")
    assert (point(reduction), value(reduction)) == ("", "")


def test_ticks_are_distinct_and_every_series_of_a_legend_has_values(sign_in: Callable[..., Person]) -> None:
    olive = sign_in("olive.operator")
    olive.page.add_init_script(TICKS)
    for path in (example_of(EVENT), example_of(EVENT + "stages/<int:stage_number>/"), "/calls/", "/messages/"):
        for chart in open_charts(olive, path):
            below, left = ticks(chart)
            assert len(below) > 1, path
            assert len(set(below)) == len(below), (path, below)
            assert len(set(left)) == len(left), (path, left)
            values = sorted(float(text.replace(",", "")) for text in left if text[-1].isdigit())  # without the title
            steps = {round(after - before, 6) for before, after in pairwise(values)}
            assert len(steps) <= 1, (path, left)  # a tick at 2.5 once read 3
            assert chart.locator(".chart-legend li:not(.chart-point)").count() > 0, path
    histogram = open_charts(olive, "/calls/")[0]
    histogram.focus()
    olive.page.keyboard.press("End")
    events, devices = row_of(histogram, -1)
    assert point(histogram) == f"Events this season: {events}"
    assert value(histogram) == f"{devices} devices"

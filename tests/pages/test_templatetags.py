"""What the template tags render: states, power, counts, times, bars, the Gantt chart."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from integration.pages.badges import look_of
from integration.pages.drawing import Axis
from integration.pages.moments import duration
from integration.pages.numbers import energy_text, share_pct
from integration.pages.templatetags.gridcall import TO, kw, number, percent_of, watts
from integration.seam.outcomes import Outcome

NOW = datetime(2026, 7, 21, 21, 42, tzinfo=UTC)
EASTERN = "America/New_York"


def drawn(source: str, **context: Any) -> str:
    return Template("{% load gridcall %}" + source).render(Context({"server_now": NOW, "zone": EASTERN, **context}))


# --- States -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "word", "icon", "form"),
    [
        ("New", "New", "circle-dashed", "quiet"),
        ("Submitted", "Awaiting approval", "hourglass", "wait"),
        ("Denied", "Denied", "circle-x", "bad"),
        ("Approved", "Approved", "circle-check", "ink"),
        ("Scheduled", "Scheduled", "clock", "ink"),
        ("In Progress", "In Progress", "player-play", "run"),
        ("Completed", "Completed", "check", "quiet"),
        ("Canceled", "Canceled", "ban", "struck"),
        ("D1SP", "Successful participation", "check", "quiet"),
        ("D1IO", "In-flight override", "hand-stop", "ink"),
        ("D1ND", "Non-responsive device", "wifi-off", "ink"),
        ("D1ER", "Error", "alert-triangle", "bad"),
        ("D1CN", "Canceled", "ban", "struck"),
        ("Reserved", "Reserved", "calendar-time", "ink"),
        ("high", "High", "alert-circle", "bad"),
    ],
)
def test_a_badge_has_word_icon_and_form(state: str, word: str, icon: str, form: str) -> None:
    html = drawn("{% badge state %}", state=state)
    assert f'class="state state-{form}"' in html
    assert f"icons.svg#{icon}" in html
    assert f"<span>{word}</span>" in html


def test_a_badge_takes_value_and_label() -> None:
    assert look_of("in_progress") == look_of("In Progress") == look_of("IN_PROGRESS")


def test_a_badge_shows_an_unknown_word_as_it_is_and_escapes_it() -> None:
    assert "<span>&lt;b&gt; odd</span>" in drawn("{% badge state %}", state="<b> odd")


def test_no_state_is_a_dash() -> None:
    assert drawn("{% badge state %}", state="") == drawn("{% badge state %}", state=None) == "—"


def test_each_acting_form_gets_its_own_key() -> None:
    keys = {drawn("{% request_key %}") for _ in range(3)}
    assert len(keys) == 3
    assert all('type="hidden" name="request_key"' in key for key in keys)


# --- Numbers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 kW"),
        (0.48, "0.48 kW"),
        (1.5, "1.50 kW"),
        (12.34, "12.3 kW"),
        (840, "840 kW"),
        (999.4, "999 kW"),
        (999.6, "1.00 MW"),
        (4180, "4.18 MW"),
        (1_234_567, "1,234.57 MW"),
        (Decimal("-2900"), "\u22122.90 MW"),
    ],
)
def test_power_is_kw_below_a_thousand_and_mw_from_there(value: float, text: str) -> None:
    figure, unit = text.split(" ")
    assert kw(value) == f"{figure}\u00a0<small>{unit}</small>"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "—"), (0, "0"), (0.083, "0.08"), (3.471, "3.47"), (16.67, "16.7"), (20.0, "20"), (21_345.4, "21,345")],
)
def test_energy_has_the_decimals_of_power(value: float | None, text: str) -> None:
    """A device test that delivered 4.96 kW for a minute once delivered “0 kWh”."""
    assert energy_text(value) == text


def test_watts_are_shown_as_power() -> None:
    assert watts(5_840_000) == kw(5840)


def test_counts_and_shares() -> None:
    assert number(1234567) == "1,234,567"
    assert number(-3) == "\u22123"
    assert percent_of(4180, 4000) == "104\u00a0%"


def test_german_has_its_own_separators() -> None:
    with translation.override("de"):
        assert number(4583) == "4.583"
        assert kw(1035) == "1,04\u00a0<small>MW</small>"
        assert (kw(2697), kw(12.34)) == ("2,70\u00a0<small>MW</small>", "12,3\u00a0<small>kW</small>")
        assert drawn("{% plotted x 2 %}", x=2.5) == '<td class="num" data-value="2.50">2,50</td>'
        assert drawn("{% plotted x 2 %}", x=1.035) == '<td class="num" data-value="1.04">1,04</td>'


def test_none_is_a_dash_everywhere() -> None:
    assert {kw(None), watts(None), number(None), percent_of(None, 5), percent_of(5, 0)} == {"—"}
    for source in ("{% when x zone %}", "{% clock x zone %}", "{% window x x zone %}", "{% countdown x %}"):
        assert drawn(source, x=None) == "—"
    assert drawn("{% meter x 5 %}", x=None) == "—"


# --- Times --------------------------------------------------------------------------------------------------------


def test_a_moment_names_its_zone_only_if_the_page_has_another_one() -> None:
    html = drawn("{% when t zone %}", t=NOW)
    assert 'datetime="2026-07-21T21:42:00+00:00" title="2026-07-21 17:42:00 EDT, 21:42:00 UTC"' in html
    assert ">Tue 21 Jul 17:42 <small>EDT</small></time>" in html
    with timezone.override(EASTERN):
        assert ">Tue 21 Jul 17:42</time>" in drawn("{% when t zone %}", t=NOW)
        assert ">17:42</time>" in drawn("{% clock t %}", t=NOW)
        assert drawn("{% window t t zone %}", t=NOW).endswith("17:42</time></span>")


def test_the_header_names_the_zone_and_utc_once() -> None:
    assert ">Tue 21 Jul 17:42 <small>EDT 21:42Z</small></time>" in drawn("{% now_in t zone %}", t=NOW)
    assert ">Tue 21 Jul 21:42 <small>UTC</small></time>" in drawn("{% now_in t %}", t=NOW)


def test_a_time_of_day_that_occurs_twice_names_its_offset_name() -> None:
    with timezone.override(EASTERN):
        assert "01:30 <small>EDT</small>" in drawn("{% clock t %}", t=datetime(2026, 11, 1, 5, 30, tzinfo=UTC))
        assert "01:30 <small>EST</small>" in drawn("{% clock t %}", t=datetime(2026, 11, 1, 6, 30, tzinfo=UTC))


def test_winter_has_another_name() -> None:
    assert "12:00 <small>EST</small>" in drawn("{% clock t zone %}", t=datetime(2026, 1, 5, 17, tzinfo=UTC))


def test_a_window_names_its_second_day_only_where_there_is_one() -> None:
    evening = drawn("{% window a b zone %}", a=NOW, b=NOW + timedelta(hours=2))
    night = drawn("{% window a b zone %}", a=NOW, b=NOW + timedelta(hours=10))
    assert ">Tue 21 Jul 17:42</time>\u2013<time" in evening
    assert ">19:42</time> <small>EDT</small>" in evening
    assert ">Wed 22 Jul 03:42</time>" in night


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "now"), (0, "now"), (45, "45 s"), (1080, "18 min 00 s"), (8280, "2 h 18 min"), (97_200, "1 d 03 h")],
)
def test_a_countdown_says_how_long(seconds: int, text: str) -> None:
    assert duration(timedelta(seconds=seconds)) == text
    assert f">{text}</time>" in drawn("{% countdown t %}", t=NOW + timedelta(seconds=seconds))


# --- Bars and the Gantt -------------------------------------------------------------------------------------------


def test_a_meter_leaves_room_above_its_target_and_never_leaves_its_box() -> None:
    assert 'width="76.80%"' in drawn("{% meter 96 100 %}")
    assert 'width="100.00%"' in drawn("{% meter 300 100 %}")
    assert 'x1="80.00%"' in drawn("{% meter 96 100 %}")


def test_a_funnel_bar_says_its_numbers() -> None:
    html = drawn('{% funnel_bar "Called" 4100 4980 128 %}')
    assert "4,100 / 4,980" in html
    assert 'class="missing" x="82.33%" width="2.57%"' in html
    assert "0 / 0" in drawn('{% funnel_bar "Called" 0 0 %}')


def test_an_outcome_bar_lists_every_code_and_fills_its_width() -> None:
    html = drawn("{% outcome_bar counts %}", counts={"D1SP": 90, "D1ND": 10})
    assert html.count("<li>") == len(Outcome)
    assert 'class="fill-quiet" x="0.00%" width="90.00%"' in html
    assert 'class="fill-ink" x="90.00%" width="10.00%"' in html


def test_the_outcomes_that_occur_lead_to_their_devices() -> None:
    html = drawn('{% outcome_bar counts "?outcome=" %}', counts={"D1SP": 90, "D1ND": 10})
    assert html.count('href="?outcome=D1SP"') == html.count('href="?outcome=D1ND"') == 2
    assert '<a href="?outcome=D1ND" tabindex="-1"><rect class="fill-ink"' in html
    assert '<a href="?outcome=D1CN">' not in html, "no device was canceled"
    assert "<a " not in drawn("{% outcome_bar counts %}", counts={"D1SP": 90})


def stage(label: str, start: float, end: float, state: str) -> SimpleNamespace:
    day = NOW.replace(hour=0, minute=0)
    return SimpleNamespace(
        label=label, state=state, starts_at=day + timedelta(hours=start), ends_at=day + timedelta(hours=end)
    )


def gantt(*bars: object) -> str:
    day = NOW.replace(hour=0, minute=0)
    source = "{% gantt bars a b zone %}"
    html = drawn(source, bars=bars, a=day + timedelta(hours=18), b=day + timedelta(hours=24))
    return " ".join(html.split())  # the template has one line per attribute


def test_a_gantt_puts_bars_at_their_times() -> None:
    html = gantt(stage("1 · Pre-cool", 18, 19.5, "Completed"), stage("2 · Setback", 21, 24, "In Progress"))
    assert 'gantt-quiet" x="0.00%" y="4" width="25.00%"' in html
    assert 'gantt-run" x="50.00%" y="34" width="50.00%"' in html
    says = "1 · Pre-cool: Completed, Tue 21 Jul 14:00-15:30; 2 · Setback: In Progress, Tue 21 Jul 17:00-20:00"
    assert f'aria-label="{says}"' in html.replace(TO, "-")
    assert "<title>1 · Pre-cool: Completed, Tue 21 Jul 14:00-15:30</title>" in html.replace(TO, "-")


def test_a_gantt_marks_now_and_what_of_a_running_stage_is_over() -> None:
    html = gantt(stage("2 · Setback", 21, 24, "In Progress"))
    assert 'class="gantt-now" x1="61.67%"' in html
    assert 'class="gantt-done" x="50.00%" y="4" width="11.67%"' in html


def test_a_gantt_cuts_bars_off_at_its_edges_and_takes_dicts() -> None:
    long = vars(stage("1", 12, 30, "Scheduled"))
    assert 'x="0.00%" y="4" width="100.00%"' in gantt(long)


def test_ticks_are_round_local_times_eight_at_the_most() -> None:
    start = datetime(2026, 7, 21, 18, 10, tzinfo=UTC)
    hours = Axis(start, start + timedelta(hours=6)).ticks(EASTERN)
    assert [tick.text for tick in hours] == ["15:00", "16:00", "17:00", "18:00", "19:00", "20:00"]
    two_days = Axis(start, start + timedelta(hours=40)).ticks(EASTERN)
    assert [tick.text for tick in two_days] == [
        "21 Jul 18:00", "22 Jul 00:00", "22 Jul 06:00", "22 Jul 12:00", "22 Jul 18:00", "23 Jul 00:00", "23 Jul 06:00",
    ]  # fmt: skip
    days = Axis(start, start + timedelta(days=7)).ticks(EASTERN)
    assert [tick.text for tick in days][:2] == ["22 Jul", "23 Jul"]
    assert all(len(Axis(start, start + timedelta(minutes=m)).ticks(EASTERN)) <= 9 for m in range(5, 3000, 7))


@pytest.mark.parametrize("first", [datetime(2026, 7, 21, 18, 10, tzinfo=UTC), datetime(2026, 11, 1, 4, 0, tzinfo=UTC)])
def test_no_tick_repeats_a_text_also_when_the_clocks_go_back(first: datetime) -> None:
    for minutes in range(5, 9000, 37):
        texts = [tick.text for tick in Axis(first, first + timedelta(minutes=minutes)).ticks(EASTERN)]
        assert len(set(texts)) == len(texts), (minutes, texts)


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(807, 900, 89), (810, 900, 90), (2, 3, 66), (0.29, 1, 29), (9_999, 10_000, 99), (-1, 3, -34), (1.1, 0.5, 220)],
)
def test_a_share_is_rounded_down(part: float, whole: float, shown: int) -> None:
    """So 90 % is never shown of what lies below a bar of 90 %, nor 100 % of what isn't all."""
    assert share_pct(part, whole) == shown

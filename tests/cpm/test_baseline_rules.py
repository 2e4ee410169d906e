"""The page on which a program's baselines are set: versions, how each method is biased, and what is refused."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client

from cpm.models import BaselineRule, Program, ProgramEvent
from cpm.operations import BaselineRuleRefused, add_baseline_rule
from cpm.pages.baseline_rules import PLACEBO
from integration.console.models import User
from integration.pages.object_log import object_log
from tests.pages.html import html_of

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).parents[2] / "docs" / "reference" / "baselines.md"
NAMES = {
    ("10 of 10", "ratio"): "10 of 10", ("10 of 10", "additive"): "10 of 10, additive",
    ("10 of 10", "none"): "10 of 10, not adjusted", ("high 5 of 10", "ratio"): "high 5 of 10",
    ("meter before", ""): "meter before",
}  # fmt: skip


@pytest.fixture
def as_manager(client: Client, program_manager: User) -> Client:
    client.force_login(program_manager)
    return client


@pytest.fixture
def program(make_program_event: Callable[..., ProgramEvent]) -> Program:
    """CPM's, of a program event."""
    return make_program_event("DR-2026-0001").program


def typed(day: date, **given: object) -> dict[str, object]:
    return {
        "effective_on": day.isoformat(), "method": "10 of 10", "adjustment": "additive", "cap_percent": 30,
        "adjustment_minutes": 120, "buffer_minutes": 90, "lookback_days": 30, "least_days": 4, "seen": 0,
        "request_key": "k" * 32, **given,
    }  # fmt: skip


def test_a_version_is_added_and_the_one_before_stays(as_manager: Client, program: Program, now: datetime) -> None:
    page, day = f"/programs/{program.code}/baselines/", now.date() + timedelta(days=9)
    shown = " ".join(html_of(as_manager.get(page)).split())
    assert "+10.3 %" in shown
    assert "says more was saved than was" in shown

    assert as_manager.post(page, typed(day)).status_code == 302
    assert as_manager.post(page, typed(day, seen=1, cap_percent=10, request_key="l" * 32)).status_code == 302

    first, second = program.baseline_rules.order_by("number")
    assert (first.number, first.cap_percent, second.number, second.cap_percent) == (1, 30, 2, 10)
    assert (second.adjustment_minutes, second.buffer_minutes, second.made_by) == (120, 90, "pia")
    shown = " ".join(html_of(as_manager.get(page)).split())
    assert f"version 2, for events from {day} on" in shown
    assert "by at most 10 %, by 120 minutes that end 90 minutes before" in shown
    assert [one.sentence for one in object_log("baselines", object=program.code)] == [
        "Version 2: added",
        "Version 1: added",
    ]


def test_what_somebody_else_made_meanwhile_and_days_that_have_begun_are_refused(
    as_manager: Client, program: Program, now: datetime
) -> None:
    page, day = f"/programs/{program.code}/baselines/", now.date() + timedelta(days=9)
    assert as_manager.post(page, typed(day, least_days=31)).status_code == 422
    assert as_manager.post(page, typed(now.date())).status_code == 409
    rule = {"effective_on": day, "method": "10 of 10"}
    add_baseline_rule(program_id=program.pk, fields=rule, seen=0, by="pia", now=now)
    with pytest.raises(BaselineRuleRefused, match="pia made version 1 of the method"):
        add_baseline_rule(program_id=program.pk, fields=rule, seen=0, by="max", now=now)
    assert BaselineRule.objects.count() == 1


def test_a_day_that_has_begun_where_an_event_is_keeps_its_method_too(program: Program, now: datetime) -> None:
    """At 12:00 UTC, the utility's zone, it is 2:00 of the next day on Kiritimati."""
    program.program_events.update(time_zone="Pacific/Kiritimati")
    noon = now.replace(hour=12)
    rule: dict[str, object] = {"effective_on": noon.date() + timedelta(days=1), "method": "10 of 10"}
    earliest = noon.date() + timedelta(days=2)
    with pytest.raises(BaselineRuleRefused, match=f"The earliest is {earliest}."):
        add_baseline_rule(program_id=program.pk, fields=rule, seen=0, by="pia", now=noon)
    add_baseline_rule(program_id=program.pk, fields=rule | {"effective_on": earliest}, seen=0, by="pia", now=noon)
    assert program.baseline_rules.get().effective_on == earliest


def test_the_page_has_the_figures_of_the_documentation() -> None:
    row = re.compile(r"^\| (.+?) \| ([+-][\d.]+) %.*? \| ([\d.]+) %", re.M)
    written = {name: (float(bias), float(cv)) for name, bias, cv in row.findall(DOCS.read_text())}
    assert {NAMES[str(method), str(adjustment)]: known for (method, adjustment), known in PLACEBO.items()} == {
        name: written[name] for name in NAMES.values()
    }

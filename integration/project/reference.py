"""The parts of docs/ that are generated from the code, each between two markers in its page."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from derms.choices import Control
from derms.controls import CONTROLS
from derms.objectives import OBJECTIVES
from integration.seam.alert_kinds import ALERT_KINDS
from integration.seam.outcomes import About, Outcome
from integration.seam.program_rules import FIELDS, RULES, Kind, Rule
from lec_sim.models import HeadEndProfile

from .message_reference import executor_receives, executor_sends, messages

DOCS = Path(__file__).parents[2] / "docs"
_PART = re.compile(r"(<!-- written by manage.py reference: (\w+) -->\n\n).*?(\n<!-- end -->)", re.DOTALL)


def outcomes() -> str:
    """A row per outcome code."""
    rows = (f"| `{one}` | {one.about.label} | {one.about.meaning} | {_in_rate(one.about)} |\n" for one in Outcome)
    return "| outcome | name | meaning | in the response rate |\n|---|---|---|---|\n" + "".join(rows)


def outcome_times() -> str:
    """When a device with each outcome started and ended, as an executor reports it."""
    rows = (f"| `{one}` | {one.about.meaning} | {one.about.times} |\n" for one in Outcome)
    return "| code | meaning | `started_at`, `ended_at` |\n|---|---|---|\n" + "".join(rows)


def head_end_profile() -> str:
    """A row per field of a simulated head end's profile."""
    fields = [field for field in HeadEndProfile._meta.concrete_fields if field.help_text]
    rows = (f"| `{field.name}` | {field.default} | {field.help_text} |\n" for field in fields)
    return "| field | default | meaning |\n|---|---|---|\n" + "".join(rows)


def objectives() -> str:
    """A row per objective of events."""
    rows = (f"| {one} | {aim.needs} | {aim.goal} |\n" for one, aim in OBJECTIVES.items())
    return "| objective | needs | goal of a stage |\n|---|---|---|\n" + "".join(rows)


def controls() -> str:
    """A row per control of stages."""
    rows = (
        f"| {Control(one).label} | {', '.join(str(kind.label) for kind in effect.classes)} | {effect.share_words} |\n"
        for one, effect in CONTROLS.items()
    )
    return "| control | made for | control factor |\n|---|---|---|\n" + "".join(rows)


def program_rules() -> str:
    """A row per rule of a program."""
    rows = (f"| {rule.reason} | {_fields(rule)} | {rule.broken_if} | {_subject(rule)} |\n" for rule in RULES.values())
    return "| rule | fields | it is broken if | checked per |\n|---|---|---|---|\n" + "".join(rows)


def alert_kinds() -> str:
    """A row per kind of alert."""
    rows = (
        f"| {kind} | {one.when} | {one.priority} | {one.closes} | {one.to_do} |\n" for kind, one in ALERT_KINDS.items()
    )
    return "| kind | raised when | priority | closes by itself when | what to do |\n|---|---|---|---|---|\n" + "".join(
        rows
    )


PARTS: Mapping[str, Callable[[], str]] = {
    "alert_kinds": alert_kinds,
    "outcomes": outcomes,
    "outcome_times": outcome_times,
    "head_end_profile": head_end_profile,
    "controls": controls,
    "objectives": objectives,
    "messages": messages,
    "executor_receives": executor_receives,
    "executor_sends": executor_sends,
    "program_rules": program_rules,
}


def outdated() -> Iterator[tuple[Path, str]]:
    """Each page that differs from the code, and the text it should have."""
    for page in sorted(DOCS.rglob("*.md")):
        found = page.read_text()
        text = _PART.sub(lambda part: part[1] + PARTS[part[2]]() + part[3], found)
        if text != found:
            yield page, text


def _in_rate(about: About) -> str:
    return "what it gave" if about.ends_call else "what it gave in the part it ran"


def _fields(rule: Rule) -> str:
    return ", ".join(f"`{field.name}`" for field in FIELDS if field.rule == rule)


def _subject(rule: Rule) -> str:
    return "stage" if rule.kind in {Kind.WINDOW, Kind.LENGTH} else "device"

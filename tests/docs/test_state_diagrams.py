"""The diagrams of states in README.md show the transitions that the models have."""

import re

import pytest
from django.db.models import Model

from cpm.models import Enrollment, ProgramEvent
from derms.models import Event, Stage
from integration.engines.state import PROJECT

DIAGRAMS = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", (PROJECT / "README.md").read_text(), re.S)
Arrows = set[tuple[str, str]]


def drawn(diagram: str) -> Arrows:
    """The arrows from one state to another; [*] is not a state, and an arrow back to its own state changes none."""
    arrows = re.findall(
        r"(\w+) --> (\w+)",
        diagram.replace("InProgress", "In_Progress").replace("WaitingForDevice", "Waiting_for_device"),
    )
    return {(source.replace("_", " "), target.replace("_", " ")) for source, target in arrows if source != target}


def transitions(model: type[Model]) -> Arrows:
    moves = model._meta.get_field("state").get_all_transitions(model)  # type: ignore[union-attr]  # django-fsm's
    return {(str(move.source), str(move.target)) for move in moves if move.source != move.target}


@pytest.mark.parametrize(("number", "model"), [(0, Event), (1, Stage), (2, ProgramEvent), (3, Enrollment)])
def test_the_readme_draws_every_transition_and_no_other(number: int, model: type[Model]) -> None:
    assert drawn(DIAGRAMS[number]) == transitions(model)


def test_a_program_event_may_start_in_any_state() -> None:
    starts = re.findall(r"\[\*\] --> (\w+)", DIAGRAMS[2])
    assert len(starts) == len(ProgramEvent._meta.get_field("state").choices or ())

"""A state of an event is known to the pages and to the tests."""

from derms.choices import EventState
from integration.pages.badges import LOOKS
from tests import walk


def test_every_state_has_a_look_and_a_way_to_it() -> None:
    assert set(walk.PATHS) == set(EventState.values)
    assert {state for state in EventState.values if state.lower().replace(" ", "_") not in LOOKS} == set()

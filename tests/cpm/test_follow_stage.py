"""A program event follows its stage, by revision."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from cpm.models.program_events import ProgramEvent, Transition
from cpm.operations import follow_stage
from derms.models import Program
from integration.seam.delivery import NotYet
from integration.seam.messages import Receipt, StageStatus
from tests.messages.conftest import STATUS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("program")]


@pytest.fixture
def start(now: datetime) -> datetime:
    return now + timedelta(hours=2)


def _tell(start: datetime, state: str, revision: int, **fields: Any) -> Receipt:
    window = {"starts_at": start, "ends_at": start + timedelta(hours=1)}
    values = {**STATUS.model_dump(), **window, "state": state, "revision": revision, **fields}
    return follow_stage(StageStatus.model_validate(values), now=start)


def _walked() -> list[tuple[int, str, str, str]]:
    rows = Transition.objects.order_by("revision")
    return [(row.revision, row.from_state, row.to_state, row.why) for row in rows]


def test_a_stage_becomes_a_program_event_with_all_it_is_told(start: datetime, program: Program) -> None:
    assert _tell(start, "Scheduled", 2) == Receipt()

    event = ProgramEvent.objects.get()
    assert (event.stage_uid, event.event_uid, event.event_number) == (
        STATUS.stage_uid,
        STATUS.event_uid,
        "DR-2026-0001",
    )
    assert (event.program.code, event.category, event.time_zone) == ("COOL", "Economic", "America/New_York")
    assert (event.starts_at, event.ends_at, event.state, event.revision) == (
        start,
        start + timedelta(hours=1),
        "Scheduled",
        2,
    )
    assert (event.participations, event.reserved, event.closed) == (0, 0, 0)
    assert _walked() == [(2, "", "Scheduled", "")]


def test_a_program_event_walks_with_its_stage(start: datetime) -> None:
    _tell(start, "Scheduled", 2)
    _tell(start, "In Progress", 3, started_at=start)
    _tell(start, "Completed", 4, started_at=start)

    event = ProgramEvent.objects.get()
    assert (event.state, event.revision, event.started_at) == ("Completed", 4, start)
    assert _walked() == [
        (2, "", "Scheduled", ""),
        (3, "Scheduled", "In Progress", ""),
        (4, "In Progress", "Completed", ""),
    ]


@pytest.mark.parametrize("revision", [1, 2, 3])
def test_a_lower_or_equal_revision_has_no_effect(revision: int, start: datetime) -> None:
    _tell(start, "Scheduled", 2)
    _tell(start, "In Progress", 3, started_at=start)
    before = list(ProgramEvent.objects.values()), _walked()

    receipt = _tell(start, "Canceled", revision, reason="Storm")

    assert receipt == Receipt(applied=0, note=f"revision {revision} is not newer than 3")
    assert (list(ProgramEvent.objects.values()), _walked()) == before


@pytest.mark.parametrize("final", ["Completed", "Canceled"])
@pytest.mark.parametrize("state", ["Scheduled", "In Progress", "Completed", "Canceled"])
def test_a_final_program_event_stays_final(final: str, state: str, start: datetime) -> None:
    _tell(start, final, 4, started_at=start)
    before = _walked()

    receipt = _tell(start, state, 5, started_at=start)

    assert receipt.note == f"the program event is {final} already"
    assert (ProgramEvent.objects.get().state, _walked()) == (final, before)


def test_a_canceled_status_of_an_unknown_stage_creates_it_canceled(start: datetime) -> None:
    _tell(start, "Canceled", 3, reason="Storm")
    _tell(start, "Scheduled", 2)

    event = ProgramEvent.objects.get()
    assert (event.state, event.reason, event.started_at) == ("Canceled", "Storm", None)
    assert _walked() == [(3, "", "Canceled", "Storm")]


def test_an_end_that_overtakes_the_start_brings_it_along(start: datetime) -> None:
    _tell(start, "Scheduled", 2)
    _tell(start, "Completed", 4, started_at=start)
    _tell(start, "In Progress", 3, started_at=start)

    assert (ProgramEvent.objects.get().state, ProgramEvent.objects.get().started_at) == ("Completed", start)
    assert [to for _, _, to, _ in _walked()] == ["Scheduled", "Completed"]


def test_a_stage_of_an_unknown_program_waits(start: datetime) -> None:
    with pytest.raises(NotYet, match="program GONE is not known"), transaction.atomic():
        _tell(start, "Scheduled", 2, program="GONE")

    assert not ProgramEvent.objects.exists()

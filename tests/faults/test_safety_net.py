"""The safety net is tested too: if one of its guards is removed, a check that covers it fails."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from derms import operations
from derms.models import ControlZone, Event, Program
from derms.set_operations import choosing
from integration.commands.verify import violations_of
from integration.seam import clock, delivery, extract_files, extracts, scheduler
from integration.seam.models import Delivery, DueWork
from integration.seam.settling import settle
from tests import factories
from tests.derms import test_schedule_race as schedule_race
from tests.faults import figures
from tests.messages import test_damaged_extracts as damaged_extracts
from tests.messages import test_delivery as deliveries
from tests.messages.conftest import received_by, send  # noqa: F401  (fixtures)
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)

pairs, without_zone_lock = schedule_race.pairs, schedule_race.without_zone_lock
HOUR = timedelta(hours=1)


@pytest.mark.usefixtures("without_zone_lock")
def test_the_race_of_two_schedules_misses_the_zone_lock(pairs: Callable[[], list[Event]]) -> None:
    with pytest.raises(AssertionError):
        schedule_race._race(pairs, 1)


def test_the_invariant_on_reservations_misses_the_overlap_query(
    pairs: Callable[[], list[Event]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pairs()
    operations.schedule_event(first.pk, now=clock.now())
    assert violations_of("I3") == []

    monkeypatch.setattr(choosing, "overlapping_stage_ids", lambda stage: [])
    operations.schedule_event(second.pk, now=clock.now())

    assert violations_of("I3")


def test_the_test_of_a_failing_receiver_misses_the_mark_in_its_transaction(
    send: Callable[[], Delivery],  # noqa: F811
    received_by: Callable[[str], None],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    find = delivery.import_string

    def apart(name: str) -> Callable[..., Any]:
        """What the receiver writes is committed before the message is marked."""

        def receive(body: Any) -> Any:
            answer = run_together(lambda: find(name)(body))[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return receive

    monkeypatch.setattr(delivery, "import_string", apart)

    with pytest.raises(AssertionError):
        deliveries.test_a_failing_receiver_leaves_no_effect_and_is_asked_again_later_and_later(send, received_by)


@pytest.mark.parametrize("damage", ["a part has other rows", "two parts are swapped"])
def test_the_tests_of_damaged_files_miss_the_manifest(
    damage: str,
    zone: ControlZone,
    program: Program,
    extract_folder: Path,
    now: datetime,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @contextmanager
    def unchecked(name: str, described: dict[str, Any]) -> Iterator[Any]:
        with extract_files.storage().open(name) as rows:
            described["rows"] = len(rows.read().splitlines()) - 1
            rows.seek(0)
            yield rows

    settings.EXTRACT_PART_ROWS = 2
    factories.fleet(zone, program, 5, since=now - 24 * HOUR)
    monkeypatch.setattr(extracts, "_open_unharmed", unchecked)

    with pytest.raises(AssertionError):
        damaged_extracts.test_a_damaged_extract_is_refused_and_nothing_of_it_is_applied(damage, 1, extract_folder, now)


@pytest.mark.parametrize(("wrong_by", "early"), [(timedelta(), 0), (HOUR, 1)], ids=["database", "host an hour ahead"])
def test_the_figure_of_early_starts_misses_the_clock_of_the_database(
    wrong_by: timedelta,
    early: int,
    event_in: Callable[..., Event],
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event_in("Scheduled", starts_at=now + HOUR / 2)
    settle()
    ask = clock.now

    monkeypatch.setattr(clock, "now", lambda: ask() + wrong_by)
    scheduler.find_due()
    for work in DueWork.objects.filter(name="start stage"):
        delivery.run_due(work.pk, work.attempt)

    assert figures.lateness(now).early == early

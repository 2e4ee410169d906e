"""Work at fixed times: once per turn, however many schedulers look, and never twice at once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from integration.seam.delivery import run_due
from integration.seam.models import Alert, DueWork
from integration.seam.periodic import latest_turn, note_periodic_work
from integration.seam.routes import EVERY, Every, LocalHour
from tests.threads import run_together

MINUTE = timedelta(minutes=1)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only two jobs: one each minute, which succeeds, and one at night, which fails."""
    for name in list(EVERY):
        monkeypatch.delitem(EVERY, name)
    monkeypatch.setitem(EVERY, "seal", Every(MINUTE, "integration.seam.sealing.seal_history", "small"))
    monkeypatch.setitem(EVERY, "fail", Every(LocalHour(3), "tests.messages.receivers.fail", "bulk"))


def noted() -> list[tuple[str, str]]:
    return list(DueWork.objects.order_by("name").values_list("name", "queue"))


@pytest.mark.parametrize(
    ("when", "now", "turn"),
    [
        (MINUTE, "2026-07-21T21:42:59.9Z", "2026-07-21T21:42Z"),
        (timedelta(hours=6), "2026-07-21T21:42Z", "2026-07-21T18:00Z"),
        (timedelta(hours=6), "2026-07-21T18:00Z", "2026-07-21T18:00Z"),
        (LocalHour(3), "2026-07-21T06:59Z", "2026-07-20T07:00Z"),
        (LocalHour(3), "2026-07-21T07:00Z", "2026-07-21T07:00Z"),
        (LocalHour(23), "2026-07-21T02:59Z", "2026-07-20T03:00Z"),
        (LocalHour(3), "2026-12-21T12:00Z", "2026-12-21T08:00Z"),
        # On 2026-03-08 clocks go from 2:00 to 3:00, on 2026-11-01 from 2:00 to 1:00.
        (LocalHour(2), "2026-03-08T07:30Z", "2026-03-08T07:00Z"),
        (LocalHour(1), "2026-11-01T06:30Z", "2026-11-01T05:00Z"),
    ],
)
def test_a_turn_is_an_interval_from_midnight_or_a_local_hour(
    when: timedelta | LocalHour, now: str, turn: str, settings: Any
) -> None:
    settings.NIGHTLY_TIME_ZONE = ZoneInfo("America/New_York")
    moment = datetime.fromisoformat(now).astimezone(UTC)
    assert latest_turn(Every(when, "", "small"), moment) == datetime.fromisoformat(turn)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("jobs")
def test_schedulers_side_by_side_note_each_job_once_per_turn() -> None:
    now = datetime(2026, 7, 21, 21, 42, 30, tzinfo=UTC)
    run_together(*(lambda: note_periodic_work(now) for _ in range(4)))
    assert noted() == [("fail", "bulk"), ("seal", "small")]

    work = DueWork.objects.get(name="seal")
    run_together(*(lambda: run_due(work.pk, 0) for _ in range(4)))
    note_periodic_work(now + timedelta(seconds=29))
    assert noted() == [("fail", "bulk")]

    run_together(*(lambda: note_periodic_work(now + MINUTE) for _ in range(4)))
    assert noted() == [("fail", "bulk"), ("seal", "small")]


@pytest.mark.django_db
@pytest.mark.usefixtures("jobs")
def test_a_job_that_is_still_at_work_is_not_noted_again(now: datetime) -> None:
    note_periodic_work(now)
    note_periodic_work(now + timedelta(days=2))
    assert noted() == [("fail", "bulk"), ("seal", "small")]


@pytest.mark.django_db
@pytest.mark.usefixtures("jobs")
def test_a_job_that_keeps_failing_is_set_aside_with_an_alert(now: datetime) -> None:
    note_periodic_work(now)
    work = DueWork.objects.get(name="fail")
    for attempt in range(14):
        run_due(work.pk, attempt)
    note_periodic_work(now + timedelta(days=2))

    assert DueWork.objects.get(name="fail").dead_at
    assert Alert.objects.get(closed_at=None).text.startswith("“fail” failed 12 times")


def test_every_name_fits_its_column() -> None:
    assert max(map(len, EVERY)) <= DueWork._meta.get_field("name").max_length  # type: ignore[operator]

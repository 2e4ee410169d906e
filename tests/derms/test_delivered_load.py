"""DERMS records what a stage delivers, and alerts if too few devices answer or if a forecast is too old."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from derms import operations
from derms.models import ControlZone, DeliveredLoad, Device, Event, LoadForecast, Removal, Reservation, Stage
from derms.operations.figures import renew_figures
from derms.operations.forecast_age import report_old_forecast
from derms.queries.due import event_ids_to_renew
from derms.queries.forecast_age import zone_ids_with_old_forecast
from integration.console.models import User
from integration.seam.messages import DeliveredLoad as Report
from integration.seam.models import Alert, Priority
from integration.seam.settling import settle
from tests import walk

pytestmark = pytest.mark.django_db

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def running(event_in: Callable[..., Event]) -> Stage:
    return event_in("In Progress").stages.select_related("event").get()


def report(stage: Stage, at: datetime, **fields: Any) -> Report:
    """A report of twenty called devices that all answered, with 15 kW."""
    counts = {"reduction_w": 15_000, "called": 20, "answered": 20, "rejected": 0, "overridden": 0}
    return Report.model_validate({"stage_uid": stage.uid, "at": at, **counts, **fields})


def test_each_report_counts_from_its_moment_in_any_order(running: Stage) -> None:
    """A last report once replaced the one of the same minute, and with it what was delivered until then."""
    minute = running.starts_at.replace(second=0, microsecond=0) + MINUTE
    reports = [report(running, minute + n * SECOND, reduction_w=n) for n in (1, 5, 9)]
    for order in permutations([*reports, reports[2]]):
        DeliveredLoad.objects.all().delete()
        for one in order:
            operations.follow_delivered_load(one)
        kept = DeliveredLoad.objects.order_by("at").values_list("at", "reduction_w")
        assert list(kept) == [(one.at, one.reduction_w) for one in reports]


def test_a_report_is_kept_by_head_end(running: Stage) -> None:
    counts = {"rejected": 1, "overridden": 2}
    silent = {"head_end": "HE2", "called": 8, "answered": 0, "rejected": 0, "overridden": 0, "reduction_w": 0}
    head_ends = [{"head_end": "HE1", "called": 12, "answered": 12, "reduction_w": 9_000, **counts}, silent]
    operations.follow_delivered_load(report(running, running.starts_at + MINUTE, answered=12, head_ends=head_ends))
    assert DeliveredLoad.objects.get().head_ends == head_ends


def test_reports_of_one_moment_renew_their_events_figures_once(running: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each report once recomputed the whole event: 83 messages a second in place of 175."""
    settle()
    renewed: list[int] = []

    def renew_and_count(event: Event, **changes: Any) -> None:
        renewed.append(event.pk)
        renew_figures(event, **changes)

    monkeypatch.setattr("derms.operations.figures.renew_figures", renew_and_count)
    for seconds in (60, 120):
        operations.follow_delivered_load(report(running, running.starts_at + seconds * SECOND))
    assert list(event_ids_to_renew(running.starts_at)) == [running.event_id]
    settle()
    assert renewed == [running.event_id]
    assert list(event_ids_to_renew(running.starts_at)) == []


def test_one_alert_counts_all_devices_that_do_not_answer(running: Stage, settings: Any) -> None:
    settings.ANSWERS_EXPECTED_PCT, settings.ANSWERS_EXPECTED_AFTER_S = 80, 120
    started_at = running.starts_at
    operations.follow_delivered_load(report(running, started_at + 119 * SECOND, answered=3))
    assert not Alert.objects.filter(kind="answers below expectation").exists()
    operations.follow_delivered_load(report(running, started_at + 2 * MINUTE, answered=15))
    operations.follow_delivered_load(report(running, started_at + 3 * MINUTE, answered=15))
    alert = Alert.objects.get(kind="answers below expectation")
    what = f"5 of 20 devices called by {running} take no part: 5 have not answered, 0 rejected the call."
    assert alert.text == f"{what} 75 % take part, at least 80 % should."
    assert (alert.priority, alert.event_uid, alert.closed_at) == (Priority.MEDIUM, running.event.uid, None)
    operations.follow_delivered_load(report(running, started_at + 4 * MINUTE, answered=16))
    assert Alert.objects.get(pk=alert.pk).closed_at is not None


def test_the_alert_names_the_head_ends_whose_devices_take_no_part(running: Stage) -> None:
    counts = {"overridden": 0, "reduction_w": 0}
    loads = [
        {"head_end": "fine", "called": 40, "answered": 40, "rejected": 0, **counts},
        {"head_end": "mock-heat", "called": 1000, "answered": 999, "rejected": 2, **counts},
        {"head_end": "sample-climate", "called": 948, "answered": 0, "rejected": 0, **counts},
    ]
    whole = {"called": 1988, "answered": 1039, "rejected": 2, "reduction_w": 0}
    at = running.starts_at + 2 * MINUTE
    operations.follow_delivered_load(report(running, at, head_ends=loads, **whole))
    said = Alert.objects.get(kind="answers below expectation").text
    assert said.endswith("By head end: sample-climate 948/948, mock-heat 3/1,000.")


def test_a_rejection_is_no_answer(running: Stage) -> None:
    """Once all 545 devices of a stage rejected the call, and no alert was raised."""
    at, all_of_them = running.starts_at + 2 * MINUTE, {"called": 545, "answered": 545, "reduction_w": 0}
    operations.follow_delivered_load(report(running, at, rejected=545, **all_of_them))
    alert = Alert.objects.get(kind="answers below expectation", closed_at=None)
    what = f"545 of 545 devices called by {running} take no part"
    said = "0 have not answered, 545 rejected the call. 0 % take part, at least 80 % should."
    assert alert.text == f"{what}: {said}"
    operations.follow_delivered_load(report(running, at + MINUTE, rejected=109, **all_of_them))
    assert Alert.objects.get(pk=alert.pk).closed_at is not None, "80 % take part"


def test_a_silent_head_end_is_named_with_the_power_that_is_missing(running: Stage) -> None:
    """What is expected of its own devices that are still there; once it was its share of all called devices."""
    reserved = Reservation.objects.filter(stage_id=running.pk)
    reserved.update(expected_w=60_000)
    first, last = reserved.order_by("device_id")[0], reserved.order_by("-device_id")[0]
    reserved.filter(device_id=last.device_id).update(expected_w=400_000)
    head_end = Device.objects.get(pk=first.device_id).head_end
    left = Device.objects.get(pk=first.device_id)
    Removal.objects.create(
        stage_uid=running.uid,
        head_end=head_end.code,
        nic_id=left.nic_id,
        reason="opt_out",
        requested_at=running.starts_at,
        answer="released",
        answered_at=running.starts_at + SECOND,
    )
    counts = {"rejected": 0, "overridden": 0, "reduction_w": 0}
    silent = {"head_end": head_end.code, "called": 20, "answered": 0, **counts}
    other = {"head_end": "mock-heat", "called": 1880, "answered": 1880, **counts}
    whole = {"called": 1900, "answered": 1880, "head_ends": [silent, other]}
    operations.follow_delivered_load(report(running, running.starts_at + 119 * SECOND, **whole))
    assert not Alert.objects.filter(kind="head end silent").exists(), "devices may still answer"
    operations.follow_delivered_load(report(running, running.starts_at + 2 * MINUTE, **whole))
    alert = Alert.objects.get(kind="head end silent")
    missing = (reserved.count() - 2) * 60 + 400
    assert alert.text == (
        f"{head_end.code}: none of its 20 devices called by {running} has answered; "
        f"the {missing:,} kW expected of them are missing."
    )
    assert (alert.priority, alert.closed_at) == (Priority.HIGH, None)
    whole["head_ends"] = [{**silent, "answered": 1}, other]
    operations.follow_delivered_load(report(running, running.starts_at + 3 * MINUTE, **whole))
    assert Alert.objects.get(pk=alert.pk).closed_at is not None


@pytest.mark.parametrize("how", ["end", "cancel"])
def test_a_stage_that_is_over_waits_for_no_answer(running: Stage, operator: User, how: str, now: datetime) -> None:
    operations.follow_delivered_load(report(running, running.starts_at + 5 * MINUTE, answered=0))
    assert Alert.objects.filter(kind="answers below expectation", closed_at=None).exists()
    if how == "end":
        operations.follow_execution(walk.execution(running, "Completed", revision=2), now=now)
    else:
        operations.cancel_event(event_id=running.event_id, by=operator, now=now, reason="Cooler")
    operations.follow_delivered_load(report(running, running.starts_at + 6 * MINUTE, answered=0))
    assert not Alert.objects.filter(kind="answers below expectation", closed_at=None).exists()


def test_a_forecast_that_is_too_old_raises_one_alert_until_the_next_one(
    zone: ControlZone, now: datetime, settings: Any
) -> None:
    settings.FORECAST_OLD_HOURS = 48
    LoadForecast.objects.update(loaded_at=now - 48 * HOUR)
    assert list(zone_ids_with_old_forecast(now)) == []
    assert list(zone_ids_with_old_forecast(now + SECOND)) == [zone.pk]
    LoadForecast.objects.filter(zone=zone, hour__gt=now + 24 * HOUR).update(loaded_at=now)  # later days alone are new
    assert list(zone_ids_with_old_forecast(now + SECOND)) == [zone.pk]
    report_old_forecast(zone.pk, now=now + SECOND)
    assert Alert.objects.get(closed_at=None).kind == "forecast too old"
    assert list(zone_ids_with_old_forecast(now + SECOND)) == []
    hour = now.replace(minute=0, second=0, microsecond=0) + HOUR
    heading = "zone,hour,load_mw,thermostat,water_heater,ev_charger,battery"
    operations.load_forecast(lines=[heading, f"{zone.code},{hour.isoformat()},40,0.5,0.5,0.5,0.5"], now=now)
    assert not Alert.objects.filter(closed_at=None).exists()
    report_old_forecast(zone.pk, now=now)
    assert not Alert.objects.filter(closed_at=None).exists()

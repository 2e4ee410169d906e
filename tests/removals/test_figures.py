"""An event's stored power figures follow what happens to its stages, and never add up power at different times."""

from datetime import datetime

import pytest
from django.db import transaction
from django.test import Client

from cpm import operations as cpm
from derms import operations as derms
from derms.models import DeliveredLoad, Event, EventFigures, Stage
from derms.operations.figures import renew_figures
from derms.queries.lists import events_for_list, stages_of, window_of
from integration.console.models import User
from integration.seam import clock
from integration.seam.messages import DeliveredLoad as Report
from integration.seam.settling import settle
from tests.pages.html import html_of
from tests.removals.running import MINUTE, begin, device, end, program_event

pytestmark = pytest.mark.django_db(transaction=True)


def figures(stage: Stage) -> EventFigures:
    return EventFigures.objects.get(event_id=stage.event_id)


def opt_out(stage: Stage, number: int, now: datetime) -> None:
    cpm.opt_out_device(program_event_id=program_event(stage).pk, device_id=device(number).pk, by="cora", now=now)
    settle()


def report(stage: Stage, minutes: int, watts: int) -> None:
    counts = {"called": 20, "answered": 20, "rejected": 0, "overridden": 0}
    at = stage.starts_at + minutes * MINUTE
    derms.follow_delivered_load(Report(stage_uid=stage.uid, at=at, reduction_w=watts, **counts))


def test_stages_one_after_the_other_count_once(two_stages: tuple[Stage, Stage]) -> None:
    first, second = two_stages
    kept = figures(first)

    assert first.reserved == second.reserved == 20
    assert kept.devices == 20
    assert kept.reserved_w == max(first.reserved_w, second.reserved_w)


def test_a_device_counts_until_it_has_left_every_stage(two_stages: tuple[Stage, Stage], now: datetime) -> None:
    """Once three opt-outs changed neither the number of devices nor the power."""
    first, second = two_stages
    whole_w = first.reserved_w

    opt_out(first, 1, now)
    assert (figures(first).devices, figures(first).reserved_w) == (20, whole_w), "the second stage still has it"

    opt_out(second, 1, now)
    assert (figures(first).devices, figures(first).reserved_w) == (19, whole_w - whole_w // 20)


def test_a_canceled_stage_no_longer_counts(two_stages: tuple[Stage, Stage], operator: User, now: datetime) -> None:
    first, second = two_stages
    for number in (1, 2, 3):
        opt_out(second, number, now)
    derms.cancel_stage(stage_id=first.pk, by=operator, now=now, reason="Not needed")

    assert figures(first).devices == 17
    assert figures(first).reserved_w == second.reserved_w - 3 * (second.reserved_w // 20)


def test_what_is_reported_is_energy_over_the_planned_hours(
    two_stages: tuple[Stage, Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half the first stage at 12 kW, the rest at 6 kW, nothing of the second: an average, never a sum."""
    first, second = two_stages
    half = (first.ends_at - first.starts_at) / MINUTE / 2
    report(first, 0, 12_000)
    report(first, int(half), 6_000)
    hours = (first.ends_at - first.starts_at + (second.ends_at - second.starts_at)) / MINUTE / 60

    monkeypatch.setattr(clock, "now", lambda: second.ends_at)
    with transaction.atomic():
        renew_figures(first.event)  # as closing the stage does
    kept = figures(first)

    assert kept.energy_wh == pytest.approx((12_000 + 6_000) * half / 60, abs=1)
    assert kept.mean_w == pytest.approx((12_000 + 6_000) * half / 60 / hours, abs=1)
    assert kept.peak_w == 12_000
    assert Event.objects.get(pk=first.event_id).figures == kept


def test_what_is_so_far_ends_now_though_a_later_stage_was_canceled(
    two_stages: tuple[Stage, Stage], operator: User, now: datetime, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    """Once the canceled stage's planned end counted as known: four times the energy that was delivered by then."""
    first, second = two_stages
    derms.cancel_stage(stage_id=second.pk, by=operator, now=now, reason="Not needed")
    begin(first)
    DeliveredLoad.objects.all().delete()
    report(first, 0, 12_000)

    monkeypatch.setattr(clock, "now", lambda: first.starts_at + 15 * MINUTE)
    with transaction.atomic():
        renew_figures(first.event)
    assert figures(first).energy_wh == 3_000
    assert figures(first).mean_w == 12_000
    client.force_login(operator)
    context = client.get(f"/events/{first.event.number}/").context
    assert (context["ends_at"], context["power"].figures.energy_kwh) == (first.ends_at, 3)
    listed = events_for_list().get(pk=first.event_id)
    assert (listed.starts_at, listed.ends_at) == (first.starts_at, first.ends_at)


def test_a_stage_that_was_stopped_belongs_to_the_event_until_then(
    two_stages: tuple[Stage, Stage], operator: User
) -> None:
    first, second = two_stages
    begin(first)
    stopped_at = first.starts_at + 5 * MINUTE
    for stage, at in ((second, first.starts_at), (first, stopped_at)):
        derms.cancel_stage(stage_id=stage.pk, by=operator, now=at, reason="Storm")
    listed = events_for_list().get(pk=first.event_id)
    assert (listed.starts_at, listed.ends_at) == (first.starts_at, stopped_at)
    assert window_of(stages_of(first.event)) == (first.starts_at, stopped_at)


def test_the_event_page_says_how_many_are_still_reserved(
    two_stages: tuple[Stage, Stage], operator: User, now: datetime, client: Client
) -> None:
    first, _second = two_stages
    opt_out(first, 1, now)
    client.force_login(operator)
    assert "39 / 40" in html_of(client.get(f"/events/{first.event.number}/"))


def test_once_its_outcomes_are_in_they_are_the_energy_and_no_longer_the_reports(
    two_stages: tuple[Stage, Stage],
) -> None:
    """The one report of a short stage, seconds after its start, was once the reduction of its whole window."""
    first, _second = two_stages
    begin(first)
    DeliveredLoad.objects.all().delete()
    report(first, 0, 57_000)
    end(first)
    first.refresh_from_db()
    hours = (first.ends_at - first.starts_at) / MINUTE / 60

    assert first.reduction_w not in (None, 57_000)
    assert figures(first).energy_wh == pytest.approx(first.reduction_w * hours, abs=1)
    assert figures(first).peak_w == max(57_000, first.reduction_w)


def test_a_stage_without_a_report_counts_by_its_outcomes(two_stages: tuple[Stage, Stage]) -> None:
    first, _second = two_stages
    begin(first)
    DeliveredLoad.objects.all().delete()
    end(first)
    first.refresh_from_db()
    assert first.reduction_w
    hours = (first.ends_at - first.starts_at) / MINUTE / 60

    assert figures(first).energy_wh == pytest.approx(first.reduction_w * hours, abs=1)
    assert figures(first).mean_w == first.reduction_w, "the second has not begun"

"""Cancel, along the reference's paths: the list's Actions, Edit > State Tracking, the event page, one stage."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from derms.models import Event
from integration.console.models import User
from tests import factories
from tests.pages.html import html_of


@pytest.fixture
def as_operator(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


@pytest.mark.parametrize("state", ["New", "Submitted", "Denied", "Approved", "Scheduled", "In Progress"])
def test_an_open_event_is_canceled_with_a_reason(
    as_operator: Client, event_in: Callable[..., Event], state: str
) -> None:
    event = event_in(state)
    assert "Cancel…" in as_operator.get(f"/events/{event.number}/edit/").content.decode()
    path = f"/events/actions/cancel/?number={event.number}"
    assert as_operator.get(path)["Location"] == f"/events/{event.number}/cancel/"
    asked = as_operator.get(f"/events/{event.number}/cancel/").content.decode()
    assert ("stops now" if state == "In Progress" else "does not start.") in asked
    answer = as_operator.post(
        f"/events/{event.number}/cancel/", {"reason": "Cooler than forecast", **factories.seen(event.number)}
    )
    assert answer.status_code == 302
    page = as_operator.get(f"/events/{event.number}/").content.decode()
    assert Event.objects.get().state == "Canceled"
    assert "Cooler than forecast" in page


def test_canceling_without_a_reason_changes_nothing(as_operator: Client, event_in: Callable[..., Event]) -> None:
    event = event_in("Scheduled")
    assert (
        as_operator.post(f"/events/{event.number}/cancel/", {"reason": " ", **factories.seen(event.number)}).status_code
        == 422
    )
    assert Event.objects.get().state == "Scheduled"


def test_one_stage_is_canceled_knowing_what_it_gives_up(as_operator: Client, event_in: Callable[..., Event]) -> None:
    event = event_in("Scheduled")
    Event.objects.filter(pk=event.pk).update(objective="Load Reduction", target_kw=12)
    page = html_of(as_operator.get(f"/events/{event.number}/stages/1/cancel/")).replace("\N{NO-BREAK SPACE}", " ")
    assert f"{event.name} · {event.zone}" in page
    assert "20 devices with 16 kW expected of them are given up" in page
    assert "are missing" not in page, "no other stage runs that could be short"


def test_devices_that_take_no_part_are_not_released(as_operator: Client, event_in: Callable[..., Event]) -> None:
    event = event_in("In Progress")
    stage = event.stages.get()
    event.stages.update(called=20)
    stage.delivered.create(at=stage.starts_at, reduction_w=9_000, called=20, answered=18, rejected=2, overridden=1)
    for path in ("cancel/", "stages/1/cancel/"):
        page = as_operator.get(f"/events/{event.number}/{path}").content.decode()
        assert "release 15 running devices?" in page, path
        assert "stops now; 15 devices are released." in page, path


def test_while_devices_run_the_number_is_typed(as_operator: Client, event_in: Callable[..., Event]) -> None:
    event = event_in("In Progress")
    event.stages.update(called=20)
    page = as_operator.get(f"/events/{event.number}/cancel/").content.decode()
    assert f"Cancel {event.number} and release 20 running devices?" in page
    assert "stops now; 20 devices are released." in page
    form: dict[str, Any] = {"reason": "Storm", "typed_number": "DR-1"}
    assert (
        as_operator.post(f"/events/{event.number}/cancel/", {**form, **factories.seen(event.number)}).status_code == 422
    )
    as_operator.post(
        f"/events/{event.number}/cancel/", {**form, "typed_number": event.number, **factories.seen(event.number)}
    )
    assert Event.objects.get().state == "Canceled"


@pytest.mark.parametrize("state", ["Completed", "Canceled"])
def test_an_event_that_is_over_offers_no_cancel_and_refuses_it(
    as_operator: Client, event_in: Callable[..., Event], state: str
) -> None:
    event = event_in(state)
    assert "Cancel…" not in as_operator.get(f"/events/{event.number}/").content.decode()
    assert (
        as_operator.post(
            f"/events/{event.number}/cancel/", {"reason": "Late", **factories.seen(event.number)}
        ).status_code
        == 409
    )


@pytest.mark.parametrize("state", ["Completed", "Canceled"])
def test_the_cancel_page_of_an_event_that_is_over_has_a_sentence_and_no_button(
    as_operator: Client, event_in: Callable[..., Event], state: str
) -> None:
    event = event_in(state)
    page = as_operator.get(f"/events/{event.number}/cancel/").content.decode()
    assert f"{event.number} is {state}: it is over, and “Cancel” is no longer possible." in page
    assert "btn-danger" not in page
    assert 'name="reason"' not in page


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("New", "is canceled. It had not been sent to any other system."),
        ("Approved", "is canceled. It had not been sent to any other system."),
        ("Scheduled", "is canceled; the other systems are being notified."),
    ],
)
def test_the_other_systems_are_notified_only_of_what_was_sent(
    as_operator: Client, event_in: Callable[..., Event], state: str, sentence: str
) -> None:
    event = event_in(state)
    form = {"reason": "Storm", **factories.seen(event.number)}
    page = as_operator.post(f"/events/{event.number}/cancel/", form, follow=True).content.decode()
    assert f"{event.number} {sentence}" in page


def test_a_confirm_page_names_the_event_its_zone_its_window_and_its_target(
    as_operator: Client, event_in: Callable[..., Event]
) -> None:
    event = event_in("Submitted")
    Event.objects.update(objective="Load Reduction", target_kw=1200)
    stage = event.stages.get()
    starts, ends = (at.astimezone(ZoneInfo(event.zone.time_zone)) for at in (stage.starts_at, stage.ends_at))
    page = as_operator.get(f"/events/{event.number}/cancel/").content.decode()
    assert f"Heat peak · {event.zone} · " in page
    assert f"{starts:%H:%M} to " in page
    assert f"{ends:%H:%M %Z} · Load Reduction · 1.20\u00a0MW" in page


def test_a_new_event_needs_approval_later(as_operator: Client, event_in: Callable[..., Event]) -> None:
    page = as_operator.get(f"/events/{event_in('New').number}/").content.decode()
    assert "Needs approval once it is submitted" in page
    assert "Not required" not in page


def test_one_stage_is_canceled_and_the_event_goes_on(
    as_operator: Client, event_in: Callable[..., Event], second_stage: None
) -> None:
    event = event_in("Scheduled")
    as_operator.post(
        f"/events/{event.number}/stages/1/cancel/", {"reason": "Feeder work", **factories.seen(event.number)}
    )
    assert list(event.stages.order_by("number").values_list("state", flat=True)) == ["Canceled", "Scheduled"]
    assert Event.objects.get().state == "Scheduled"


def test_the_cancel_page_of_a_stage_that_is_over_has_a_sentence_and_no_button(
    as_operator: Client, event_in: Callable[..., Event]
) -> None:
    page = html_of(as_operator.get(f"/events/{event_in('Completed').number}/stages/1/cancel/"))
    assert "only scheduled and running stages can be canceled" in page
    assert "Cancel stage</button>" not in page
    assert "goes on with its other stages" not in page


def test_an_approver_cannot_cancel(approver: User, event_in: Callable[..., Event]) -> None:
    event = event_in("Scheduled")
    client = Client()
    client.force_login(approver)
    assert (
        client.post(f"/events/{event.number}/cancel/", {"reason": "No", **factories.seen(event.number)}).status_code
        == 403
    )


@pytest.fixture
def second_stage(strategy: Any) -> None:
    from derms.models import StrategyStage

    first = strategy.stages.get()
    StrategyStage.objects.create(
        strategy=strategy, number=2, program=first.program, offset_minutes=60, length_minutes=60, control="off"
    )

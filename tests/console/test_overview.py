"""Overview: each person sees what is going on, as far as they may, and what waits for them."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from derms import operations
from derms.models import ControlZone, Event
from integration.console.models import User
from integration.seam.alerts import raise_alert
from integration.seam.models import Priority
from tests import factories
from tests.pages.html import html_of

EventIn = Callable[..., Event]


def page(person: User) -> Any:
    client = Client()
    client.force_login(person)
    return client.get("/")


def waiting(person: User) -> list[tuple[str, str]]:
    return [(one.event.number, str(one.what)) for one in page(person).context["waiting"]]


def test_running_events_count_down(event_in: EventIn, operator: User) -> None:
    event = event_in("In Progress")
    answer = page(operator)
    assert list(answer.context["running"]) == [event]
    assert f'href="/events/{event.number}/"' in answer.content.decode()
    assert "data-countdown" in answer.content.decode()


def test_a_submitted_event_waits_for_the_approver_and_not_for_its_author(
    event_in: EventIn, operator: User, approver: User
) -> None:
    event = event_in("Submitted")
    assert waiting(approver) == [(event.number, "Approve or deny")]
    assert waiting(operator) == []


def test_four_eyes_hold_for_a_person_of_both_roles(event_in: EventIn, operator: User, approver: User) -> None:
    event = event_in("Submitted")
    operator.groups.add(*approver.groups.all())
    assert waiting(User.objects.get(pk=operator.pk)) == []
    assert waiting(approver) == [(event.number, "Approve or deny")]


def test_a_balance_authority_is_asked_only_where_the_event_asks_for_it(
    event_in: EventIn, balance_authority: User
) -> None:
    event = event_in("Submitted")
    assert waiting(balance_authority) == []
    Event.objects.filter(pk=event.pk).update(balance_authority_approval="required")
    assert waiting(balance_authority) == [(event.number, "Balance Authority approval")]


def test_a_denied_event_waits_for_its_author(
    event_in: EventIn, operator: User, second_operator: User, approver: User
) -> None:
    event = event_in("Denied")
    assert waiting(operator) == [(event.number, "Denied: edit it and submit it again")]
    assert waiting(second_operator) == waiting(approver) == []


def test_an_approved_event_that_could_not_be_scheduled_waits_for_every_operator(
    event_in: EventIn, second_operator: User
) -> None:
    event = event_in("Approved")
    assert waiting(second_operator) == []
    Event.objects.filter(pk=event.pk).update(schedule_due_at=None)
    assert waiting(second_operator) == [(event.number, "Could not be scheduled")]


def test_the_next_day_shows_open_stages_alone(
    event_in: EventIn, new_event: Callable[..., Event], operator: User, now: datetime
) -> None:
    event = event_in("Scheduled")
    new_event(starts_at=now + timedelta(hours=30))
    event_in("Canceled", name="Off")
    day = page(operator).context["day"]
    assert [(bar.stage.event.number, bar.state) for bar in day.bars] == [(event.number, "Scheduled")]
    assert day.time_zone == "America/New_York"


def test_stages_of_zones_with_different_times_are_shown_in_utc(event_in: EventIn, operator: User) -> None:
    event_in("Scheduled")
    other = event_in("New")
    elsewhere = ControlZone.objects.create(code="WEST", name="West", time_zone="America/Phoenix")
    Event.objects.filter(pk=other.pk).update(zone=elsewhere)
    assert page(operator).context["day"].time_zone == "UTC"


def test_each_zone_shows_load_limit_and_forecast(zone: ControlZone, operator: User, now: datetime) -> None:
    ControlZone.objects.filter(pk=zone.pk).update(limit_kw=100_000)
    bare = factories.zone("BARE")
    rows = {row.zone: row for row in page(operator).context["zones"]}
    assert (rows[zone].load_kw, rows[zone].ends_soon) == (50_000, False)
    assert rows[zone].forecast_until > now + timedelta(days=2)
    assert (rows[bare].load_kw, rows[bare].forecast_until, rows[bare].ends_soon) == (None, None, True)


def test_open_alerts_and_the_backlog_are_counted(operator: User, approver: User) -> None:
    for n in range(7):
        raise_alert(f"late:{n}", kind="late", priority=Priority.MEDIUM, text="Late.", event_uid=uuid.uuid4())
    answer = page(operator)
    assert (answer.context["alerts_open"], len(answer.context["alerts"])) == (7, 5)
    assert answer.context["backlog"].dead == 0
    assert "backlog" not in page(approver).context


def test_an_administrator_sees_messages_and_no_events(administrator: User) -> None:
    context = page(administrator).context
    assert "backlog" in context
    assert "running" not in context
    assert "zones" not in context


def test_a_csr_finds_customers_from_here(csr: User) -> None:
    answer = page(csr)
    assert 'action="/customers/"' in answer.content.decode()
    assert "running" not in answer.context


def test_a_program_manager_sees_events_without_alerts(event_in: EventIn, program_manager: User) -> None:
    event_in("In Progress")
    answer = page(program_manager)
    assert len(answer.context["running"]) == 1
    assert "alerts" not in answer.context


def test_somebody_without_a_role_reads_what_to_ask_for(outsider: User) -> None:
    answer = page(outsider)
    assert answer.status_code == 200
    assert "Ask an administrator for the role you need" in answer.content.decode()
    assert not [name for name in ("running", "alerts", "backlog") if name in answer.context]


def test_the_fragment_is_the_live_part_alone(operator: User) -> None:
    client = Client()
    client.force_login(operator)
    fragment = client.get("/", headers={"HX-Request": "true"})
    assert html_of(fragment).startswith('<div class="stack" id="overview" hx-get="/"')
    assert "HX-Request" in fragment["Vary"]


def test_the_page_asks_the_same_of_the_database_however_much_goes_on(
    event_in: EventIn, new_event: Callable[..., Event], operator: User, approver: User, now: datetime,
    django_assert_num_queries: Any,
) -> None:  # fmt: skip
    client = Client()
    client.force_login(approver)
    event_in("Submitted")
    with django_assert_num_queries(17) as few:
        client.get("/")
    for _ in range(3):
        operations.submit_event(event_id=new_event().pk, by=operator, now=now)
    with django_assert_num_queries(len(few)):
        client.get("/")


def test_signed_out_people_sign_in_first(client: Client, db: None) -> None:
    assert client.get("/")["Location"] == "/account/login/?next=/"


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_overview_is_only_read(client: Client, method: str) -> None:
    assert getattr(client, method)("/").status_code == 405

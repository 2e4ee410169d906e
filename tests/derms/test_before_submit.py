"""What the page that asks before Submit says, and DER groups without devices."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from derms import operations
from derms.models import ControlZone, DerGroup, Event, HeadEnd, Program
from derms.planning.check import check_plan
from derms.queries.lists import stages_of
from integration.console.models import User
from tests.pages.html import html_of

pytestmark = pytest.mark.django_db
EMPTY = (
    "Stage 1: no device of Cool program in North zone belongs to its DER groups (Elsewhere). "
    "Choose other groups, or none."
)


@pytest.fixture
def event(event_in: Callable[..., Event]) -> Event:
    return event_in("New")


def page_of(client: Client, event: Event, who: User) -> str:
    client.force_login(who)
    return html_of(client.get(f"/events/{event.number}/submit/")).replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture
def with_empty_group(event: Event) -> Event:
    """The event's stage is narrowed to a group of another head end system, which has no device."""
    other = HeadEnd.objects.create(code="OTHER", name="Other")
    event.stages.get().der_groups.add(DerGroup.objects.create(name="Elsewhere", head_end_ids=[other.pk]))
    return event


def test_a_group_without_devices_is_found_by_the_check(with_empty_group: Event, now: datetime) -> None:
    assert EMPTY in check_plan(with_empty_group, stages_of(with_empty_group), now).problems


def test_a_group_without_devices_is_refused_at_submit(with_empty_group: Event, operator: User, now: datetime) -> None:
    with pytest.raises(operations.EventNotSubmittable, match="belongs to its DER groups"):
        operations.submit_event(event_id=with_empty_group.pk, by=operator, now=now)
    assert Event.objects.get().state == "New"


def test_one_group_with_devices_is_enough(with_empty_group: Event, operator: User, now: datetime) -> None:
    with_empty_group.stages.get().der_groups.add(DerGroup.objects.create(name="All"))
    operations.submit_event(event_id=with_empty_group.pk, by=operator, now=now)
    assert Event.objects.get().state == "Submitted"


def test_the_page_before_submit_says_the_problems_in_place_of_its_button(
    client: Client, with_empty_group: Event, operator: User
) -> None:
    page = page_of(client, with_empty_group, operator)
    assert f"Can&#x27;t be submitted: {EMPTY}" in page
    assert 'name="accepted_kw"' not in page
    with_empty_group.stages.get().der_groups.clear()
    assert 'name="accepted_kw"' in page_of(client, with_empty_group, operator)


def test_the_page_before_submit_lists_conflicts_and_what_is_missing(
    client: Client, event_in: Callable[..., Event], operator: User, zone: ControlZone
) -> None:
    event, other = event_in("New"), event_in("Submitted")
    Event.objects.filter(pk=event.pk).update(objective="Load Reduction", target_kw=20)
    page = page_of(client, event, operator)
    assert f"Conflict: {other.number} stage 1 (Cool program, Submitted) needs devices of {zone}" in page
    assert "Stage 1: about 16 kW of 20 kW; 4 kW are missing." in page


@pytest.mark.parametrize("verb", ["submit", "approve"])
def test_what_is_missing_has_its_window_and_conflicts_are_named_before_each_decision(
    client: Client, event_in: Callable[..., Event], operator: User, approver: User, now: datetime, verb: str
) -> None:
    """Once Approve showed two stages that seemed enough, and nothing about 1.45 MW missing for half an hour."""
    other, event = event_in("Submitted"), event_in("New")
    Event.objects.filter(pk=event.pk).update(objective="Load Reduction", target_kw=20)
    if verb == "approve":
        operations.submit_event(event_id=event.pk, by=operator, now=now, accepted_kw=4)
    client.force_login(operator if verb == "submit" else approver)
    page = html_of(client.get(f"/events/{event.number}/{verb}/")).replace("\N{NO-BREAK SPACE}", " ")
    assert ": 4 kW are missing." in page
    assert f"Conflict: {other.number} stage 1" in page


def test_a_stage_whose_devices_are_all_left_out_says_why(
    client: Client, event: Event, program: Program, operator: User
) -> None:
    program.rules_data = {"longest_minutes": 30}
    program.save()
    page = page_of(client, event, operator)
    assert "Stage 1 would call nobody; left out: 20 rule: longest event (16 kW)." in page

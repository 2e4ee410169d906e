"""Editing an event and its stages: only in New and Denied, and it resets every approval."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from derms import operations
from derms.models import DerGroup, Event, Program
from integration.console.models import User
from tests import factories

pytestmark = pytest.mark.django_db


def test_an_edit_keeps_the_editor_and_says_what_was_edited(
    new_event: Callable[..., Event], second_operator: User, now: datetime
) -> None:
    event = new_event()

    operations.edit_event(event_id=event.pk, fields={"name": "Cold peak", "target_kw": 40}, by=second_operator, now=now)

    event = Event.objects.get(pk=event.pk)
    assert (event.name, event.target_kw, event.state, event.last_editor) == ("Cold peak", 40, "New", second_operator)
    last = event.transitions.latest("revision")
    assert (last.by, last.why) == ("oscar", "Details edited")


def test_an_edit_of_a_denied_event_makes_it_new_and_puts_approvals_back(
    event_in: Callable[..., Event], second_operator: User, now: datetime
) -> None:
    event = event_in("Denied")

    operations.edit_event(event_id=event.pk, fields={"name": "Cold peak"}, by=second_operator, now=now)

    event = Event.objects.get(pk=event.pk)
    assert (event.state, event.approval, event.submitter, event.approver) == ("New", "not required", None, None)


def test_a_stage_is_added_behind_the_others(
    new_event: Callable[..., Event], program: Program, operator: User, now: datetime
) -> None:
    event, group = new_event(), DerGroup.objects.create(name="Batteries", device_classes=["battery"])
    starts_at = event.stages.get().ends_at

    window = {"starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=15)}
    plan = [*factories.planned(event), operations.PlannedStage(None, {"program": program, **window}, [group])]
    operations.edit_event(event_id=event.pk, fields={}, stages=plan, by=operator, now=now)

    stage = event.stages.latest("pk")
    assert (stage.number, list(stage.der_groups.all())) == (2, [group])
    assert event.transitions.latest("revision").why == "Plan edited"


def test_stages_are_numbered_without_gaps_after_one_was_removed(
    new_event: Callable[..., Event], program: Program, operator: User, now: datetime
) -> None:
    event = new_event()
    fields = {"program": program, "starts_at": now, "ends_at": now + timedelta(minutes=15)}
    for _ in range(2):
        factories.add_stage(event, by=operator, now=now, **fields)

    uids = list(event.stages.order_by("number").values_list("uid", flat=True))
    first, _second, third = factories.planned(event)
    operations.edit_event(event_id=event.pk, fields={}, stages=[first, third], by=operator, now=now)
    factories.add_stage(event, by=operator, now=now, **fields)

    now_there = list(event.stages.order_by("number").values_list("number", "uid"))
    assert [number for number, _uid in now_there] == [1, 2, 3]
    assert [uid for _number, uid in now_there[:2]] == [uids[0], uids[2]], "those that stay are the same stages"


def test_a_stage_is_edited_with_its_groups(new_event: Callable[..., Event], operator: User, now: datetime) -> None:
    event = new_event()
    stage, other = event.stages.get(), factories.program("OTHER")
    group = DerGroup.objects.create(name="Batteries")

    plan = [operations.PlannedStage(1, {"program": other, "target_kw": 3}, [group])]
    operations.edit_event(event_id=event.pk, fields={}, stages=plan, by=operator, now=now)

    stage.refresh_from_db()
    assert (stage.program, stage.target_kw, list(stage.der_groups.all())) == (other, 3, [group])


def test_one_event_edited_leaves_the_others_alone(
    new_event: Callable[..., Event], operator: User, now: datetime
) -> None:
    edited, other = new_event(), new_event()
    before = Event.objects.filter(pk=other.pk).values().get(), list(other.stages.values())

    factories.shift_stages(edited, 30, by=operator, now=now)

    assert (Event.objects.filter(pk=other.pk).values().get(), list(other.stages.values())) == before


@pytest.mark.parametrize("fields", [{"ends_at": datetime(2020, 1, 1).astimezone()}, {"share_pct": 101}])
def test_the_database_refuses_a_stage_that_cannot_be(
    fields: dict[str, Any], new_event: Callable[..., Event], operator: User, now: datetime
) -> None:
    event, plan = new_event(), [operations.PlannedStage(1, fields, [])]

    with pytest.raises(IntegrityError), transaction.atomic():
        operations.edit_event(event_id=event.pk, fields={}, stages=plan, by=operator, now=now)

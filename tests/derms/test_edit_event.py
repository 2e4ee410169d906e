"""Editing an event and its stages: in New and Denied, and every approval is back at its beginning."""

from collections.abc import Callable
from datetime import datetime, timedelta

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

    stage = operations.add_stage(
        event_id=event.pk,
        fields={"program": program, "starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=15)},
        der_groups=[group],
        by=operator,
        now=now,
    )

    assert (stage.number, list(stage.der_groups.all())) == (2, [group])
    assert event.transitions.latest("revision").why == "Stage 2 added"


def test_a_stage_number_is_not_used_again_while_a_later_one_stands(
    new_event: Callable[..., Event], program: Program, operator: User, now: datetime
) -> None:
    event = new_event()
    fields = {"program": program, "starts_at": now, "ends_at": now + timedelta(minutes=15)}
    for _ in range(2):
        operations.add_stage(event_id=event.pk, fields=fields, der_groups=[], by=operator, now=now)

    operations.remove_stage(stage_id=event.stages.get(number=2).pk, by=operator, now=now)
    operations.add_stage(event_id=event.pk, fields=fields, der_groups=[], by=operator, now=now)

    assert list(event.stages.order_by("number").values_list("number", flat=True)) == [1, 3, 4]


def test_a_stage_is_edited_with_its_groups(new_event: Callable[..., Event], operator: User, now: datetime) -> None:
    event = new_event()
    stage, other = event.stages.get(), factories.program("OTHER")
    group = DerGroup.objects.create(name="Batteries")

    operations.edit_stage(
        stage_id=stage.pk, fields={"program": other, "target_kw": 3}, der_groups=[group], by=operator, now=now
    )

    stage.refresh_from_db()
    assert (stage.program, stage.target_kw, list(stage.der_groups.all())) == (other, 3, [group])


def test_all_stages_shift_together(
    new_event: Callable[..., Event], program: Program, operator: User, now: datetime
) -> None:
    event = new_event()
    first = event.stages.get()
    fields = {"program": program, "starts_at": first.ends_at, "ends_at": first.ends_at + timedelta(minutes=5)}
    operations.add_stage(event_id=event.pk, fields=fields, der_groups=[], by=operator, now=now)
    before = list(event.stages.order_by("pk").values_list("starts_at", "ends_at"))

    operations.shift_stages(event_id=event.pk, by_minutes=-30, by=operator, now=now)

    half = timedelta(minutes=30)
    after = list(event.stages.order_by("pk").values_list("starts_at", "ends_at"))
    assert after == [(starts_at - half, ends_at - half) for starts_at, ends_at in before]
    assert event.transitions.latest("revision").why == "All stages shifted by -30 min"


def test_one_event_edited_leaves_the_others_alone(
    new_event: Callable[..., Event], operator: User, now: datetime
) -> None:
    edited, other = new_event(), new_event()
    before = Event.objects.filter(pk=other.pk).values().get(), list(other.stages.values())

    operations.shift_stages(event_id=edited.pk, by_minutes=30, by=operator, now=now)

    assert (Event.objects.filter(pk=other.pk).values().get(), list(other.stages.values())) == before


@pytest.mark.parametrize("fields", [{"ends_at": datetime(2020, 1, 1).astimezone()}, {"share_pct": 101}])
def test_the_database_refuses_a_stage_that_cannot_be(
    fields: dict[str, object], new_event: Callable[..., Event], operator: User, now: datetime
) -> None:
    stage = new_event().stages.get()

    with pytest.raises(IntegrityError), transaction.atomic():
        operations.edit_stage(stage_id=stage.pk, fields=fields, der_groups=[], by=operator, now=now)

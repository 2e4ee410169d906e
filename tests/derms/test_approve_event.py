"""Approve: only by somebody who did not make the event, and only once, even if many people try at the same time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction

from derms import operations
from derms.four_eyes import may_approve, own_event_sentence
from derms.models import ControlZone, Event, Program, Reservation, Stage
from integration.console.models import User
from integration.console.roles import APPROVER
from integration.seam.models import Alert, Message
from integration.seam.settling import settle
from tests import factories
from tests.threads import run_together


@pytest.mark.django_db
def test_an_approved_event_is_due_to_be_scheduled(
    event_in: Callable[..., Event], approver: User, now: datetime
) -> None:
    event = event_in("Submitted")

    operations.approve_event(event_id=event.pk, by=approver, now=now)

    event = Event.objects.get(pk=event.pk)
    assert (event.state, event.approval, event.approver) == ("Approved", "given", approver)
    assert event.schedule_due_at == now
    assert not Message.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("part", ["author", "last_editor", "submitter"])
def test_nobody_approves_what_they_made(
    part: str, new_event: Callable[..., Event], operator: User, second_operator: User, now: datetime
) -> None:
    event = new_event()
    editor, submitter = {
        "author": (second_operator, second_operator),
        "last_editor": (second_operator, operator),
        "submitter": (operator, second_operator),
    }[part]
    by = operator if part == "author" else second_operator
    operations.edit_event(event_id=event.pk, fields={"name": "Edited"}, by=editor, now=now)
    operations.submit_event(event_id=event.pk, by=submitter, now=now)

    with pytest.raises(operations.EventNotApprovable, match="another person has to approve"):
        operations.approve_event(event_id=event.pk, by=by, now=now)

    event = Event.objects.get(pk=event.pk)
    assert (event.state, event.approver) == ("Submitted", None)


@pytest.mark.django_db
def test_an_event_whose_control_would_add_load_by_now_is_not_approved(
    event_in: Callable[..., Event], approver: User, now: datetime
) -> None:
    """The zone's cooling months were changed after Submit."""
    submitted_event = event_in("Submitted")
    stage = submitted_event.stages.get()
    Stage.objects.filter(pk=stage.pk).update(control="setpoint_offset", control_value=3)
    month = stage.starts_at.astimezone(ZoneInfo(submitted_event.zone.time_zone)).month
    ControlZone.objects.update(cooling_months=[one for one in range(1, 13) if one != month])

    with pytest.raises(operations.EventNotApprovable, match=r"adds load \(Thermostat\).* heats"):
        operations.approve_event(event_id=submitted_event.pk, by=approver, now=now)


def test_an_event_whose_program_is_no_longer_active_is_not_approved(
    event_in: Callable[..., Event], program: Program, approver: User, now: datetime
) -> None:
    event = event_in("Submitted")
    Program.objects.filter(pk=program.pk).update(active=False)

    with pytest.raises(operations.EventNotApprovable, match="which is not active"):
        operations.approve_event(event_id=event.pk, by=approver, now=now)

    assert Event.objects.get(pk=event.pk).state == "Submitted"


@pytest.mark.django_db
def test_the_sentence_says_all_a_person_did(event_in: Callable[..., Event], operator: User, outsider: User) -> None:
    event = event_in("Submitted")

    assert own_event_sentence(event, operator).startswith("You wrote and submitted DR-")
    assert own_event_sentence(event, outsider) == ""


@pytest.mark.django_db
def test_an_earlier_editor_does_not_approve_what_somebody_else_edited_last(
    new_event: Callable[..., Event], operator: User, second_operator: User, approver: User, now: datetime
) -> None:
    event = new_event()
    operations.edit_event(event_id=event.pk, fields={"name": "Whole plan"}, by=approver, now=now)
    operations.submit_event(event_id=event.pk, by=approver, now=now)
    operations.withdraw_event(event_id=event.pk, by=second_operator, now=now)
    operations.edit_event(event_id=event.pk, fields={"name": "One word"}, by=operator, now=now)
    operations.submit_event(event_id=event.pk, by=second_operator, now=now)

    with pytest.raises(operations.EventNotApprovable, match="You edited DR-"):
        operations.approve_event(event_id=event.pk, by=approver, now=now)


@pytest.mark.django_db
def test_who_submitted_before_a_larger_shortfall_was_accepted_does_not_approve(
    event_in: Callable[..., Event], operator: User, second_operator: User, outsider: User, now: datetime
) -> None:
    event = event_in("New")
    operations.submit_event(event_id=event.pk, by=second_operator, now=now)
    operations.approve_event(event_id=event.pk, by=outsider, now=now)
    operations.schedule_event_with_shortfall(event_id=event.pk, accepted_kw=5, by=operator, now=now)

    with pytest.raises(operations.EventNotApprovable, match="You submitted DR-"):
        operations.approve_event(event_id=event.pk, by=second_operator, now=now)
    operations.approve_event(event_id=event.pk, by=outsider, now=now)


@pytest.mark.django_db
def test_who_submitted_an_earlier_round_only_may_approve(
    event_in: Callable[..., Event], operator: User, second_operator: User, now: datetime
) -> None:
    event = event_in("New")
    operations.submit_event(event_id=event.pk, by=second_operator, now=now)
    operations.withdraw_event(event_id=event.pk, by=operator, now=now)
    operations.submit_event(event_id=event.pk, by=operator, now=now)

    operations.approve_event(event_id=event.pk, by=second_operator, now=now)

    assert Event.objects.get(pk=event.pk).approver == second_operator


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["approver_id", "balance_authority_approver_id"])
def test_the_database_refuses_an_approver_who_edited_the_event_before(
    column: str, new_event: Callable[..., Event], operator: User, second_operator: User, now: datetime
) -> None:
    event = new_event()
    for by in (second_operator, operator):
        operations.edit_event(event_id=event.pk, fields={"name": by.username}, by=by, now=now)
    operations.submit_event(event_id=event.pk, by=operator, now=now)

    with pytest.raises(IntegrityError, match="wrote, edited or submitted it"), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(**{column: second_operator.pk})


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["author_id", "last_editor_id", "submitter_id", "approver_id"])
def test_who_did_any_of_it_may_not_approve(event_in: Callable[..., Event], outsider: User, column: str) -> None:
    event = event_in("Submitted")
    assert may_approve(outsider, event)

    setattr(event, column, outsider.pk)
    assert not may_approve(outsider, event)


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["author_id", "last_editor_id", "submitter_id"])
def test_the_database_refuses_an_approver_who_made_the_event(
    column: str, event_in: Callable[..., Event], second_operator: User
) -> None:
    event = event_in("Submitted")

    refused = pytest.raises(IntegrityError, match="event_approved_by_another_person")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE derms_event SET {column} = %(person)s, approver_id = %(person)s WHERE id = %(event)s",
            {"person": second_operator.pk, "event": event.pk},
        )


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["Approved", "Scheduled", "In Progress", "Completed"])
def test_the_database_refuses_an_approved_event_without_approver(state: str, event_in: Callable[..., Event]) -> None:
    event = event_in(state)

    with pytest.raises(IntegrityError, match="event_past_approval_has_approver"), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(approver=None)


@pytest.mark.django_db
def test_the_lead_time_still_holds_at_the_approval(
    event_in: Callable[..., Event], approver: User, now: datetime
) -> None:
    event = event_in("Submitted")
    late = event.stages.get().starts_at - timedelta(seconds=299)

    with pytest.raises(operations.EventNotApprovable, match="at least 300 s of lead time"):
        operations.approve_event(event_id=event.pk, by=approver, now=late)

    assert Event.objects.get(pk=event.pk).state == "Submitted"


@pytest.mark.django_db(transaction=True)
def test_fifty_who_approve_at_once_give_one_approval_one_schedule_and_one_set_of_messages(
    event_in: Callable[..., Event], now: datetime
) -> None:
    event = event_in("Submitted")
    approvers = [factories.person(f"approver{number}", APPROVER) for number in range(50)]

    answers = run_together(
        *(lambda by=by: operations.approve_event(event_id=event.pk, by=by, now=now) for by in approvers)
    )
    settle()

    refusals = [answer for answer in answers if answer is not None]
    assert len(refusals) == 49
    assert {type(refusal) for refusal in refusals} == {operations.EventNotInState}
    event = Event.objects.get(pk=event.pk)
    winner = approvers[answers.index(None)]
    assert (event.state, event.approver) == ("Scheduled", winner)
    rows = event.transitions.filter(stage=None).order_by("revision").values_list("to_state", "by")
    assert list(rows) == [
        ("New", "olive"),
        ("Submitted", "olive"),
        ("Approved", winner.username),
        ("Scheduled", "system"),
    ]
    assert sorted(Message.objects.values_list("kind", flat=True)) == ["device_reservation", "stage_status"]
    assert Reservation.objects.count() == event.stages.get().reserved == 20
    assert not Alert.objects.exists()

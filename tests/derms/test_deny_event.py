"""Deny: with a reason for the event's author."""

from collections.abc import Callable
from datetime import datetime

import pytest

from derms import operations
from derms.models import Event
from integration.console.models import User
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_denied_event_carries_the_reason(event_in: Callable[..., Event], approver: User, now: datetime) -> None:
    event = event_in("Submitted")

    operations.deny_event(event_id=event.pk, by=approver, now=now, reason="  The forecast is stale ")

    event = Event.objects.get(pk=event.pk)
    last = event.transitions.latest("revision")
    assert (event.state, event.approval, event.approver) == ("Denied", "denied", None)
    assert (last.by, last.why) == ("ada", "The forecast is stale")


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_nothing_is_denied_without_a_reason(
    reason: str, event_in: Callable[..., Event], approver: User, now: datetime
) -> None:
    event = event_in("Submitted")

    with pytest.raises(operations.EventNotApprovable, match="Give a reason"):
        operations.deny_event(event_id=event.pk, by=approver, now=now, reason=reason)

    assert Event.objects.get(pk=event.pk).state == "Submitted"


def test_a_denied_event_is_submitted_again_after_an_edit_alone(
    event_in: Callable[..., Event], operator: User, now: datetime
) -> None:
    event = event_in("Denied")
    with pytest.raises(operations.EventNotInState):
        operations.submit_event(event_id=event.pk, by=operator, now=now)

    factories.shift_stages(event, 30, by=operator, now=now)
    operations.submit_event(event_id=event.pk, by=operator, now=now)

    assert Event.objects.get(pk=event.pk).state == "Submitted"

"""A web request never waits for the broker: it does not know its address."""

import socket
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from derms.models import Event
from integration.console.models import User
from integration.seam.models import Delivery
from integration.seam.settling import settle
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Everything this process connects to from now on, except through the database client; nothing answers there."""
    asked: list[Any] = []

    def connect(self: socket.socket, address: Any) -> None:
        asked.append(address)
        raise TimeoutError("swallowed")

    monkeypatch.setattr(socket.socket, "connect", connect)
    return asked


def test_approve_cancel_and_their_messages_need_no_broker(
    client: Client, event_in: Callable[..., Event], approver: User, operator: User, connections: list[Any]
) -> None:
    event = event_in("Submitted")
    for user, verb, fields in ((approver, "approve", {}), (operator, "cancel", {"reason": "Storm"})):
        client.force_login(user)
        answer = client.post(
            f"/events/{event.number}/{verb}/", {**fields, **factories.seen(event.number), "request_key": uuid4()}
        )
        assert answer.status_code == 302
        settle()

    assert Event.objects.get(pk=event.pk).state == "Canceled"
    assert not Delivery.objects.filter(Delivery.OPEN).exists()
    assert connections == []

"""Sending: a message is sent exactly if its change is committed, once to each receiver, and part by part."""

import psycopg2.extensions
import pytest
from django.core.checks import run_checks
from django.db import connection, transaction

from integration.seam import checks, outbox
from integration.seam.messages import DeviceReservation, ExtractRef
from integration.seam.models import Delivery, Message
from integration.seam.routes import DUE, ROUTES, Due, Route
from integration.seam.systems import System
from tests.messages.conftest import STATUS

RESERVATION = DeviceReservation(
    stage_uid=STATUS.stage_uid,
    extract=ExtractRef(extract_uid=STATUS.event_uid, parts=3, rows=250, manifest_sha256="0" * 64),
)


@pytest.mark.django_db(transaction=True)
def test_a_message_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="must be sent in the transaction"):
        outbox.send(STATUS, sender=System.DERMS)

    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_message_goes_with_the_change_it_tells_of() -> None:
    with transaction.atomic():
        outbox.send(STATUS, sender=System.DERMS)
        transaction.set_rollback(True)

    assert not Message.objects.exists()


@pytest.mark.django_db
def test_a_message_reaches_every_receiver_of_its_kind_once() -> None:
    message = outbox.send(STATUS, sender=System.DERMS)

    assert (message.kind, message.sender, message.subject) == (
        "stage_status",
        System.DERMS,
        f"stage:{STATUS.stage_uid}",
    )
    assert (message.event_uid, message.stage_uid) == (STATUS.event_uid, STATUS.stage_uid)
    assert sorted(message.deliveries.values_list("receiver", "queue", "part")) == [
        (System.CPM, "small", None),
        (System.LEC, "small", None),
    ]
    assert Message.objects.get().body == STATUS


@pytest.mark.django_db
def test_a_bulk_message_has_a_delivery_for_each_part_and_receiver() -> None:
    message = outbox.send(RESERVATION, sender=System.DERMS)

    sent = set(message.deliveries.values_list("receiver", "queue", "part"))
    assert sent == {(receiver, "bulk", part) for receiver in (System.CPM, System.LEC) for part in (1, 2, 3)}


@pytest.mark.django_db
def test_one_message_is_never_delivered_twice_to_one_receiver() -> None:
    message = outbox.send(STATUS, sender=System.DERMS)

    with pytest.raises(Exception, match="delivery_once"), transaction.atomic():
        Delivery.objects.create(message=message, receiver=System.CPM, queue="small")


@pytest.mark.django_db(transaction=True)
def test_the_schedulers_are_woken_at_the_commit() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {outbox.CHANNEL}")
    raw: psycopg2.extensions.connection = connection.connection
    with transaction.atomic():
        outbox.send(STATUS, sender=System.DERMS)
        raw.poll()
        assert raw.notifies == []

    raw.poll()

    assert [heard.channel for heard in raw.notifies] == [outbox.CHANNEL]
    with connection.cursor() as cursor:
        cursor.execute("UNLISTEN *")


def test_every_route_resolves() -> None:
    assert [found for found in run_checks() if (found.id or "").startswith("gridcall")] == []


def test_a_route_that_leads_nowhere_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROUTES, "stage_status", (Route(System.CPM, "cpm.inbox.receive_nothing"),))
    monkeypatch.setitem(DUE, "start stage", Due("lec_sim.queries.nobody", "lec_sim.operations.start_stage", "small"))
    monkeypatch.setitem(ROUTES, "gossip", ())

    found = [(error.id, str(error.msg)) for error in checks.routes_resolve()]

    assert [pk for pk, _ in found] == ["gridcall.E001", "gridcall.E001", "gridcall.E002", "gridcall.E002"]
    named = ("receive_nothing", "queries.nobody", "gossip” is not both in messages.", "gossip” is not both in routes.")
    for name, (_, text) in zip(named, found, strict=True):
        assert name in text

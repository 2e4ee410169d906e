"""Any content of a message is applied as a whole, or recorded as failed without leaving anything behind."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from derms.models import Event
from integration.seam.delivery import deliver
from integration.seam.messages import BULK, CONTRACTS, MessageBody, Receipt
from integration.seam.models import Delivery, Message
from integration.seam.routes import ROUTES, SENDERS
from integration.seam.settling import settle
from tests.messages import test_contracts as contracts
from tests.security.everything import digest

pytestmark = pytest.mark.django_db

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)  # jsonb holds no NUL
ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)

NASTY = st.sampled_from(
    ["", " ", "\u200b", "\u202e", "\ud7ff", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z",
     "10000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-27T00:00:00+23:59", "2026-11-27", 10**400, -(10**400),
     2**31, -(2**31), 2**63, 1e308, "9" * 5000, "NaN", "Infinity", "Not/AZone", "=1+1", "<script>", [], {}, [[]],
     "00000000-0000-0000-0000-000000000000"]
)  # fmt: skip


@pytest.fixture
def known(event_in: Callable[..., Event]) -> list[Message]:
    """Real messages about a scheduled event that every system knows."""
    event_in("Scheduled")
    settle()
    return list(Message.objects.order_by("pk"))


@pytest.mark.parametrize("examples", [25, pytest.param(2000, marks=pytest.mark.full)])
def test_any_payload_is_taken_in_or_leaves_nothing(examples: int, known: list[Message]) -> None:
    @settings(max_examples=examples)
    @given(kind=st.sampled_from(sorted(CONTRACTS)), payload=st.dictionaries(TEXT, ANY_VALUE, max_size=5) | ANY_VALUE)
    def receive(kind: str, payload: Any) -> None:
        _receive(kind, payload, uuid4())

    receive()


@pytest.mark.parametrize("examples", [25, pytest.param(2000, marks=pytest.mark.full)])
def test_a_real_message_with_anything_in_a_field_is_taken_in_or_leaves_nothing(
    examples: int, known: list[Message]
) -> None:
    @settings(max_examples=examples)
    @given(message=st.sampled_from(known), data=st.data())
    def receive(message: Message, data: st.DataObject) -> None:
        field = data.draw(st.sampled_from(sorted(message.payload)))
        _receive(message.kind, {**message.payload, field: data.draw(NASTY | ANY_VALUE)}, message.stage_uid)

    receive()


@pytest.mark.parametrize("examples", [25, pytest.param(2000, marks=pytest.mark.full)])
def test_a_message_that_keeps_to_its_contract_is_taken_in_or_leaves_nothing(
    examples: int, known: list[Message]
) -> None:
    @settings(max_examples=examples)
    @given(body=contracts.ANY)
    def receive(body: MessageBody) -> None:
        _receive(body.kind, body.model_dump(mode="json"), getattr(body, "stage_uid", None))

    receive()


def _receive(kind: str, payload: Any, stage_uid: Any) -> None:
    """Let each receiver of a kind receive a payload, bypassing the sender's own checks."""
    assume(payload is not None and "\\u0000" not in json.dumps(payload))  # such a message can't be stored
    with transaction.atomic():
        message = Message.objects.create(
            kind=kind, sender=SENDERS[kind], subject="any", payload=payload, stage_uid=stage_uid
        )
        part = 1 if CONTRACTS[kind] in BULK else None
        for route in ROUTES[kind]:
            _deliver(Delivery.objects.create(message=message, receiver=route.receiver, queue=route.queue, part=part))
        transaction.set_rollback(True)


def _deliver(delivery: Delivery) -> None:
    before = digest()
    deliver(delivery.pk, 0)
    delivery.refresh_from_db()
    if delivery.delivered_at:
        Receipt.model_validate(delivery.receipt)
    else:
        assert delivery.error
        assert digest() == before, (delivery.message.kind, delivery.message.payload, delivery.error)

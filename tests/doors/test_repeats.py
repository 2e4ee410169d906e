"""Idempotency-Key: the same call acts once, and gets its first answer again; wrong bodies say where."""

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from derms.models import Event
from integration.seam.models import RequestAnswer

from .calling import PROBLEM, V1, Send
from .test_event_writes import OLIVE, draft

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_demo")]


def test_a_call_that_is_sent_again_acts_once_and_gets_the_first_answer(send: Send) -> None:
    key, sent = str(uuid.uuid4()), draft()
    first = send(OLIVE, "POST", "events", sent, key=key)
    number = first.json()["at"].rpartition("/")[2]
    Event.objects.filter(number=number).update(name="Changed since")
    before = Event.objects.count()
    again = send(OLIVE, "POST", "events", dict(reversed(sent.items())), key=key)
    assert (again.status_code, again.json(), again["Location"]) == (201, first.json(), first["Location"])
    assert Event.objects.count() == before


@pytest.mark.parametrize("other", ["another body", "another address", "another account"])
def test_a_key_that_was_used_for_another_call_is_refused(send: Send, other: str) -> None:
    key = str(uuid.uuid4())
    first = send(OLIVE, "POST", "events", draft(name="One"), key=key)
    assert first.status_code == 201
    before = Event.objects.count()
    if other == "another body":
        answer = send(OLIVE, "POST", "events", draft(name="Two"), key=key)
    elif other == "another address":
        answer = send(OLIVE, "POST", f"events/{first.json()['at'].rpartition('/')[2]}/cancel", {"reason": "x"}, key=key)
    else:
        answer = send("boss", "POST", "events", draft(name="One"), key=key)
    assert (answer.status_code, answer["Content-Type"]) == (422, PROBLEM)
    assert "was used for another call" in answer.json()["detail"]
    assert Event.objects.count() == before


def test_a_refused_call_leaves_its_key_unused(send: Send) -> None:
    key = str(uuid.uuid4())
    assert send(OLIVE, "POST", "events", draft(target_kw=-1), key=key).status_code == 422
    assert not RequestAnswer.objects.filter(key=key).exists()
    assert send(OLIVE, "POST", "events", draft(target_kw=80), key=key).status_code == 201


@pytest.mark.parametrize("key", [None, "", "today", "1234"])
def test_a_call_that_changes_something_needs_a_key(send: Send, key: str | None) -> None:
    answer = send(OLIVE, "POST", "events", draft(), key=key)
    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
    assert "Idempotency-Key" in answer.json()["detail"]


BODIES: dict[str, tuple[bytes, str, int, str]] = {
    "a form": (b"name=x", "application/x-www-form-urlencoded", 415, "Send the body as application/json."),
    "no type": (b"{}", "", 415, "Send the body as application/json."),
    "half of it": (b'{"strategy": ', "application/json", 400, "line 1 column 14"),
    "no UTF-8": (b'{"name": "\xff"}', "application/json", 400, "can't decode byte 0xff in position 10"),
    "too deep": (b"[" * 100_000, "application/json", 400, "JSON"),
    "a list": (b"[]", "application/json", 422, ""),
    "nothing": (b"", "application/json", 422, "Field required"),
    "a NUL": (json.dumps({"reason": "a\0b"}).encode(), "application/json", 422, ""),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_body_that_can_not_be_read_is_told_where(send: Send, case: str) -> None:
    body, kind, status, sentence = BODIES[case]
    answer: Any = Client().generic(
        "POST", f"{V1}events", body, content_type=kind, headers={**send.of(OLIVE), "Idempotency-Key": str(uuid.uuid4())}
    )
    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM), answer.content
    assert sentence in answer.json()["detail"]


def test_who_may_not_is_told_so_before_anything_is_read(send: Send) -> None:
    headers = send.of("cora.csr")
    answer: Any = Client().generic("POST", f"{V1}events", b"{", content_type="text/plain", headers=headers)
    assert (answer.status_code, answer["Content-Type"]) == (403, PROBLEM)
    assert "events:write" in answer.json()["detail"]

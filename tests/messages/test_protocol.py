"""Which versions are read and which are refused, and what is sent while processes are upgraded."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import transaction

from integration.seam import outbox
from integration.seam.contract import Contract
from integration.seam.delivery import deliver
from integration.seam.messages import (
    COLUMNS,
    CONTRACTS,
    EventOptOut,
    MessageBody,
    MessageRefused,
    NewerMessage,
    Version,
    protocol,
    read,
    write,
)
from integration.seam.models import Delivery, Message
from integration.seam.routes import ROUTES, SENDERS
from integration.seam.systems import System
from tests.messages.conftest import STATUS

CURRENT = protocol.CURRENT
# SHA-256 of all fields with their types and bounds, and of the columns of extracts, in the version CURRENT.
PROMISED = (Version(2, 8), "c3a6cd572f64c1d69551bc0e33967e87568536a8560d7806d9d431ff0225606f")
NEWER_MINOR, NEWER_MAJOR = Version(CURRENT.major, CURRENT.minor + 1), Version(CURRENT.major + 1, 0)


# --- Contracts and examples ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CONTRACTS)
def test_an_example_is_a_payload_that_can_be_read(kind: str) -> None:
    body = read(kind, dict(CONTRACTS[kind].example), CURRENT)

    assert body.model_dump(mode="json", exclude_unset=True) == CONTRACTS[kind].example


@pytest.mark.parametrize("kind", CONTRACTS)
def test_every_field_says_what_it_is(kind: str) -> None:
    silent = [f"{model.__name__}.{name}" for model, name, about in _fields(CONTRACTS[kind]) if not about]
    assert silent == []


def test_a_contract_that_changes_gets_a_new_version() -> None:
    schemas = {kind: _bare(body.model_json_schema()) for kind, body in CONTRACTS.items()}
    columns = {kind: list(types.items()) for kind, types in COLUMNS.items()}  # their order counts, too
    digest = hashlib.sha256(json.dumps([schemas, columns], sort_keys=True).encode()).hexdigest()
    assert (CURRENT, digest) == PROMISED, f"see “Change a message” in CONTRIBUTING.md; the new digest is {digest}"


def _fields(model: type[Contract]) -> Iterator[tuple[type[Contract], str, str | None]]:
    for name, field in model.model_fields.items():
        yield model, name, field.description
        if isinstance(field.annotation, type) and issubclass(field.annotation, Contract):
            yield from _fields(field.annotation)


def _bare(schema: Any) -> Any:
    """A schema without texts for people."""
    if isinstance(schema, dict):
        return {key: _bare(value) for key, value in schema.items() if key not in ("title", "description")}
    return [_bare(one) for one in schema] if isinstance(schema, list) else schema


# --- Versions -----------------------------------------------------------------------------------------------------


class Renamed(EventOptOut):
    """An opt-out of the next major version, in which NIC ids have another name and there is a reason."""

    because: str = ""


@pytest.fixture
def next_major(monkeypatch: pytest.MonkeyPatch) -> Version:
    """The process is upgraded to a major version in which opt-outs look different."""

    def from_before(payload: dict[str, Any]) -> dict[str, Any]:
        return {"because": "not said", **payload}

    def to_before(payload: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in payload.items() if name != "because"}

    change = protocol.Change(from_before, to_before)
    monkeypatch.setattr(protocol, "CURRENT", NEWER_MAJOR)
    monkeypatch.setattr(protocol, "BEFORE", CURRENT)
    monkeypatch.setattr(protocol, "CHANGES", {"event_opt_out": change})
    monkeypatch.setattr(protocol, "CONTRACTS", {**CONTRACTS, "event_opt_out": Renamed})
    return NEWER_MAJOR


def _opt_out(**more: Any) -> dict[str, Any]:
    return {**EventOptOut.example, **more}


def test_a_payload_of_the_major_version_before_is_read(next_major: Version) -> None:
    assert read("event_opt_out", _opt_out(), CURRENT) == Renamed(**_opt_out(because="not said"))
    assert read("event_opt_out", _opt_out(because="away"), next_major) == Renamed(**_opt_out(because="away"))


def test_a_kind_that_did_not_change_is_read_of_both_versions(next_major: Version) -> None:
    payload = STATUS.model_dump(mode="json")
    assert read("stage_status", payload, CURRENT) == read("stage_status", payload, next_major) == STATUS


def test_while_processes_are_upgraded_the_version_before_is_sent(next_major: Version) -> None:
    body = Renamed(**_opt_out(because="away"))

    assert write(body, major=CURRENT.major) == (_opt_out(), CURRENT)
    assert write(body, major=next_major.major) == (_opt_out(because="away"), next_major)
    assert write(STATUS, major=CURRENT.major) == (STATUS.model_dump(mode="json"), CURRENT)


def test_a_version_two_majors_back_is_refused(next_major: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "CURRENT", Version(next_major.major + 1, 0))
    monkeypatch.setattr(protocol, "BEFORE", next_major)
    with pytest.raises(MessageRefused, match=f"the oldest that is read is {next_major}"):
        read("event_opt_out", _opt_out(), CURRENT)
    with pytest.raises(ValueError, match=f"protocol {CURRENT.major} can be sent by no process"):
        write(STATUS, major=CURRENT.major)


def test_an_unknown_field_of_a_newer_minor_version_is_ignored() -> None:
    assert read("event_opt_out", _opt_out(because="away"), NEWER_MINOR) == EventOptOut(**_opt_out())


def test_an_unknown_field_in_a_part_of_a_newer_message_is_ignored() -> None:
    example = CONTRACTS["raw_outcome"].example
    newer = {**example, "extract": {**example["extract"], "zipped": True}}
    assert read("raw_outcome", newer, NEWER_MINOR) == read("raw_outcome", dict(example), CURRENT)


def test_a_newer_minor_version_must_still_keep_to_the_contract() -> None:
    with pytest.raises(MessageRefused, match="nic_id"):
        read("event_opt_out", _opt_out(nic_id=""), NEWER_MINOR)


@pytest.mark.parametrize(("kind", "version"), [("tariff", NEWER_MINOR), ("event_opt_out", NEWER_MAJOR)])
def test_a_process_knows_when_it_is_too_old_for_a_message(kind: str, version: Version) -> None:
    with pytest.raises(NewerMessage, match=f"“{kind}” is of protocol {version} and this process knows {CURRENT}"):
        read(kind, _opt_out(), version)


# --- Refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "payload", "sentence"),
    [
        ("tariff", {}, f"There is no message “tariff” in protocol {CURRENT}."),
        (
            "event_opt_out",
            _opt_out(because="away"),
            "“event_opt_out” does not match its contract: because: Extra inputs are not permitted.",
        ),
        (
            "event_opt_out",
            {**EventOptOut.example, "stage_uid": 7, "nic_id": ""},
            "“event_opt_out” does not match its contract: stage_uid: UUID input should be",
        ),
        ("event_opt_out", "leave", "“event_opt_out” does not match its contract: the payload: "),
        (
            "stage_status",
            {**STATUS.model_dump(mode="json"), "ends_at": "2026-07-01T00:00:00Z"},
            "“stage_status” does not match its contract: the payload: a stage ends after it starts.",
        ),
    ],
    ids=["kind", "field", "type", "payload", "window"],
)
def test_what_is_no_message_is_refused_with_a_sentence(kind: str, payload: Any, sentence: str) -> None:
    with pytest.raises(MessageRefused) as refused:
        read(kind, payload, CURRENT)
    assert str(refused.value).startswith(sentence)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("text", ["", "1", "one.two", "1.0.0", "-1.0", "1.²"])
def test_a_version_is_two_numbers(text: str) -> None:
    with pytest.raises(MessageRefused, match="is not a version of the protocol"):
        Version.of(text)


# --- On the way ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_message_keeps_the_version_it_was_sent_in(settings: Any, next_major: Version) -> None:
    body = Renamed(**_opt_out(because="away"))
    for major, version in ((CURRENT.major, CURRENT), (next_major.major, next_major)):
        settings.PROTOCOL_VERSION = major
        message = _sent(body)
        assert message.version == version
        assert ("because" in message.payload) == (version == next_major)
        assert isinstance(message.body, Renamed)


@pytest.mark.django_db
def test_a_message_from_before_versions_is_of_the_first() -> None:
    message = Message.objects.create(kind="event_opt_out", sender=System.CPM, subject="any", payload=_opt_out())
    message.refresh_from_db()
    assert message.version == Version(1, 0)


@pytest.mark.django_db
def test_a_message_that_is_too_new_waits_for_a_process_that_can_read_it() -> None:
    delivery = _delivery("tariff", NEWER_MINOR)

    deliver(delivery.pk, 0)

    delivery.refresh_from_db()
    assert delivery.not_yet_since
    assert delivery.attempt == delivery.given_back == 1
    assert (
        delivery.error == f"Not yet: “tariff” is of protocol {NEWER_MINOR} and this process knows {CURRENT}: upgrade it"
    )


@pytest.mark.django_db
def test_a_message_of_no_kind_is_refused_and_costs_an_attempt() -> None:
    delivery = _delivery("tariff", CURRENT)

    deliver(delivery.pk, 0)

    delivery.refresh_from_db()
    assert (delivery.attempt, delivery.given_back) == (1, 0)
    assert delivery.error == f"MessageRefused: There is no message “tariff” in protocol {CURRENT}."


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "sender"), [(kind, sender) for kind in CONTRACTS for sender in System])
def test_a_message_from_a_system_that_may_not_send_it_is_refused(kind: str, sender: System) -> None:
    message = Message.objects.create(
        kind=kind, sender=sender, subject="any", payload=dict(CONTRACTS[kind].example), protocol=str(CURRENT)
    )
    route = ROUTES[kind][0]
    delivery = Delivery.objects.create(message=message, receiver=route.receiver, queue=route.queue, part=1)

    deliver(delivery.pk, 0)

    delivery.refresh_from_db()
    owner = SENDERS[kind]
    refusal = f"MessageRefused: “{kind}” came from {sender.label}; only {owner.label} may send it."
    assert (delivery.error == refusal) == (sender != owner)
    assert delivery.delivered_at is None or sender == owner


def test_no_system_sends_a_kind_to_itself() -> None:
    assert [kind for kind, routes in ROUTES.items() if SENDERS[kind] in {route.receiver for route in routes}] == []


def test_a_version_that_nobody_can_send_is_found_at_start(settings: Any) -> None:
    settings.PROTOCOL_VERSION = CURRENT.major + 1
    assert [error.id for error in run_checks()] == ["gridcall.E003"]


def _sent(body: MessageBody) -> Message:
    with transaction.atomic():
        return outbox.send(body, sender=System.CPM)


def _delivery(kind: str, version: Version) -> Delivery:
    message = Message.objects.create(
        kind=kind, sender=System.CPM, subject="any", payload=_opt_out(), protocol=str(version)
    )
    return Delivery.objects.create(message=message, receiver=System.DERMS, queue="small")

"""The version of the protocol: which payloads can be read, and how bodies are written during an upgrade.

Systems are upgraded process by process, so old and new ones exchange messages for a while. A minor version only adds
kinds, and fields with a default. An older process ignores such fields, and leaves such kinds to an upgraded one. A
major version may change anything: its processes also read the version before, and send it until
settings.PROTOCOL_VERSION says that no process of that version is left.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple, Self

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .bodies import MessageBody
from .columns import COLUMNS, COLUMNS_BEFORE
from .kinds import CONTRACTS

Payload = dict[str, Any]


class Version(NamedTuple):
    """major.minor, as stored with each message."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    @classmethod
    @cache
    def of(cls, text: str) -> Self:
        """Raises MessageRefused if it is not a version."""
        major, _dot, minor = text.partition(".")
        if not (major.isdecimal() and minor.isdecimal()):
            raise MessageRefused(f"“{text}” is not a version of the protocol.")
        return cls(int(major), int(minor))


class Change(NamedTuple):
    """Converts the payload of one kind from the major version before, and back."""

    from_before: Callable[[Payload], Payload]
    to_before: Callable[[Payload], Payload]


class MessageRefused(ValueError):
    """The message breaks its contract; the sentence says how."""


class NewerMessage(Exception):
    """This process is too old for the message; one that was upgraded can read it."""


def _same(payload: Payload) -> Payload:
    return payload


def _without(*fields: str) -> Callable[[Payload], Payload]:
    """Convert to the version before, which does not have these fields."""
    return lambda payload: {name: value for name, value in payload.items() if name not in fields}


CURRENT = Version(2, 8)
# The last version of the major version before, if any, and the kinds whose payloads differ in it.
BEFORE: Version | None = Version(1, 1)
CHANGES: Mapping[str, Change] = {
    "delivered_load": Change(_same, _without("head_ends")),
    "removal_answer": Change(_same, _without("is_unconfirmed")),
    "reservation_released": Change(_same, _without("is_unconfirmed")),
    "opt_out_answer": Change(_same, _without("is_unconfirmed", "source")),
}


def check_kind(kind: str, version: Version) -> None:
    """Raises MessageRefused if there is no such kind, NewerMessage if there may be one in this newer version."""
    if version.major > CURRENT.major or (version > CURRENT and kind not in CONTRACTS):
        raise NewerMessage(f"“{kind}” is of protocol {version} and this process knows {CURRENT}: upgrade it")
    if version.major < (BEFORE or CURRENT).major:
        raise MessageRefused(f"“{kind}” is of protocol {version}; the oldest that is read is {BEFORE or CURRENT}.")
    if kind not in CONTRACTS:
        raise MessageRefused(f"There is no message “{kind}” in protocol {version}.")


def read(kind: str, payload: Payload, version: Version) -> MessageBody:
    """The body that a payload of this version holds.

    Undeclared fields are refused, except in a newer minor version. Raises MessageRefused, NewerMessage.
    """
    check_kind(kind, version)
    if version.major < CURRENT.major and kind in CHANGES:
        payload = CHANGES[kind].from_before(payload)
    try:
        return CONTRACTS[kind].model_validate(payload, extra="ignore" if version > CURRENT else None)
    except ValidationError as problem:
        wrong = "; ".join(_sentence(error) for error in problem.errors(include_url=False))
        raise MessageRefused(f"“{kind}” does not match its contract: {wrong}.") from problem


def heading(kind: str, *, major: int) -> list[str]:
    """The columns of an extract in this major version, the current one or the one before."""
    current = list(COLUMNS[kind])
    return current if major == CURRENT.major else list(COLUMNS_BEFORE.get(kind, current))


def sendable_majors() -> list[int]:
    """The major versions that this process can send, the current one first."""
    return [version.major for version in (CURRENT, BEFORE) if version]


def write(body: MessageBody, *, major: int) -> tuple[Payload, Version]:
    """The payload to send in this major version (the current one or the one before), and its exact version."""
    payload: Payload = body.model_dump(mode="json")
    if major == CURRENT.major:
        return payload, CURRENT
    if BEFORE is None or major != BEFORE.major:
        raise ValueError(f"protocol {major} can be sent by no process of protocol {CURRENT}")
    return (CHANGES[body.kind].to_before(payload) if body.kind in CHANGES else payload), BEFORE


def _sentence(error: ErrorDetails) -> str:
    """Which field is wrong, and how."""
    field = ".".join(str(step) for step in error["loc"]) or "the payload"
    return f"{field}: {error['msg'].removeprefix('Value error, ')}"

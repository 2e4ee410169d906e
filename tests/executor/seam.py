"""What DERMS sends to an executor about one stage, and what the executor sends to DERMS."""

import csv
import gzip
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from django.conf import settings
from django.db import transaction

from integration.seam import extracts, outbox
from integration.seam.messages import (
    CONTRACTS,
    DeviceRemoval,
    DeviceReservation,
    MessageBody,
    RawOutcome,
    RemovalAnswer,
    RemovalReason,
    StageExecutionStatus,
    StageStatus,
)
from integration.seam.models import Extract, Message
from integration.seam.sql import compose
from integration.seam.systems import System

from .implementations import Executor

B = TypeVar("B", bound=MessageBody)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
TICK = timedelta(microseconds=1)
HEAD_END = "HE1"
DEVICES = 20
_DEVICES = "SELECT %(head_end)s, 'N' || lpad(n::text, 7, '0'), 800 + n, 900 + n FROM generate_series(1, %(devices)s) n"


def nic(number: int) -> str:
    """A reserved device, counted from 1."""
    return f"N{number:07}"


class StageAtTheSeam:
    """DERMS's side of a one-hour stage with twenty devices that starts in two hours."""

    def __init__(self, executor: Executor, now: datetime) -> None:
        self.executor, self.now, self.revision = executor, now, 1
        self.uid = uuid4()
        self.starts_at, self.ends_at = now + 2 * HOUR, now + 3 * HOUR
        self.extract: Extract | None = None

    def status(self, state: str, **fields: Any) -> StageStatus:
        """DERMS's next status message about the stage."""
        self.revision += 1
        given = {"state": state, "started_at": None, "reason": "", "revision": self.revision, **fields}
        window = {"starts_at": self.starts_at, "ends_at": self.ends_at, "stage_uid": self.uid}
        return StageStatus.model_validate({**StageStatus.example, **window, **given})

    def reservation(self) -> DeviceReservation:
        """Which devices are reserved; the file is written once."""
        self.extract = self.extract or extracts.write_extract(
            kind="device_reservation", query=compose(_DEVICES), params={"head_end": HEAD_END, "devices": DEVICES}
        )
        return DeviceReservation(stage_uid=self.uid, extract=self.extract.ref)

    def removal(self, number: int, reason: RemovalReason) -> DeviceRemoval:
        return DeviceRemoval(stage_uid=self.uid, head_end=HEAD_END, nic_id=nic(number), reason=reason)

    def say(self, *bodies: MessageBody, at: datetime | None = None) -> None:
        """Send a message and let the executor receive it at this moment, by default long before the stage."""
        for body in bodies:
            with transaction.atomic():
                outbox.send(body, sender=System.DERMS)
            self.executor.receive(at or self.now)

    def schedule(self) -> None:
        """Send everything that an executor must know to start."""
        self.say(self.status("Scheduled"), self.reservation())

    def cancel(self, at: datetime) -> None:
        self.say(self.status("Canceled", reason="Storm"), at=at)

    def remove(self, number: int, reason: RemovalReason, at: datetime) -> RemovalAnswer:
        """Ask for a device's removal; returns the executor's answer to this request."""
        before = len(self.heard(RemovalAnswer))
        self.say(self.removal(number, reason), at=at)
        (answer,) = self.heard(RemovalAnswer)[before:]
        assert (answer.nic_id, answer.reason) == (nic(number), reason)
        return answer

    def run(self) -> None:
        """Let the clock pass the stage's start and end, and well beyond."""
        for at in (self.starts_at, self.starts_at + MINUTE, self.ends_at, self.ends_at + 5 * MINUTE):
            self.executor.work(at)

    def heard(self, contract: type[B]) -> list[B]:
        """What the executor has sent about the stage, in order; each message must follow its contract."""
        sent = Message.objects.filter(sender=self.executor.name, kind=contract.kind, stage_uid=self.uid)
        return [body for message in sent.order_by("pk") if isinstance(body := message.body, contract)]

    def states(self) -> list[str]:
        """The states the executor has reported, without repetitions; its revisions must grow."""
        said = self.heard(StageExecutionStatus)
        assert [one.revision for one in said] == sorted({one.revision for one in said})
        return list(dict.fromkeys(one.state for one in said))

    def outcomes(self) -> dict[str, dict[str, str]]:
        """The rows of the one extract of raw outcomes, by NIC id; empty if none was sent."""
        handed_over = self.heard(RawOutcome)
        assert len(handed_over) <= 1
        rows = [row for one in handed_over for row in _rows(Extract.objects.get(pk=one.extract.extract_uid))]
        assert len({row["nic_id"] for row in rows}) == len(rows)
        return {row["nic_id"]: row for row in rows}


def everything_said_by(executor: Executor) -> list[MessageBody]:
    return [CONTRACTS[one.kind].model_validate(one.payload) for one in Message.objects.filter(sender=executor.name)]


def _rows(extract: Extract) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for part in sorted((Path(settings.EXTRACT_ROOT) / str(extract.uid)).glob("part-*")):
        with gzip.open(part, "rt") if part.suffix == ".gz" else part.open() as lines:
            rows += csv.DictReader(lines)
    assert len(rows) == extract.rows
    return rows

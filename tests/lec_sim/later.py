"""A driver for tests, whose devices answer when a test says so."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from integration.seam.sql import compose
from lec_sim.drivers import Driver, Rows
from lec_sim.models import LecStage

_GIVEN = """
SELECT * FROM jsonb_to_recordset(%(given)s)
    AS given(head_end text, nic_id text, at timestamptz, answer text, answered_at timestamptz,
             overridden_at timestamptz, power_w integer)
"""


class Later(Driver):
    """Records what it is asked to send to head ends, and returns the answers that a test gave it."""

    name = "later"
    answers_within = timedelta(seconds=30)

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.given: list[dict[str, Any]] = []

    def publish(self, stage: LecStage, *, now: datetime) -> None:
        self.asked.append(("publish", stage.state))

    def withdraw(self, stage: LecStage, *, head_end: str, nic_ids: Sequence[str], now: datetime) -> bool:
        self.asked.append(("withdraw", head_end, *nic_ids))
        return True

    def cancel(self, stage: LecStage, *, now: datetime) -> None:
        self.asked.append(("cancel", stage.state))

    def answers(self, stage: LecStage) -> Rows:
        return Rows(compose(_GIVEN), {"given": json.dumps(self.given, default=str)})

    def answer(self, nic_id: str, at: datetime, answer: str = "takes part", **fields: Any) -> None:
        """Let a device answer, or change its answer later."""
        answered_at = None if answer == "silent" else at
        given = {"answered_at": answered_at, "overridden_at": None, "power_w": 0, **fields}
        self.given.append({"head_end": "LATE", "nic_id": nic_id, "at": at, "answer": answer, **given})

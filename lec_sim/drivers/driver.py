"""What a driver does, and what Live Energy Connect does around it."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from integration.seam.sql import Sql

from ..models import LecStage


class Rows(NamedTuple):
    """A query over all devices of a driver at once, with its own parameters."""

    query: Sql
    params: dict[str, Any]


class Driver:
    """Reaches the devices of the head ends whose profile names it. These are the defaults; a driver overrides some.

    Live Energy Connect calls each method within its own transaction and with the stage's row locked. So a driver only
    writes rows and returns; work of its own takes what goes over a network from those rows. It acts on all of its
    devices of a stage by one statement and never in a loop over them. A device that has left the stage
    (a Removal other than “too late”) is no device of the stage any more, also if it left before `publish`.
    """

    name: ClassVar[str]
    answers_within: ClassVar[timedelta] = timedelta(0)
    """How long after the end of a stage answers are waited for, if some are pending then."""

    def publish(self, stage: LecStage, *, now: datetime) -> None:
        """Tell the head ends of a stage to come: its reservations are in. Called once, before its start."""

    def withdraw(self, stage: LecStage, *, head_end: str, nic_id: str, now: datetime) -> None:
        """Tell a head end that one device has left a stage that was published, before its start or while it runs."""

    def cancel(self, stage: LecStage, *, now: datetime) -> None:
        """Tell the head ends that a stage that was published is canceled or missed."""

    def calls(self, stage: LecStage, *, called_at: datetime) -> Rows | None:
        """The calls of a stage that starts, as rows of LecCall, if answers are known at once; None: they are pending.

        The query may use the parameters stage, stage_uid, called_at and window (seconds until the stage's end).
        """
        return None

    def answers(self, stage: LecStage) -> Rows | None:
        """What head ends have answered to pending calls of a stage until now, as rows of LecAnswer.

        Asked every few seconds while the stage runs, and until its outcomes are handed over. Of several rows about one
        device the one with the latest `at` holds; rows that were returned before change nothing.
        """
        return None

"""What a driver does, and what Live Energy Connect does around it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from integration.seam.sql import Sql

from ..models import LecStage


class Rows(NamedTuple):
    """A query over all devices of a driver at once, with its own parameters."""

    query: Sql
    params: dict[str, Any]


class Unaware(NamedTuple):
    """Head ends that don't know of a stage, and how many devices it has behind them."""

    head_ends: list[str]
    devices: int


class Driver:
    """Reaches the devices of the head ends whose profile names it. These are the defaults; a driver overrides some.

    Live Energy Connect calls each method inside its own transaction, with the stage's row locked. So a driver only
    writes rows and returns; whatever goes over a network is separate work that reads those rows. It acts on all of its
    devices of a stage in one statement, never in a loop. A device that has left the stage (a Removal other than “too
    late”) no longer belongs to it, even if it left before `publish`.
    """

    name: ClassVar[str]

    @property
    def answers_within(self) -> timedelta:
        """How long to wait for pending answers after the end of a stage."""
        return timedelta(0)

    def publish(self, stage: LecStage, *, now: datetime) -> None:
        """Announce a stage to the head ends: its reservations are loaded. Called once, before its start."""

    def withdraw(self, stage: LecStage, *, head_end: str, nic_ids: Sequence[str], now: datetime) -> bool:
        """Report to a head end that devices have left a published stage, before its start or while it runs.

        Returns whether that settles it. If not, the removals are pending until `operations.confirm_removals` is told
        that the head end knows; DERMS is answered then.
        """
        return True

    def cancel(self, stage: LecStage, *, now: datetime) -> None:
        """Report to the head ends that a published stage is canceled or missed."""

    def end(self, stage: LecStage, *, now: datetime) -> None:
        """A published stage has ended at its time."""

    def unaware(self, stage: LecStage) -> Unaware | None:
        """The head ends of a starting stage that don't know of it yet; None if there are none."""
        return None

    def calls(self, stage: LecStage, *, called_at: datetime) -> Rows | None:
        """The calls of a starting stage as rows of LecCall, if answers are known at once; None: they are pending.

        The query may use the parameters stage, stage_uid, called_at and window (seconds until the stage's end).
        """
        return None

    def answers(self, stage: LecStage) -> Rows | None:
        """What head ends have answered so far to pending calls of a stage, as rows of LecAnswer.

        Called every few seconds until the outcomes of the stage are handed over. Of several rows about one device, the
        one with the latest `at` counts; rows that were returned before have no effect.
        """
        return None

    def delivered(self, stage: LecStage, *, now: datetime) -> Rows | None:
        """What head ends say that all their devices together deliver now, as rows of head_end and reduction_w.

        It replaces the sum of what the devices of such a head end do. None: of no head end.
        """
        return None

    def statuses(self) -> Rows | None:
        """Which devices can be reached now, as rows of head_end, nic_id and status, online or offline.

        The query finds the devices in `asked` (head_end, nic_id), and may use the parameter check_uid. LEC answers
        “unknown” for devices without a row; None: for all.
        """
        return None

"""When devices were last heard, and those that never answer."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from integration.seam import sql
from integration.seam.outcomes import SILENT as SILENT_CODES
from integration.seam.outcomes import Outcome
from integration.seam.sql import Sql, compose, statement

SILENT = 3  # calls running; then a choice leaves a device out (sql/schema/candidates.sql)
PROBED_AFTER = timedelta(days=14)
_CODES = {"silent_codes": SILENT_CODES, "canceled": Outcome.CANCELED}
_THESE = "SELECT unnest(%(devices)s::bigint[]) AS device_id"
_ON_PAGE = "SELECT device_id FROM page"


class Silent(NamedTuple):
    """A device that was silent in its last three calls or more; `rated_w` is what it could draw, in W.

    `silent_since` is the first call that it did not answer since it was last heard, by a report or a status check;
    `answer` is what the last status check said, None if none did. The last two are the devices of the whole list and
    what they could draw together.
    """

    device_id: int
    head_end: str
    nic_id: str
    programs: str
    zone: str
    time_zone: str
    rated_w: int
    last_called_on: date
    heard_at: datetime | None
    silent_since: datetime | None
    answer: str | None
    answered_at: datetime | None
    devices: int
    devices_w: int

    @property
    def called_again_on(self) -> date:
        """The day from which it may be called again, with nothing expected of it."""
        return self.last_called_on + PROBED_AFTER


class SilentChoice(NamedTuple):
    """Which of them to show: codes, and how the NIC id begins; an empty value does not filter."""

    program: str = ""
    head_end: str = ""
    zone: str = ""
    q: str = ""


def never_answering(
    now: datetime, chosen: SilentChoice | None = None, *, after: tuple[int, int] | None = None, limit: int
) -> list[Silent]:
    """Devices that never answer, the strongest first, after one with this rated power and id."""
    return [Silent(*row) for row in sql.rows(*_never_answering(now, chosen or SilentChoice(), after, limit))]


def never_answering_count(now: datetime, chosen: SilentChoice, *, most: int) -> int:
    """How many devices never answer, counting at most so many."""
    found = never_answering(now, chosen, limit=1)
    return min(most, found[0].devices) if found else 0


def last_heard(device_ids: Sequence[int]) -> dict[int, datetime]:
    """When each of these devices was last heard, by its id; without those that never were."""
    query = statement("derms", "last_heard", devices=compose(_THESE))
    rows = sql.rows(query, {"devices": list(device_ids), **_CODES})
    return {device_id: heard_at for device_id, heard_at, _since in rows if heard_at}


def _never_answering(
    now: datetime, chosen: SilentChoice, after: tuple[int, int] | None, limit: int
) -> tuple[Sql, dict[str, Any]]:
    after_w, after_id = after or (None, 0)
    params = {"silent": SILENT, "now": now, "after_w": after_w, "after": after_id, "limit": limit}
    heard = statement("derms", "last_heard", devices=compose(_ON_PAGE))
    return statement("derms", "never_answering", heard=heard), {**params, **chosen._asdict(), **_CODES}

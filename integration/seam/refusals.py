"""How an operation refuses to act: with a sentence for the person, and without any change."""

from datetime import datetime
from typing import NamedTuple


class Change(NamedTuple):
    """The change that led to the present state; `zone` is the time zone in which its time is shown."""

    what: str
    by: str
    at: datetime
    zone: str
    from_state: str
    to_state: str
    why: str


class Refused(Exception):
    """The present state does not allow it; pages answer with the sentence, the last change and, in time, a retry."""

    status = 409  # of the page
    retry_after_s: int | None = None

    def __init__(self, sentence: str, last: Change | None = None) -> None:
        super().__init__(sentence)
        self.last = last

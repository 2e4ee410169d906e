"""What an operation says when it may not act: a sentence for the person, and nothing changed."""

from datetime import datetime
from typing import NamedTuple


class Change(NamedTuple):
    """The change that brought things to where they are; `zone` is where its time is told."""

    what: str
    by: str
    at: datetime
    zone: str
    from_state: str
    to_state: str
    why: str


class Refused(Exception):
    """The state of things forbids it now; pages answer 409 with the sentence, and with who changed what when."""

    def __init__(self, sentence: str, last: Change | None = None) -> None:
        super().__init__(sentence)
        self.last = last

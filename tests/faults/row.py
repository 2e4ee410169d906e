"""One line of the fault table."""

from typing import NamedTuple


class Row(NamedTuple):
    """What was done how often, what has to hold, what was seen, whether it held; invariants are judged at the end."""

    fault: str
    dose: int
    must_hold: str
    figure: str
    ok: bool
    invariants: tuple[str, ...] = ()

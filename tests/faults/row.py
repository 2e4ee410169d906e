"""One row of the fault table."""

from typing import NamedTuple


class Row(NamedTuple):
    """What was done how often, what must hold, what was observed, whether it held; invariants are checked last."""

    fault: str
    dose: int
    must_hold: str
    figure: str
    ok: bool
    invariants: tuple[str, ...] = ()

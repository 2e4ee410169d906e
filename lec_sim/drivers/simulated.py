"""The driver of simulated head ends: what each device does is drawn when it is called."""

from datetime import datetime

from integration.seam.sql import statement

from ..models import LecStage
from .driver import Driver, Rows


class Simulated(Driver):
    """Tells nobody anything: its statement leaves out devices that left before, the outcomes those that left later."""

    name = "simulated"

    def calls(self, stage: LecStage, *, called_at: datetime) -> Rows:
        return Rows(statement("lec_sim", "simulated_calls"), {})

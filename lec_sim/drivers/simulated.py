"""The driver of simulated head ends: what each device does is drawn at random when it is called."""

from datetime import datetime

from integration.seam.sql import statement

from ..models import LecStage
from .driver import Driver, Rows


class Simulated(Driver):
    """Notifies no head end. Its statement omits devices that have left; raw_outcomes.sql handles later leavers."""

    name = "simulated"

    def calls(self, stage: LecStage, *, called_at: datetime) -> Rows:
        return Rows(statement("lec_sim", "simulated_calls"), {})

    def statuses(self) -> Rows:
        return Rows(statement("lec_sim", "simulated_statuses"), {})

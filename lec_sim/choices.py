"""The words a row of the simulator may hold."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class StageState(TextChoices):
    SCHEDULED = "Scheduled", _("Scheduled")
    IN_PROGRESS = "In Progress", _("In Progress")
    COMPLETED = "Completed", _("Completed")
    CANCELED = "Canceled", _("Canceled")


FINAL_STATES = (StageState.COMPLETED, StageState.CANCELED)


class Fault(TextChoices):
    """What is wrong with a head end system, for practice: stronger than what its profile says."""

    NONE = "none", _("None")
    OFFLINE = "offline", _("Offline: no device answers")
    SLOW = "slow", _("Slow: answers take twenty times as long")
    REJECTS = "rejects", _("Rejects: every call is refused")


SIMULATED = "simulated"  # the driver of a head end that nobody gave another one


class Answer(TextChoices):
    """What a called device's head end said; pending until it says something."""

    PENDING = "pending", _("Pending")
    TAKES_PART = "takes part", _("Takes part")
    REJECTED = "rejected", _("Rejected")
    SILENT = "silent", _("Silent")

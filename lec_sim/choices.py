"""The values that columns of the simulator may hold."""

from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class StageState(TextChoices):
    SCHEDULED = "Scheduled", _("Scheduled")
    IN_PROGRESS = "In Progress", _("In Progress")
    COMPLETED = "Completed", _("Completed")
    CANCELED = "Canceled", _("Canceled")


FINAL_STATES = (StageState.COMPLETED, StageState.CANCELED)


class Fault(TextChoices):
    """A fault of a head end system, set for practice; it overrides the profile."""

    NONE = "none", _("None")
    OFFLINE = "offline", _("Offline: no device answers")
    SLOW = "slow", _("Slow: answers take twenty times as long")
    REJECTS = "rejects", _("Rejects: every call is refused")


SIMULATED = "simulated"  # a head end's driver unless its profile names another one
OPENADR = "openadr"
REACHED_BY = ((SIMULATED, _("Simulated")), (OPENADR, _("OpenADR 3.1")))  # the drivers that people choose from
MOST_START_SPREAD_MIN = 15
PENDING = "pending"  # a removal that its head end has not read yet
UNCONFIRMED = "unconfirmed"  # one that it had not read when it would have been too late


class Answer(TextChoices):
    """What the head end of a called device answered; pending until it answers."""

    PENDING = "pending", _("Pending")
    TAKES_PART = "takes part", _("Takes part")
    REJECTED = "rejected", _("Rejected")
    FAILED = "failed", _("Failed")
    SILENT = "silent", _("Silent")


class Word(StrEnum):
    """What a head end says of a device in a stage, at a moment."""

    ANSWERED = "answered"  # it takes part
    NORMAL = "not responding"  # it runs as usual
    OPTED_OUT = "opted out"
    ERROR = "error"


class Measure(StrEnum):
    """What a head end measured over an interval, as mean power in W; a reduction is a baseline less what was used."""

    USAGE = "usage"
    DEMAND = "demand"
    DELTA_USAGE = "delta usage"  # less than 0 where a device used less
    BASELINE = "baseline"


class Quality(StrEnum):
    """How far a measured value can be trusted; a bad one is kept and not counted."""

    OK = "OK"
    ESTIMATED = "ESTIMATED"
    BAD = "BAD"

"""The values that columns of the customer-program system may hold."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class DeviceClass(TextChoices):
    """Kinds of controllable devices."""

    THERMOSTAT = "thermostat", _("Thermostat")
    WATER_HEATER = "water_heater", _("Water heater")
    EV_CHARGER = "ev_charger", _("EV charger")
    BATTERY = "battery", _("Battery")


class ProgramEventState(TextChoices):
    SCHEDULED = "Scheduled", _("Scheduled")
    IN_PROGRESS = "In Progress", _("In Progress")
    COMPLETED = "Completed", _("Completed")
    CANCELED = "Canceled", _("Canceled")


class ParticipationStatus(TextChoices):
    """Derived from facts: see sql/participation_status.sql."""

    RESERVED = "Reserved", _("Reserved")
    CANCELED = "Canceled", _("Canceled")
    CLOSED = "Closed", _("Closed")
    OPTED_OUT = "Opted out", _("Opted out")
    RELEASED = "Released", _("Released")


class RemovalReason(TextChoices):
    """Why a device leaves a stage; the values of messages."""

    OPT_OUT = "opt-out", _("opt-out")
    UNAVAILABLE = "customer unavailable", _("customer unavailable")
    ENROLLMENT_ENDED = "enrollment ended", _("enrollment ended")


class SyncAnswer(TextChoices):
    """What DERMS answered to an enrollment change."""

    PENDING = "Pending", _("Pending")
    REGISTERED = "Registered", _("Registered")
    DEREGISTERED = "Deregistered", _("Deregistered")
    ERROR = "Error", _("Error")


class NotificationKind(TextChoices):
    """What a customer hears about an event."""

    RESERVED = "reserved", _("Devices are reserved")
    CANCELED = "canceled", _("Canceled or cut short")
    OPTED_OUT = "opted out", _("Answer to an opt-out")
    ENDED = "ended", _("Over")


class NotSent(TextChoices):
    """Why a customer was not e-mailed although nothing failed."""

    NO_ADDRESS = "no address", _("the customer has no e-mail address")
    NOTHING_COMES = "nothing comes", _("nothing was reserved any more when it was to be sent")
    NOT_TOLD = "not told", _("the customer had not been told of the event")
    TOLD_SINCE = "told since", _("the customer was told of the event only after that")


class UnavailabilityState(TextChoices):
    ACTIVE = "Active", _("Active")
    CANCELED = "Canceled", _("Canceled")


FINAL_STATES = (ProgramEventState.COMPLETED, ProgramEventState.CANCELED)

"""The values that columns of DERMS may hold."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from integration.seam.recorded import recorded


class Category(TextChoices):
    """Event types; a strategy has the type of the events made from it."""

    ECONOMIC = "Economic", _("Economic")
    EMERGENCY = "Emergency", _("Emergency")
    RELIABILITY = "Reliability", _("Reliability")
    DEVICE_TEST = "Device Test", _("Device Test")


class Objective(TextChoices):
    """What an event aims for."""

    MANUAL = "Manual", _("Manual")
    LOAD_REDUCTION = "Load Reduction", _("Load Reduction")
    MAX_DEMAND_THRESHOLD = "Max Demand Threshold", _("Max Demand Threshold")
    MAXIMUM_REDUCTION = "Maximum Reduction", _("Maximum Reduction")


class CallOrder(TextChoices):
    """Which devices an event asks first."""

    FAIR = "fair", _("Fair: fewest events this season first")
    FEWEST = "fewest", _("Fewest devices: most expected power first")
    RELIABLE = "reliable", _("Most reliable: highest response rate first")


class Control(TextChoices):
    """What a device does while it is called."""

    SETPOINT_OFFSET = "setpoint_offset", _("Setpoint offset")
    DUTY_CYCLE = "duty_cycle", _("Duty cycle")
    OFF = "off", _("Off")
    DISCHARGE = "discharge", _("Discharge")


class DeviceClass(TextChoices):
    """Kinds of controllable devices."""

    THERMOSTAT = "thermostat", _("Thermostat")
    WATER_HEATER = "water_heater", _("Water heater")
    EV_CHARGER = "ev_charger", _("EV charger")
    BATTERY = "battery", _("Battery")


class ForecastSource(TextChoices):
    """Where a forecast of load comes from."""

    FILE = "file", _("File or API")
    MODEL = "model", _("Gridcall's own")


class StrategyState(TextChoices):
    ACTIVE = "Active", _("Active")
    ARCHIVED = "Archived", _("Archived")


class EventState(TextChoices):
    NEW = "New", _("New")
    SUBMITTED = "Submitted", _("Submitted")
    DENIED = "Denied", _("Denied")
    APPROVED = "Approved", _("Approved")
    SCHEDULED = "Scheduled", _("Scheduled")
    IN_PROGRESS = "In Progress", _("In Progress")
    COMPLETED = "Completed", _("Completed")
    CANCELED = "Canceled", _("Canceled")


class StageState(TextChoices):
    NEW = "New", _("New")
    SCHEDULED = "Scheduled", _("Scheduled")
    IN_PROGRESS = "In Progress", _("In Progress")
    COMPLETED = "Completed", _("Completed")
    CANCELED = "Canceled", _("Canceled")


class Approval(TextChoices):
    """The status of one of an event's two approvals."""

    NOT_REQUIRED = "not required", _("Not required")
    REQUIRED = "required", _("Required")
    GIVEN = "given", _("Given")
    DENIED = "denied", _("Denied")


MISSED = recorded("Missed")()  # the reason of a stage that could not start before its end

FINAL_STATES = (EventState.COMPLETED, EventState.CANCELED)
OPEN_STATES = tuple(state for state in EventState if state not in FINAL_STATES)
EDITABLE_STATES = (EventState.NEW, EventState.DENIED)
# Nothing is reserved yet: what is shown in its place is what Submit expected.
UNSCHEDULED_STATES = (*EDITABLE_STATES, EventState.SUBMITTED, EventState.APPROVED)
# Events in these states claim devices and power: new ones have to leave room for them.
CLAIMING_STATES = tuple(state for state in OPEN_STATES if state not in EDITABLE_STATES)
# An event leaves its plan with these; State Tracking shows all others as the way ahead.
SIDE_BRANCHES = (EventState.DENIED, EventState.CANCELED)
STATES_AS_PLANNED = tuple(state for state in EventState if state not in SIDE_BRANCHES)

FINAL_STAGE_STATES = (StageState.COMPLETED, StageState.CANCELED)
# Stages in these states hold their devices; overlap checks look only at these.
HOLDING_STAGE_STATES = (StageState.SCHEDULED, StageState.IN_PROGRESS)

"""The values that columns of the customer-program system may hold."""

from typing import Any

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _


class DeviceClass(TextChoices):
    """Kinds of controllable devices."""

    THERMOSTAT = "thermostat", _("Thermostat")
    WATER_HEATER = "water_heater", _("Water heater")
    EV_CHARGER = "ev_charger", _("EV charger")
    BATTERY = "battery", _("Battery")


LONGEST_CUTOFF = 7 * 24 * 60  # minutes before a stage's start


class Category(TextChoices):
    """What the programs of a type are. Events choose devices of device control alone.

    The others keep who is on a rate, in a control group that is compared with, or has registered a resource.
    """

    DEVICE_CONTROL = "device control", _("Device control")
    RATE_BASED = "rate based", _("Rate based")
    CONTROL_GROUP = "control group", _("Control group")
    DER_REGISTRATION = "DER registration", _("DER registration")


class Settlement(TextChoices):
    """What customers of a program are paid by; the utility's billing settles it."""

    FIXED = "fixed", _("A fixed amount")
    EVENTS = "events", _("Events taken part in")
    CAPACITY = "capacity", _("Reserved power")
    ENERGY = "energy", _("Reduced energy")


class MethodKind(TextChoices):
    """What a method of settlement pays for, each device or subscription; fees are what it takes."""

    ENERGY = "energy", _("After event participation, per kWh avoided")
    DROP = "drop", _("End of season, per kW of the highest drops")
    EVENT = "event", _("Flat amount per event")
    SEASON = "season", _("Flat amount per season")
    RESERVED = "reserved", _("Reserved power, per kW and event")
    SIGN_UP = "sign-up", _("Incentive for signing up")
    STAY = "stay", _("Incentive for staying a season")
    REFERRAL = "referral", _("Incentive for referring a customer")
    EARLY_EXIT = "early exit", _("Fee for leaving early")
    REPAIR = "repair", _("Fee for a device in repair")


class SettlementState(TextChoices):
    """How far a run of settlement has got; from DRAFT on its lines are never changed."""

    COMPUTING = "Computing", _("Computing")
    DRAFT = "Draft", _("Draft")
    REVIEWED = "Reviewed", _("Reviewed")
    APPROVED = "Approved", _("Approved")
    EXPORTED = "Exported", _("Exported")
    DISCARDED = "Discarded", _("Discarded")


class SettlementSumOf(TextChoices):
    """What the lines of a run are added up by."""

    OUTCOME = "outcome", _("Outcome")
    DEVICE_CLASS = "device class", _("Device class")
    FEEDER = "feeder", _("Feeder")
    LEFT_OUT = "left out", _("Left out")


class LeftOut(TextChoices):
    """Why a line of a run settles nothing; besides what NotMeasured says."""

    NO_OUTCOME = "no outcome", _("there is no outcome yet")
    NOT_CALLED = "not called", _("the device left, or the event was canceled, before it started")
    NO_MEASUREMENT = "no measurement", _("the event is not measured yet")
    PRELIMINARY = "preliminary", _("some of the event's readings are estimated or questionable")


class Owner(TextChoices):
    """Whose a device is."""

    UTILITY = "utility", _("The utility")
    CUSTOMER = "customer", _("The customer")
    OTHER = "other", _("Somebody else")


class Whereabouts(TextChoices):
    """Where a device is once it is taken out; one that isn't is installed."""

    STORE = "in store", _("In store")
    REPAIR = "in repair", _("In repair")
    RETIRED = "retired", _("Retired")


class Reach(TextChoices):
    """Whether a device could be reached, as a status check says; the values of messages."""

    ONLINE = "online", _("Online")
    OFFLINE = "offline", _("Offline")
    UNKNOWN = "unknown", _("Not known")


class Channel(TextChoices):
    """How a customer wants to hear from the utility."""

    EMAIL = "e-mail", _("E-mail")
    PHONE = "telephone", _("Telephone")
    POST = "post", _("Post")


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


class EnrollmentState(TextChoices):
    """Where a customer's enrollment in a program has got to; in parentheses, who acts next."""

    PENDING = "Pending", _("Pending")  # a CSR, who looks at an application that came from the customer
    EXCEPTION = "Exception", _("Exception")  # a CSR: a check is not met
    VALIDATED = "Validated", _("Validated")  # nobody: the subscription begins
    WAITING = "Waiting for device", _("Waiting for device")  # a CSR, once the device is there
    REGISTERING = "Registering", _("Registering")  # DERMS
    REGISTERED = "Registered", _("Registered")
    ERROR = "Error", _("Error")  # a CSR: DERMS refused a device
    DEREGISTERING = "Deregistering", _("Deregistering")  # DERMS
    DEREGISTERED = "Deregistered", _("Deregistered")
    CANCELED = "Canceled", _("Canceled")


class Supply(TextChoices):
    """How a device comes to a customer who has none yet."""

    SHIP = "ship", _("We ship it")
    OWN = "own", _("The customer brings their own")
    INSTALLER = "installer", _("An installer brings it")


class LeavingReason(TextChoices):
    """Why a customer leaves a program."""

    MOVED_OUT = "moved out", _("Moved out")
    LIFE_SUPPORT = "life support", _("Life support")
    OPTED_OUT = "opted out", _("Does not want to take part any more")
    RATE = "rate", _("The rate is no longer eligible")
    SERVICE_ENDED = "service ended", _("The service ended")
    OTHER = "other", _("Another reason")


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
    NO_CONSENT = "no consent", _("the customer did not consent to hear of events")
    OTHER_CHANNEL = "other channel", _("the customer wants to hear by another channel")
    NOTHING_COMES = "nothing comes", _("nothing was reserved any more when it was to be sent")
    NOT_TOLD = "not told", _("the customer had not been told of the event")
    TOLD_SINCE = "told since", _("the customer was told of the event only after that")


class Registers(TextChoices):
    """What a meter measures: energy taken from the grid, that and energy given to it apart, or their difference."""

    FORWARD = "forward", _("taken from the grid")
    BOTH = "both", _("taken and given, apart")
    NET = "net", _("taken less given")


class Quality(IntegerChoices):
    """What is known of a reading, from good to missing; from NEGATIVE on it is no measurement to reckon with."""

    GOOD = 0, _("good")
    EDITED = 1, _("edited")
    ESTIMATED = 2, _("estimated")
    QUESTIONABLE = 3, _("questionable")
    NEGATIVE = 4, _("negative")
    IMPOSSIBLE = 5, _("more than the meter can measure")
    MISSING = 6, _("missing")


class Baseline(TextChoices):
    """How a program's baselines are made, in the words of the field (cpm/baselines.py)."""

    TEN_OF_TEN = "10 of 10", _("10 of 10: the mean of the latest ten like days")
    HIGH_FIVE = "high 5 of 10", _("high 5 of 10: the mean of the five with the most energy")
    METER_BEFORE = "meter before", _("meter before, meter after")


class BaselineAdjustment(TextChoices):
    """How a baseline follows the hours before the event."""

    NONE = "none", _("not adjusted")
    RATIO = "ratio", _("by the ratio of the hours before the event")
    ADDITIVE = "additive", _("by the difference of the hours before the event")


class MeasuredStatus(TextChoices):
    """How far a participation is measured. Preliminary: some of the event's readings are estimated or questionable."""

    MEASURED = "measured", _("Measured")
    PRELIMINARY = "preliminary", _("Preliminary")
    NOT_MEASURED = "not measured", _("Not measured")


class NotMeasured(TextChoices):
    """Why a participation is not measured."""

    NO_METER = "no meter", _("there is no meter at the place")
    TOO_SHORT = "too short", _("the stage is shorter than an interval of the meter")
    TOO_FEW_DAYS = "too few days", _("there are too few like days with all readings")
    EVENT_INCOMPLETE = "event incomplete", _("readings of the event are missing")
    BEFORE_INCOMPLETE = "before incomplete", _("readings of the hours before the event are missing")
    SAME_METER = "same meter", _("another device behind the same meter stands for it")
    OTHER_STAGE = "other stage", _("another stage at the same time stands for the meter")


class SumOf(TextChoices):
    """What results are added up by."""

    STAGE = "stage", _("Stage")
    FEEDER = "feeder", _("Feeder")
    HEAD_END = "head end", _("Head end")
    DEVICE_CLASS = "device class", _("Device class")
    SEGMENT = "segment", _("What the device did")


class UnavailabilityState(TextChoices):
    ACTIVE = "Active", _("Active")
    CANCELED = "Canceled", _("Canceled")


FINAL_STATES = (ProgramEventState.COMPLETED, ProgramEventState.CANCELED)

# An application that has no subscription yet; enrollments with an open one; those that somebody has to act on.
APPLICATION_STATES = (EnrollmentState.PENDING, EnrollmentState.EXCEPTION)
WAITING_STATES = (*APPLICATION_STATES, EnrollmentState.WAITING, EnrollmentState.ERROR)
LEFT_STATES = (EnrollmentState.CANCELED, EnrollmentState.DEREGISTERING, EnrollmentState.DEREGISTERED)

# Kinds of methods by what a line of theirs is about: a participation, a device's season, a subscription, a device.
EVENT_KINDS = (MethodKind.ENERGY, MethodKind.EVENT, MethodKind.RESERVED)
SEASON_KINDS = (MethodKind.DROP, MethodKind.SEASON)
SUBSCRIPTION_KINDS = (MethodKind.SIGN_UP, MethodKind.STAY, MethodKind.REFERRAL, MethodKind.EARLY_EXIT)
DEVICE_KINDS = (MethodKind.REPAIR,)
FEE_KINDS = (MethodKind.EARLY_EXIT, MethodKind.REPAIR)
OPEN_RUN_STATES = (SettlementState.COMPUTING, SettlementState.DRAFT, SettlementState.REVIEWED)
SETTLED_STATES = (SettlementState.APPROVED, SettlementState.EXPORTED)
# Why a line settles nothing, in words.
LEFT_OUT_REASONS: dict[str, Any] = {**dict(NotMeasured.choices), **dict(LeftOut.choices)}

"""What the systems say to each other: one frozen model per message, plain Python, known to all and knowing nobody.

Power is in integer watts, moments carry an offset, windows are half-open. Bulk rows travel in an extract that the
message names; COLUMNS says what stands in each kind of extract.
"""

from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

System = Literal["derms", "cpm", "lec"]
Category = Literal["Economic", "Emergency", "Reliability", "Device Test"]
StageState = Literal["Scheduled", "In Progress", "Completed", "Canceled"]
Control = Literal["setpoint_offset", "duty_cycle", "off", "discharge"]
DeviceClass = Literal["thermostat", "water_heater", "ev_charger", "battery"]
EnrollmentAnswerWord = Literal["Registered", "Deregistered", "Error"]
RemovalReason = Literal["opt-out", "customer unavailable", "enrollment ended"]
RemovalWord = Literal["removed", "released", "too late"]
Name = Annotated[str, Field(min_length=1, max_length=120)]
Code = Annotated[str, Field(min_length=1, max_length=40)]
MONTH_DAY = r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
Watts = Annotated[int, Field(ge=0, le=100_000_000)]


class Contract(BaseModel):
    """What every part of a message has in common: it cannot be changed and holds no field nobody declared."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class MessageBody(Contract):
    """One message. `kind` names it in routes and rows; `subject` is what it is about (a stage, a device, a program)."""

    kind: ClassVar[str]

    @property
    def subject(self) -> str:
        raise NotImplementedError


class StageBody(MessageBody):
    """A message about a stage."""

    stage_uid: UUID

    @property
    def subject(self) -> str:
        return f"stage:{self.stage_uid}"


class ExtractRef(Contract):
    """Names a bulk file: its parts are numbered from 1, and its manifest must have exactly this SHA-256."""

    extract_uid: UUID
    parts: int = Field(ge=1)
    rows: int = Field(ge=0)
    manifest_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class StageStatus(StageBody):
    """DERMS tells CPM and LEC what a stage is and where it stands; a lower or equal revision has no effect."""

    kind = "stage_status"

    event_uid: UUID
    event_number: str = Field(min_length=1, max_length=20)
    event_name: Name
    stage_number: int = Field(ge=1)
    program: Code
    category: Category
    time_zone: Code
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    control: Control
    control_value: float
    state: StageState
    started_at: AwareDatetime | None
    revision: int = Field(ge=1)
    reason: str = Field(default="", max_length=200)

    @model_validator(mode="after")
    def _window_has_length(self) -> Self:
        if self.ends_at <= self.starts_at:
            raise ValueError("a stage ends after it starts")
        return self


class DeviceReservation(StageBody):
    """DERMS tells CPM and LEC which devices a stage has reserved."""

    kind = "device_reservation"

    extract: ExtractRef


class StageExecutionStatus(StageBody):
    """LEC tells DERMS that a stage runs, has called its devices, has ended or was missed."""

    kind = "stage_execution_status"

    state: Literal["In Progress", "Completed", "Missed"]
    at: AwareDatetime
    started_at: AwareDatetime | None
    called: int = Field(ge=0)
    revision: int = Field(ge=1)

    @model_validator(mode="after")
    def _what_ran_has_started(self) -> Self:
        if (self.started_at is None) != (self.state == "Missed"):
            raise ValueError("a stage that runs or ran has a start, a missed one has none")
        return self


class DeliveredLoad(StageBody):
    """LEC tells DERMS what the called devices of a running stage do at a moment; the latest word on a minute holds."""

    kind = "delivered_load"

    at: AwareDatetime
    reduction_w: int = Field(ge=0, le=1_000_000_000_000)
    called: int = Field(ge=0)
    answered: int = Field(ge=0)
    rejected: int = Field(ge=0)
    overridden: int = Field(ge=0)


class RawOutcome(StageBody):
    """LEC hands DERMS what each device of a stage did."""

    kind = "raw_outcome"

    extract: ExtractRef


class DeviceOutcome(StageBody):
    """DERMS hands CPM one outcome for every device that was ever reserved for a stage."""

    kind = "device_outcome"

    extract: ExtractRef


class EnrollmentChange(Contract):
    """One device that begins or ends taking part in a program, or takes another one's place."""

    change: Literal["start", "end", "replace"]
    head_end: Code
    nic_id: Code
    program: Code
    at: AwareDatetime
    device_class: DeviceClass
    rated_w: Watts
    zone: Code
    feeder: Code
    transformer: Code
    critical_care: bool = False
    replaces_nic_id: Code | None = None


class EnrollmentSync(MessageBody):
    """CPM tells DERMS of one enrollment change."""

    kind = "enrollment_sync"

    enrollment: EnrollmentChange

    @property
    def subject(self) -> str:
        return f"device:{self.enrollment.head_end}/{self.enrollment.nic_id}"


class EnrollmentAnswer(MessageBody):
    """DERMS answers an enrollment change."""

    kind = "enrollment_answer"

    head_end: Code
    nic_id: Code
    program: Code
    answer: EnrollmentAnswerWord
    error: str = ""

    @property
    def subject(self) -> str:
        return f"device:{self.head_end}/{self.nic_id}"


class EnrollmentLoad(MessageBody):
    """CPM hands DERMS the enrollments of a program in one file: a first load."""

    kind = "enrollment_load"

    program: Code
    extract: ExtractRef

    @property
    def subject(self) -> str:
        return f"program:{self.program}"


class EnrollmentLoadAnswer(MessageBody):
    """DERMS answers a first load, a row per device."""

    kind = "enrollment_load_answer"

    program: Code
    extract: ExtractRef

    @property
    def subject(self) -> str:
        return f"program:{self.program}"


class ProgramRules(Contract):
    """When and how often a program's devices may be used. None, empty or False: the rule does not exist.

    Seasons are month-day pairs and may pass the new year; hours and weekdays (Monday is 0) are the control zone's own.
    """

    season_start: str | None = Field(default=None, pattern=MONTH_DAY)
    season_end: str | None = Field(default=None, pattern=MONTH_DAY)
    weekdays: tuple[Annotated[int, Field(ge=0, le=6)], ...] = ()
    hours_from: time | None = None
    hours_until: time | None = None
    holidays: tuple[date, ...] = ()
    notice_minutes: int | None = Field(default=None, ge=0)
    longest_minutes: int | None = Field(default=None, ge=1)
    events_per_week: int | None = Field(default=None, ge=0)
    events_per_month: int | None = Field(default=None, ge=0)
    events_per_season: int | None = Field(default=None, ge=0)
    hours_per_week: int | None = Field(default=None, ge=0)
    hours_per_month: int | None = Field(default=None, ge=0)
    hours_per_season: int | None = Field(default=None, ge=0)
    consecutive_days: int | None = Field(default=None, ge=1)
    gap_minutes: int | None = Field(default=None, ge=0)
    critical_care_exempt: bool = False
    overridable: tuple[str, ...] = ()


class ProgramRuleSync(MessageBody):
    """CPM tells DERMS a program and its rules; a lower or equal version has no effect."""

    kind = "program_rule_sync"

    program: Code
    name: Name
    active: bool
    version: int = Field(ge=1)
    rules: ProgramRules

    @property
    def subject(self) -> str:
        return f"program:{self.program}"


class DeviceBody(StageBody):
    """A message about one device of one stage."""

    head_end: Code
    nic_id: Code

    @property
    def subject(self) -> str:
        return f"device:{self.head_end}/{self.nic_id}"


class CustomerUnavailability(MessageBody):
    """CPM tells DERMS of a period in which a device must not be used; a lower or equal version has no effect."""

    kind = "customer_unavailability"

    unavailability_uid: UUID
    head_end: Code
    nic_id: Code
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    version: int = Field(ge=1)
    canceled: bool = False

    @property
    def subject(self) -> str:
        return f"device:{self.head_end}/{self.nic_id}"


class EventOptOut(DeviceBody):
    """CPM tells DERMS that a customer's device leaves a stage before it starts."""

    kind = "event_opt_out"


class OptOutAnswer(DeviceBody):
    """DERMS answers an opt-out: confirmed, or too late because the stage had started at this time."""

    kind = "opt_out_answer"

    answer: Literal["confirmed", "too late"]
    at: AwareDatetime


class DeviceRemoval(DeviceBody):
    """DERMS tells LEC not to call a device in a stage, or to let it go where it was called."""

    kind = "device_removal"

    reason: RemovalReason


class RemovalAnswer(DeviceBody):
    """LEC answers a removal: removed before the start, released while the stage ran, or too late."""

    kind = "removal_answer"

    reason: RemovalReason
    answer: RemovalWord
    at: AwareDatetime


class ReservationReleased(DeviceBody):
    """DERMS tells CPM what became of a reservation it had to give up."""

    kind = "reservation_released"

    reason: RemovalReason
    answer: RemovalWord
    at: AwareDatetime


class Receipt(Contract):
    """A receiver's answer, kept with the delivery: SUCCESS, or ERROR where it refused rows and applied the others."""

    status: Literal["SUCCESS", "ERROR"] = "SUCCESS"
    applied: int = 1
    refused: int = 0
    note: str = ""


BULK = (DeviceReservation, RawOutcome, DeviceOutcome, EnrollmentLoad, EnrollmentLoadAnswer)
CONTRACTS: Mapping[str, type[MessageBody]] = {
    body.kind: body
    for body in (
        StageStatus,
        StageExecutionStatus,
        DeliveredLoad,
        EnrollmentSync,
        EnrollmentAnswer,
        ProgramRuleSync,
        CustomerUnavailability,
        EventOptOut,
        OptOutAnswer,
        DeviceRemoval,
        RemovalAnswer,
        ReservationReleased,
        *BULK,
    )
}

# The columns of each kind of extract, with the PostgreSQL type a reader stages them in.
_OUTCOME = {
    "head_end": "text",
    "nic_id": "text",
    "code": "text",
    "started_at": "timestamptz",
    "ended_at": "timestamptz",
    "reduction_w": "integer",
    "error": "text",
}
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "device_reservation": {"head_end": "text", "nic_id": "text", "expected_w": "integer"},
    "raw_outcome": _OUTCOME,
    "device_outcome": _OUTCOME,
    "enrollment_load": {
        "head_end": "text",
        "nic_id": "text",
        "at": "timestamptz",
        "device_class": "text",
        "rated_w": "integer",
        "zone": "text",
        "feeder": "text",
        "transformer": "text",
        "critical_care": "boolean",
    },
    "enrollment_load_answer": {"head_end": "text", "nic_id": "text", "answer": "text", "error": "text"},
}

"""What DERMS, CPM and LEC send each other about a stage, from Scheduled to its outcomes."""

from typing import Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from ..contract import Contract
from .bodies import EXAMPLE_EXTRACT, EXAMPLE_STAGE, Code, ExtractRef, Name, StageBody

Category = Literal["Economic", "Emergency", "Reliability", "Device Test"]
StageState = Literal["Scheduled", "In Progress", "Completed", "Canceled"]
Control = Literal["setpoint_offset", "duty_cycle", "off", "discharge"]


class StageStatus(StageBody):
    """DERMS sends CPM and LEC a stage and its state; a lower or equal revision has no effect."""

    kind = "stage_status"
    example = {
        **EXAMPLE_STAGE,
        "event_uid": "0b8e7d9c-51d4-4f6a-9c0e-7a2d3b4c5e6f",
        "event_number": "DR-2026-0021",
        "event_name": "Heat peak, North",
        "stage_number": 1,
        "program": "COOL",
        "category": "Economic",
        "time_zone": "America/New_York",
        "starts_at": "2026-07-22T18:00:00Z",
        "ends_at": "2026-07-22T20:00:00Z",
        "control": "setpoint_offset",
        "control_value": 2.0,
        "state": "In Progress",
        "started_at": "2026-07-22T18:00:00.412000Z",
        "revision": 3,
        "reason": "",
    }

    event_uid: UUID = Field(description="The event of the stage; it has the same uid in every system.")
    event_number: str = Field(min_length=1, max_length=20, description="The event's number, as people read it.")
    event_name: Name = Field(description="The event's name, as its operator typed it.")
    stage_number: int = Field(ge=1, description="The stage's place in its event; the first is 1.")
    program: Code = Field(description="The code of the program whose devices the stage calls.")
    category: Category = Field(description="The event's type.")
    time_zone: Code = Field(description="The control zone's time zone, as an IANA name.")
    starts_at: AwareDatetime = Field(description="When the stage is to start.")
    ends_at: AwareDatetime = Field(description="When it is to end: the first moment that is no longer part of it.")
    control: Control = Field(description="What a called device is to do.")
    control_value: float = Field(
        description="Kelvin for setpoint_offset, per cent of the time off for duty_cycle, else 0."
    )
    state: StageState = Field(description="The stage's state in DERMS.")
    started_at: AwareDatetime | None = Field(description="When LEC started it; null if DERMS knows of no start.")
    revision: int = Field(ge=1, description="Counts the changes of the stage's state in DERMS.")
    reason: str = Field(default="", max_length=200, description="Why it was canceled; empty in any other state.")

    @model_validator(mode="after")
    def _window_has_length(self) -> Self:
        if self.ends_at <= self.starts_at:
            raise ValueError("a stage ends after it starts")
        return self


class DeviceReservation(StageBody):
    """DERMS sends CPM and LEC the devices a stage has reserved."""

    kind = "device_reservation"
    example = {**EXAMPLE_STAGE, **EXAMPLE_EXTRACT}

    extract: ExtractRef = Field(description="A row per reserved device.")


class StageExecutionStatus(StageBody):
    """LEC reports to DERMS that a stage runs, has called its devices, has ended or was missed."""

    kind = "stage_execution_status"
    example = {
        **EXAMPLE_STAGE,
        "state": "In Progress",
        "at": "2026-07-22T18:00:07.903000Z",
        "started_at": "2026-07-22T18:00:00.412000Z",
        "called": 612345,
        "revision": 2,
    }

    state: Literal["In Progress", "Completed", "Missed"] = Field(
        description="Missed: it could not start before its end, and no device is called."
    )
    at: AwareDatetime = Field(description="When LEC's record of the stage changed to this.")
    started_at: AwareDatetime | None = Field(description="When LEC started it; null for a stage that was missed.")
    called: int = Field(ge=0, description="Devices called so far; 0 until all calls are made.")
    revision: int = Field(ge=1, description="Counts LEC's reports about the stage; a lower or equal one has no effect.")

    @model_validator(mode="after")
    def _what_ran_has_started(self) -> Self:
        if (self.started_at is None) != (self.state == "Missed"):
            raise ValueError("a stage that runs or ran has a start, a missed one has none")
        return self


class HeadEndLoad(Contract):
    """What the called devices behind one head end system do."""

    head_end: Code = Field(description="The head end system through which these devices are reached.")
    called: int = Field(ge=0, description="Devices that were called.")
    answered: int = Field(ge=0, description="Of the called devices, those that have answered, by taking part or not.")
    rejected: int = Field(ge=0, description="Of those that answered, the ones that rejected the call or failed.")
    overridden: int = Field(ge=0, description="Of those that answered, the ones whose customer took them back.")
    reduction_w: int = Field(ge=0, le=1_000_000_000_000, description="W that these devices reduce then.")


class DeliveredLoad(StageBody):
    """LEC reports to DERMS what the called devices of a running stage do; the latest message about a minute counts."""

    kind = "delivered_load"
    example = {
        **EXAMPLE_STAGE,
        "at": "2026-07-22T18:05:00.120000Z",
        "reduction_w": 488210450,
        "called": 612345,
        "answered": 591002,
        "rejected": 6110,
        "overridden": 2514,
        "head_ends": [
            {
                "head_end": "HE1",
                "called": 600102,
                "answered": 579811,
                "rejected": 6110,
                "overridden": 2490,
                "reduction_w": 478993210,
            },
            {
                "head_end": "HE2",
                "called": 12243,
                "answered": 11191,
                "rejected": 0,
                "overridden": 24,
                "reduction_w": 9217240,
            },
        ],
    }

    at: AwareDatetime = Field(description="The moment of which all the figures are.")
    reduction_w: int = Field(ge=0, le=1_000_000_000_000, description="W that all called devices reduce then.")
    called: int = Field(ge=0, description="Devices that were called.")
    answered: int = Field(ge=0, description="Of the called devices, those that have answered, by taking part or not.")
    rejected: int = Field(ge=0, description="Of those that answered, the ones that rejected the call or failed.")
    overridden: int = Field(ge=0, description="Of those that answered, the ones whose customer took them back.")
    head_ends: tuple[HeadEndLoad, ...] = Field(
        default=(), description="The same figures by head end system; together they are those above."
    )


class RawOutcome(StageBody):
    """LEC sends DERMS what each device of a stage did."""

    kind = "raw_outcome"
    example = {**EXAMPLE_STAGE, **EXAMPLE_EXTRACT}

    extract: ExtractRef = Field(description="A row per device that was reserved for the stage.")


class DeviceOutcome(StageBody):
    """DERMS sends CPM one outcome for every device that was ever reserved for a stage."""

    kind = "device_outcome"
    example = {**EXAMPLE_STAGE, **EXAMPLE_EXTRACT}

    extract: ExtractRef = Field(description="A row per device with its outcome, which is final.")

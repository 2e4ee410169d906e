"""What CPM sends DERMS about programs and the devices enrolled in them, and what DERMS answers."""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, Field

from ..contract import Contract
from ..dated_rules import DatedRules
from ..program_rules import ProgramRules
from .bodies import (
    EXAMPLE_DEVICE,
    EXAMPLE_EXTRACT,
    Code,
    DeviceBody,
    DeviceClass,
    ExtractRef,
    MessageBody,
    Name,
    ProgramBody,
    Watts,
)
from .subjects import device_subject

EnrollmentAnswerWord = Literal["Registered", "Deregistered", "Error"]


class EnrollmentChange(Contract):
    """One device that joins or leaves a program, or replaces another one."""

    change: Literal["start", "end", "replace"] = Field(description="What happens to the device in the program.")
    head_end: Code = Field(description="The head end system through which the device is reached.")
    nic_id: Code = Field(description="The device's NIC id; of a replacement, that of the new device.")
    program: Code = Field(description="The program's code.")
    at: AwareDatetime = Field(description="When it happens; a change that is not later than the last has no effect.")
    device_class: DeviceClass = Field(description="What kind of device it is.")
    rated_w: Watts = Field(description="W that the device takes, or gives, at full power.")
    zone: Code = Field(description="Code of the control zone in which the device is installed.")
    feeder: Code = Field(description="Code of the feeder that supplies it.")
    transformer: Code = Field(description="Code of the transformer that supplies it.")
    critical_care: bool = Field(default=False, description="Whether somebody's health depends on power at its place.")
    replaces_nic_id: Code | None = Field(
        default=None, description="Of a replacement, the NIC id of the device that is taken out; else null."
    )


class EnrollmentSync(MessageBody):
    """CPM sends DERMS one enrollment change."""

    kind = "enrollment_sync"
    example = {
        "enrollment": {
            "change": "replace",
            **EXAMPLE_DEVICE,
            "program": "COOL",
            "at": "2026-05-04T13:20:11Z",
            "device_class": "thermostat",
            "rated_w": 3500,
            "zone": "NORTH",
            "feeder": "NORTH-S1-F2",
            "transformer": "NORTH-S1-F2-T017",
            "critical_care": False,
            "replaces_nic_id": "N0000007",
        }
    }

    enrollment: EnrollmentChange = Field(description="The change.")

    @property
    def subject(self) -> str:
        return device_subject(self.enrollment.head_end, self.enrollment.nic_id)


class EnrollmentAnswer(DeviceBody):
    """DERMS answers an enrollment change, once per device in it."""

    kind = "enrollment_answer"
    example = {**EXAMPLE_DEVICE, "program": "COOL", "answer": "Registered", "error": ""}

    program: Code = Field(description="The program's code.")
    answer: EnrollmentAnswerWord = Field(description="What the device is in DERMS now; Error if it was refused.")
    error: str = Field(default="", description="Why it was refused, as a sentence; else empty.")


class EnrollmentLoad(ProgramBody):
    """CPM sends DERMS the enrollments of a program in one file: a first load."""

    kind = "enrollment_load"
    example = {"program": "COOL", **EXAMPLE_EXTRACT}

    extract: ExtractRef = Field(description="A row per enrolled device.")


class EnrollmentLoadAnswer(ProgramBody):
    """DERMS answers a part of a first load, a row per device."""

    kind = "enrollment_load_answer"
    example = {"program": "COOL", **EXAMPLE_EXTRACT}

    extract: ExtractRef = Field(description="A row per device of the part.")


class ProgramRuleSync(ProgramBody):
    """CPM sends DERMS a program and its rules; a lower or equal version has no effect."""

    kind = "program_rule_sync"
    example = {
        "program": "COOL",
        "name": "Cool Saver",
        "active": True,
        "version": 4,
        "rules": {
            "season_start": "06-01",
            "season_end": "09-30",
            "hours_from": "12:00:00",
            "hours_until": "21:00:00",
            "holidays": ["2026-07-03"],
            "notice_minutes": 30,
            "events_per_season": 15,
            "consecutive_days": 3,
            "critical_care_exempt": True,
            "overridable": ["consecutive_days"],
        },
        "suspended": False,
        "starts_on": "2026-01-01",
        "ends_on": None,
        "dated_rules": [
            {
                "effective_on": "2027-06-01",
                "expires_on": "2027-09-30",
                "rules": {"season_start": "06-01", "season_end": "09-30", "events_per_season": 12},
            }
        ],
        "releases": 0,
        "calls_devices": True,
    }

    name: Name = Field(description="The program's name, as people read it.")
    active: bool = Field(description="Whether events may use it now.")
    version: int = Field(ge=1, description="Counts the changes of the program in CPM.")
    rules: ProgramRules = Field(
        description="When and how often its devices may be used, on days for which no dated rules hold."
    )
    suspended: bool = Field(default=False, description="Whether no devices may be chosen from it for now.")
    starts_on: date | None = Field(default=None, description="The first local day of its events; null: any.")
    ends_on: date | None = Field(default=None, description="The last local day of its events; null: any.")
    dated_rules: tuple[DatedRules, ...] = Field(
        default=(), description="Rules of certain days; DERMS picks by the local day on which a stage starts."
    )
    releases: int = Field(
        default=0,
        ge=0,
        description="How often its manager had its scheduled stages canceled; a higher number than known cancels them.",
    )
    calls_devices: bool = Field(
        default=True,
        description="Whether events may choose its devices: not those of a rate, a control group or a registration.",
    )

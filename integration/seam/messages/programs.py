"""What CPM tells DERMS of programs and of the devices enrolled in them, and what DERMS answers."""

from datetime import date, time
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from ..contract import Contract
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

MONTH_DAY = r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
EnrollmentAnswerWord = Literal["Registered", "Deregistered", "Error"]


class EnrollmentChange(Contract):
    """One device that begins or ends taking part in a program, or takes another one's place."""

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
    """CPM tells DERMS of one enrollment change."""

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
    """CPM hands DERMS the enrollments of a program in one file: a first load."""

    kind = "enrollment_load"
    example = {"program": "COOL", **EXAMPLE_EXTRACT}

    extract: ExtractRef = Field(description="A row per enrolled device.")


class EnrollmentLoadAnswer(ProgramBody):
    """DERMS answers a part of a first load, a row per device."""

    kind = "enrollment_load_answer"
    example = {"program": "COOL", **EXAMPLE_EXTRACT}

    extract: ExtractRef = Field(description="A row per device of the part.")


class ProgramRules(Contract):
    """When and how often a program's devices may be used. None, empty or False: the rule does not exist.

    Seasons are month-day pairs and may pass the new year; hours and weekdays (Monday is 0) are the control zone's own.
    """

    season_start: str | None = Field(
        default=None, pattern=MONTH_DAY, description="First day of the season, month-day; null: all year."
    )
    season_end: str | None = Field(default=None, pattern=MONTH_DAY, description="Last day of the season, month-day.")
    weekdays: tuple[Annotated[int, Field(ge=0, le=6)], ...] = Field(
        default=(), description="Weekdays on which events may start, 0 is Monday; empty: all."
    )
    hours_from: time | None = Field(
        default=None, description="Time of the control zone's day before which no event runs."
    )
    hours_until: time | None = Field(
        default=None, description="Time of the control zone's day after which no event runs."
    )
    holidays: tuple[date, ...] = Field(default=(), description="Days without events.")
    notice_minutes: int | None = Field(default=None, ge=0, description="Minutes from Schedule to the start, at least.")
    longest_minutes: int | None = Field(default=None, ge=1, description="Minutes that an event may last.")
    events_per_week: int | None = Field(default=None, ge=0, description="Events of a device from Monday to Sunday.")
    events_per_month: int | None = Field(default=None, ge=0, description="Events of a device in a calendar month.")
    events_per_season: int | None = Field(default=None, ge=0, description="Events of a device in a season.")
    hours_per_week: int | None = Field(default=None, ge=0, description="Hours of a device from Monday to Sunday.")
    hours_per_month: int | None = Field(default=None, ge=0, description="Hours of a device in a calendar month.")
    hours_per_season: int | None = Field(default=None, ge=0, description="Hours of a device in a season.")
    consecutive_days: int | None = Field(default=None, ge=1, description="Days in a row with an event of a device.")
    gap_minutes: int | None = Field(
        default=None, ge=0, description="Minutes from the end of a device's event to the start of its next, at least."
    )
    critical_care_exempt: bool = Field(
        default=False, description="Whether devices of critical-care customers are left out."
    )
    overridable: tuple[str, ...] = Field(default=(), description="Names of the rules that an event may override.")


class ProgramRuleSync(ProgramBody):
    """CPM tells DERMS a program and its rules; a lower or equal version has no effect."""

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
    }

    name: Name = Field(description="The program's name, as people read it.")
    active: bool = Field(description="Whether events may use it now.")
    version: int = Field(ge=1, description="Counts the changes of the program in CPM.")
    rules: ProgramRules = Field(description="When and how often its devices may be used.")

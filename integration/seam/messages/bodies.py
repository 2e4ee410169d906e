"""What messages of all subjects have in common."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from ..contract import Contract
from .subjects import device_subject, program_subject, stage_subject

DeviceClass = Literal["thermostat", "water_heater", "ev_charger", "battery"]
Name = Annotated[str, Field(min_length=1, max_length=120)]
# Blanks around an id are no part of it.
Code = Annotated[str, StringConstraints(strip_whitespace=True), Field(min_length=1, max_length=40)]
MOST_W = 100_000_000  # of one device; forms and files accept no more, either
Watts = Annotated[int, Field(ge=0, le=MOST_W)]


# All examples are about one stage, one of its devices and one file.
EXAMPLE_STAGE: Mapping[str, Any] = {"stage_uid": "5f0c9a52-6f0e-4f5f-9d55-0c3d8a1f7b21"}
EXAMPLE_DEVICE: Mapping[str, Any] = {"head_end": "HE1", "nic_id": "N0000042"}
EXAMPLE_EXTRACT: Mapping[str, Any] = {
    "extract": {
        "extract_uid": "c1d7be0a-3a44-4c1b-8d3e-2f6a5b9e7d10",
        "parts": 3,
        "rows": 612345,
        "manifest_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    }
}


class MessageBody(Contract):
    """One message. `kind` names it in routes and rows; `subject` is what it is about (a stage, a device, a program).

    `example` is a payload as it is sent.
    """

    kind: ClassVar[str]
    example: ClassVar[Mapping[str, Any]]

    @property
    def subject(self) -> str:
        raise NotImplementedError


class StageBody(MessageBody):
    """A message about a stage."""

    stage_uid: UUID = Field(description="The stage; it has the same uid in every system.")

    @property
    def subject(self) -> str:
        return stage_subject(self.stage_uid)


class DeviceBody(MessageBody):
    """A message about a device."""

    head_end: Code = Field(description="The head end system through which the device is reached.")
    nic_id: Code = Field(description="The device's NIC id, unique among the devices of its head end that are in use.")

    @property
    def subject(self) -> str:
        return device_subject(self.head_end, self.nic_id)


class StageDeviceBody(DeviceBody, StageBody):
    """A message about one device of one stage; its subject is the device."""


class ProgramBody(MessageBody):
    """A message about a program."""

    program: Code = Field(description="The program's code.")

    @property
    def subject(self) -> str:
        return program_subject(self.program)


class ExtractRef(Contract):
    """Names a bulk file: its parts are numbered from 1, and its manifest must have exactly this SHA-256."""

    extract_uid: UUID = Field(description="The folder of the file in the storage of extracts.")
    parts: int = Field(ge=1, description="How many parts it has; each is delivered and applied by itself.")
    rows: int = Field(ge=0, description="Rows of all parts together.")
    manifest_sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of manifest.json, in hex digits.")


class Receipt(Contract):
    """A receiver's answer, kept with the delivery: SUCCESS, or ERROR if it refused rows and applied the others."""

    status: Literal["SUCCESS", "ERROR"] = "SUCCESS"
    applied: int = 1
    refused: int = 0
    note: str = ""

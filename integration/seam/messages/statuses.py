"""Whether devices can be reached: CPM asks, and Live Energy Connect answers for many devices at once."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from ..contract import Contract
from .bodies import Code, MessageBody
from .subjects import check_subject

StatusWord = Literal["online", "offline", "unknown"]
_EXAMPLE_CHECK = "2d7c7a0b-58f3-4f2a-8a3e-0d4f7a9b6c15"


class AskedDevices(Contract):
    """Devices behind one head end system."""

    head_end: Code = Field(description="The head end system through which they are reached.")
    nic_ids: tuple[Code, ...] = Field(min_length=1, description="Their NIC ids.")


class DeviceStatusCheck(MessageBody):
    """CPM asks LEC whether devices can be reached at this moment; it calls none of them."""

    kind = "device_status_check"
    example = {"check_uid": _EXAMPLE_CHECK, "devices": [{"head_end": "HE1", "nic_ids": ["N0000042", "N0000043"]}]}

    check_uid: UUID = Field(description="The question; its answer has the same uid.")
    devices: tuple[AskedDevices, ...] = Field(min_length=1, description="The devices, by head end system.")

    @property
    def subject(self) -> str:
        return check_subject(self.check_uid)


class FoundDevices(AskedDevices):
    """Devices behind one head end system of which the same is known."""

    status: StatusWord = Field(
        description="online: it could be reached; offline: its head end says it can't; unknown: nobody can say."
    )


class DeviceStatus(MessageBody):
    """LEC answers CPM, and tells DERMS: which of the devices could be reached, and when."""

    kind = "device_status"
    example = {
        "check_uid": _EXAMPLE_CHECK,
        "at": "2026-07-23T09:12:04Z",
        "devices": [
            {"head_end": "HE1", "nic_ids": ["N0000042"], "status": "online"},
            {"head_end": "HE1", "nic_ids": ["N0000043"], "status": "offline"},
        ],
    }

    check_uid: UUID = Field(description="The question that this answers.")
    at: AwareDatetime = Field(description="The moment at which this was so.")
    devices: tuple[FoundDevices, ...] = Field(description="Each device that was asked about, once.")

    @property
    def subject(self) -> str:
        return check_subject(self.check_uid)

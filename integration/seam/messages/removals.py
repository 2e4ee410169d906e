"""Messages about devices that must not be used, or that leave a stage that has reserved them."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from .bodies import EXAMPLE_DEVICE, EXAMPLE_STAGE, DeviceBody, StageDeviceBody

RemovalReason = Literal["opt-out", "customer unavailable", "enrollment ended"]
RemovalWord = Literal["removed", "released", "too late"]
LEFT: tuple[RemovalWord, ...] = ("removed", "released")  # the answers after which a device is out of the stage


class CustomerUnavailability(DeviceBody):
    """CPM sends DERMS a period in which a device must not be used; a lower or equal version has no effect."""

    kind = "customer_unavailability"
    example = {
        "unavailability_uid": "7e3f1c88-92ab-4d0e-a1c4-5b6d7e8f9a0b",
        **EXAMPLE_DEVICE,
        "starts_at": "2026-07-22T16:00:00Z",
        "ends_at": "2026-07-24T04:00:00Z",
        "version": 1,
        "canceled": False,
    }

    unavailability_uid: UUID = Field(description="The period; it keeps its uid when it is changed or canceled.")
    starts_at: AwareDatetime = Field(description="When the period starts.")
    ends_at: AwareDatetime = Field(description="When it ends: the first moment that is no longer part of it.")
    version: int = Field(ge=1, description="Counts the changes of the period in CPM.")
    canceled: bool = Field(default=False, description="Whether the period no longer applies.")


class EventOptOut(StageDeviceBody):
    """CPM reports to DERMS that a customer's device leaves a stage before it starts."""

    kind = "event_opt_out"
    example = {**EXAMPLE_STAGE, **EXAMPLE_DEVICE}


class OptOutAnswer(StageDeviceBody):
    """DERMS answers an opt-out: confirmed, or too late because the stage had started at this time."""

    kind = "opt_out_answer"
    example = {
        **EXAMPLE_STAGE,
        **EXAMPLE_DEVICE,
        "answer": "too late",
        "at": "2026-07-22T18:00:00.412000Z",
        "source": "customer",
    }

    answer: Literal["confirmed", "too late"] = Field(description="Whether the device stays out of the stage.")
    at: AwareDatetime = Field(description="When LEC took the device out; if it was too late, when the stage started.")
    is_unconfirmed: bool = Field(
        default=False,
        description="Whether it is too late since the head end had not read, by the start, that the device leaves.",
    )
    source: Literal["customer", "device"] = Field(
        default="customer",
        description="Who opted out: the customer by way of CPM, or the device by way of its head end.",
    )


class DeviceOptOut(StageDeviceBody):
    """LEC reports to DERMS that a head end said a device stays out of a stage: in time, or after the start."""

    kind = "device_opt_out"
    example = {**EXAMPLE_STAGE, **EXAMPLE_DEVICE, "answer": "removed", "at": "2026-07-22T17:41:09.215000Z"}

    answer: Literal["removed", "too late"] = Field(description="Whether LEC had not started the stage yet.")
    at: AwareDatetime = Field(description="When LEC took the device out; if it was too late, when the stage started.")


class DeviceRemoval(StageDeviceBody):
    """DERMS asks LEC not to call a device in a stage, or to release it if it was called."""

    kind = "device_removal"
    example = {**EXAMPLE_STAGE, **EXAMPLE_DEVICE, "reason": "opt-out"}

    reason: RemovalReason = Field(description="Why the device leaves.")


class RemovalAnswer(StageDeviceBody):
    """LEC answers a removal: removed before the start, released while the stage ran, or too late."""

    kind = "removal_answer"
    example = {
        **EXAMPLE_STAGE,
        **EXAMPLE_DEVICE,
        "reason": "customer unavailable",
        "answer": "released",
        "at": "2026-07-22T18:42:30.008000Z",
    }

    reason: RemovalReason = Field(description="Why the device was to leave, as it was asked.")
    answer: RemovalWord = Field(description="What LEC could do.")
    at: AwareDatetime = Field(description="When LEC did it; if it was too late, when the stage started.")
    is_unconfirmed: bool = Field(
        default=False,
        description="Whether it is too late since the head end had not read, by the start, that the device leaves.",
    )


class ReservationReleased(StageDeviceBody):
    """DERMS reports to CPM what became of a reservation it had to release."""

    kind = "reservation_released"
    example = {
        **EXAMPLE_STAGE,
        **EXAMPLE_DEVICE,
        "reason": "customer unavailable",
        "answer": "released",
        "at": "2026-07-22T18:42:30.008000Z",
    }

    reason: RemovalReason = Field(description="Why the device was to leave.")
    answer: RemovalWord = Field(description="What LEC could do.")
    at: AwareDatetime = Field(description="When LEC did it; if it was too late, when the stage started.")
    is_unconfirmed: bool = Field(
        default=False,
        description="Whether it is too late since the head end had not read, by the start, that the device leaves.",
    )

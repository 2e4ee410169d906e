"""What the API says of CPM's rows: each field's type, and what it means. The values are those of the columns."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from integration.pages.api_fields import HEAD_END, NIC_ID, DeviceItem, among, hidden
from integration.seam.messages import Category as EventCategory
from integration.seam.outcomes import Outcome

from ..choices import (
    DeviceClass,
    EnrollmentState,
    ParticipationStatus,
    ProgramEventState,
    SyncAnswer,
    UnavailabilityState,
)

PROGRAM = "Code of the program."
EVENT, STAGE = "Number of the event at DERMS.", "Number of the stage within the event."
CLASSES = [label for _value, label in DeviceClass.choices]
YesNo = Literal["Yes", "No"]


class ProgramRow(Schema):
    """A program."""

    program: str = Field(description="Its name.")
    code: str = Field(description=PROGRAM)
    state: Literal["active", "Suspended", "Not active"] = Field(description="Whether it takes part in new events.")
    program_type: str = Field(description="Code of its type.")
    allow_customer_unavailability: bool = Field(description="Whether periods of unavailability can be entered.")
    open_subscriptions: int = Field(description="Subscriptions that have not ended.")


class ProgramEventRow(Schema):
    """A stage of an event, as its program sees it."""

    program_event: str = Field(description=EVENT)
    stage: int = Field(description=STAGE)
    name: str = Field(description="Name of the event.")
    program: str = Field(description=PROGRAM)
    category: EventCategory = Field(description="Category of the event.")
    state: ProgramEventState = Field(description="Its state.")
    starts_at: datetime = Field(description="When it starts.")
    ends_at: datetime = Field(description="When it ends, or was ended.")
    participations: int = Field(description="Devices that were ever reserved.")
    reserved: int = Field(description="Devices that are reserved and not closed.")
    closed: int = Field(description="Devices whose outcome is known.")
    d1sp: int = Field(description="Devices with the outcome D1SP: successful participation.")
    d1io: int = Field(description="Devices with the outcome D1IO: in-flight override.")
    d1nd: int = Field(description="Devices with the outcome D1ND: non-responsive.")
    d1er: int = Field(description="Devices with the outcome D1ER: device error.")
    d1cn: int = Field(description="Devices with the outcome D1CN: canceled.")
    reduction_w_reported: int | None = Field(description="Reported reduction, in W; null: nothing was reported.")
    reason: str = Field(description="Why it was canceled; else empty.")


class ParticipationRow(Schema):
    """One device in one program event."""

    program_event: str = Field(description=EVENT)
    stage: int = Field(description=STAGE)
    program: str = Field(description=PROGRAM)
    head_end: str = Field(description=HEAD_END)
    nic_id: str = Field(description=NIC_ID)
    class_: str = among(CLASSES, "The kind of device, in words.", alias="class")
    model: str = Field(description="The device's model.")
    customer: str = hidden("Number of the customer.")
    customer_name: str = hidden("Name of the customer.")
    account: str = hidden("Account of the customer.")
    reservation_flag: YesNo = Field(description="Whether the device is reserved.")
    status: ParticipationStatus = Field(description="What became of the participation.")
    reserved_from: datetime = Field(description="Start of the stage.")
    reserved_until: datetime = Field(description="End of the stage.")
    preemptive_opt_out: YesNo = Field(description="Whether the customer opted out before the start.")
    outcome: Outcome | None = Field(description="What the device did; null: not known yet.")
    outcome_in_words: str = Field(description="The same in words; empty: not known yet.")
    actual_start: datetime | None = Field(description="When it began to take part.")
    actual_end: datetime | None = Field(description="When it ceased to.")
    expected_w: int = Field(description="What was expected of it, in W.")
    reduction_w_reported: int | None = Field(description="By how much it reduced, in W; null: not reported.")
    error: str = Field(description="What was reported as an error; else empty.")


class EnrollmentRow(Schema):
    """An enrollment of a customer in a program."""

    enrollment: int = Field(description="Its id.")
    program: str = Field(description=PROGRAM)
    state: EnrollmentState = Field(description="Where it has got to.")
    customer: str = hidden("Number of the customer.")
    what_it_waits_for: str = Field(description="Of Exception and Error: a sentence per line; else empty.")
    since: datetime = Field(description="When its state changed last.")
    applied_by: str = Field(description="Who applied; empty: a file brought it in.")


class EnrolledDeviceRow(DeviceItem):
    """A device of an enrollment, and what DERMS answered about it."""

    class_: DeviceClass = Field(alias="class", description="The kind of device.")
    model: str = Field(description="The device's model.")
    rated_w: int = Field(description="What it could draw, in W.")
    answer: SyncAnswer = Field(description="What DERMS answered.")
    error: str = Field(description="Why DERMS refused it; else empty.")


class CustomerRow(Schema):
    """A customer."""

    customer: str = Field(description="The customer's number.")
    name: str = Field(description="The customer's name.")
    account: str = Field(description="The customer's account.")
    phone: str = Field(description="The customer's telephone.")
    e_mail: str = Field(description="The customer's e-mail address; may be empty.")
    device_locations: list[str] = Field(description="The addresses of the customer's device locations.")
    programs: list[str] = Field(description="Codes of the programs in which the customer is now.")


class LocationRow(Schema):
    """A place where devices of a customer are installed."""

    location: int = Field(description="Its id.")
    address: str = Field(description="Its address.")
    time_zone: str = Field(description="Its time zone.", examples=["America/Chicago"])
    control_zone: str = Field(description="Code of the control zone.")
    substation: str = Field(description="Code of the substation.")
    feeder: str = Field(description="Code of the feeder.")
    transformer: str = Field(description="Code of the transformer.")
    moved_out: datetime | None = Field(description="When the customer moved out; null: the place is theirs.")


class CustomerDeviceRow(Schema):
    """A device of a customer."""

    device: int = Field(description="Its id.")
    head_end: str = Field(description=HEAD_END)
    nic_id: str = Field(description=NIC_ID)
    class_: DeviceClass = Field(alias="class", description="The kind of device.")
    model: str = Field(description="The device's model.")
    rated_w: int = Field(description="What it could draw, in W.")
    location: int = Field(description="Id of its location.")
    installed: datetime = Field(description="When it was installed.")
    taken_out: datetime | None = Field(description="When it was taken out; null: it is installed.")


class SubscriptionRow(Schema):
    """A subscription of a customer: an enrollment that is or was valid."""

    subscription: int = Field(description="Its id.")
    enrollment: int | None = Field(description="Id of the enrollment; null: a file brought it in.")
    program: str = Field(description=PROGRAM)
    location: int = Field(description="Id of the location.")
    from_: datetime = Field(alias="from", description="When it began.")
    until: datetime | None = Field(description="When it ended; null: it is open.")


class UnavailabilityRow(Schema):
    """A period in which a customer's device must not be used."""

    unavailability: UUID = Field(description="Its uid.")
    version: int = Field(description="Counts its changes; a change names the version it is based on.")
    head_end: str = Field(description=HEAD_END)
    nic_id: str = Field(description=NIC_ID)
    from_: datetime = Field(alias="from", description="Its start.")
    until: datetime = Field(description="Its end.")
    reason: str = Field(description="Why the device must not be used.")
    state: UnavailabilityState = Field(description="Whether it holds.")

"""What the API says of DERMS's rows: each field's type, and what it means. The values are those of the columns."""

from datetime import date, datetime
from typing import Literal

from ninja import Schema
from pydantic import Field

from integration.pages.api_fields import DeviceItem, among
from integration.pages.badges import look_of
from integration.seam.outcomes import Outcome

from ..choices import Approval, Category, DeviceClass, EventState, Objective, StageState, StrategyState

ZONE, FEEDER = "Code of the control zone.", "Code of the feeder."
RATED_W = "What the device could draw, in W."


class EventRow(Schema):
    """An event, as the list of events shows it."""

    event: str = Field(description="The event's number.", examples=["DR-2026-0021"])
    name: str = Field(description="What people call it.")
    state: str = among((look_of(state).word for state in EventState), "The state, in the word that pages show.")
    approval: Approval = Field(description="Whether an approver has to approve it, and has.")
    balance_authority_approval: Approval = Field(description="The same of the Balance Authority.")
    type: Category = Field(description="The event type.")
    objective: Objective = Field(description="What the event aims for.")
    control_zone: str = Field(description=ZONE)
    strategy: str = Field(description="Name of the strategy that it was made from.")
    starts_at: datetime | None = Field(description="When its first stage starts; null without stages.")
    ends_at: datetime | None = Field(description="When its last stage ends, or was ended; null without stages.")
    target_kw: int | None = Field(description="The highest target of any moment, in kW; null: no target.")
    reserved_w: int | None = Field(description="Expected of what is reserved, in W; null until it is scheduled.")
    expected_by_submit_w: int | None = Field(description="What Submit expected, in W; null once it is scheduled.")
    reduction_w_reported: int | None = Field(description="The mean reduction, in W; null: nothing was reported yet.")
    far_too_little_delivered_of_target_or_of_reserved_without_one: int | None = Field(
        description="In %, if so little was delivered that somebody must look; else null."
    )


class StageRow(Schema):
    """A stage of an event."""

    stage: int = Field(description="Its number within the event, from 1.")
    program: str = Field(description="Code of the program whose devices it calls.")
    starts_at: datetime = Field(description="When it starts.")
    ends_at: datetime = Field(description="When it ends as planned.")
    state: StageState = Field(description="Its state.")
    target_kw: float | None = Field(description="Its part of the event's target, or its own, in kW; null: none.")
    reserved: int = Field(description="Devices that it reserved.")
    called: int = Field(description="Devices that were called.")
    left_out: int = Field(description="Devices that could not be reserved, for any reason.")
    outcomes: dict[str, int] = Field(description="Devices by outcome code, once outcomes are known.")


class Step(Schema):
    """A period in which nothing changes."""

    starts_at: datetime = Field(description="Its start.")
    ends_at: datetime = Field(description="Its end.")
    target_kw: float | None = Field(description="The target in kW; null: none.")
    reserved_kw: float = Field(description="Expected of what is reserved (before Schedule: expected by Submit), in kW.")
    missing_kw: float = Field(description="What is missing of the target, in kW.")
    delivered_kw: float | None = Field(description="Reported, in kW; null: nothing was reported.")


class Figures(Schema):
    """An event's figures. Powers are the highest of any moment; the mean is over the hours of its stages."""

    reserved_kw: float = Field(description="Expected of what is reserved, in kW.")
    target_kw: float | None = Field(description="The target in kW; null: none.")
    missing_kw: int = Field(description="What is missing of the target at the worst moment, in kW.")
    energy_kwh: float | None = Field(description="Reported energy in kWh; null: nothing was reported.")
    mean_kw: float | None = Field(description="Reported, on average, in kW; null: nothing was reported.")
    peak_kw: float | None = Field(description="Reported at most, in kW; null: nothing was reported.")
    target_kwh: float | None = Field(description="The target's energy in kWh; null: no target.")
    toward_kwh: float | None = Field(description="Reported while there is a target, in kWh.")
    reserved_kwh: float = Field(description="Expected energy of what is reserved, in kWh.")


class Profile(Schema):
    """What an event reserved, has to reach and delivered, as its page shows it."""

    figures: Figures = Field(description="The event's figures.")
    steps: list[Step] = Field(description="Its profile, step by step.")


class ClassedDevice(DeviceItem):
    """A row about a device, with its kind."""

    class_: DeviceClass = Field(alias="class", description="The kind of device.")


class DeviceRow(ClassedDevice):
    """A device as DERMS knows it."""

    control_zone: str = Field(description=ZONE)
    feeder: str = Field(description=FEEDER)
    rated_w: int = Field(description=RATED_W)
    registered: datetime = Field(description="When DERMS registered it.")


class StageDeviceRow(ClassedDevice):
    """A device that a stage reserved, and what it did."""

    feeder: str = Field(description=FEEDER)
    expected_w: int = Field(description="What is expected of it, in W.")
    outcome: Outcome | None = Field(description="What it did; null: not known yet.")
    reduction_w_reported: int | None = Field(description="By how much it reduced, in W; null: not reported.")
    actual_start: datetime | None = Field(description="When it began to take part; null: it did not, or not yet.")
    actual_end: datetime | None = Field(description="When it ceased to.")
    error: str | None = Field(description="What its head end system reported as an error.")


class SilentRow(DeviceItem):
    """A device that did not answer its last three calls or more."""

    program: str = Field(description="The programs it is in.")
    control_zone: str = Field(description=ZONE)
    rated_w: int = Field(description=RATED_W)
    silent_since: datetime | None = Field(description="The first call that it did not answer since it was last heard.")
    last_heard: datetime | None = Field(description="When it was last heard; null: never.")
    last_check: Literal["online", "offline", "unknown"] | None = Field(
        description="What its last status check said; null: none did."
    )
    checked_at: datetime | None = Field(description="When that was said.")
    last_called: date = Field(description="The day of its last call.")
    called_again_from: date = Field(description="From this day it may be called again.")


class GroupRow(Schema):
    """A DER group."""

    group: int = Field(description="Its id.")
    name: str = Field(description="Its name, unique.")
    description: str = Field(description="What it is for.")
    devices_that_match: str = Field(description="Its criteria in words; empty: all devices.")


class GroupDeviceRow(ClassedDevice):
    """A device of a DER group that is enrolled now."""

    control_zone: str = Field(description=ZONE)
    substation: str = Field(description="Code of the substation.")
    feeder: str = Field(description=FEEDER)
    transformer: str = Field(description="Code of the transformer.")
    rated_w: int = Field(description=RATED_W)
    response_rate: float = Field(description="How often it took part lately, in %.")


class StrategyRow(Schema):
    """A strategy, from which events are made."""

    strategy: str = Field(description="Its uid.", json_schema_extra={"format": "uuid"})
    name: str = Field(description="Its name, unique.")
    state: StrategyState = Field(description="Only active ones make events.")
    type: Category = Field(description="The type of its events.")
    objective: Objective = Field(description="What its events aim for.")
    control_zone: str = Field(description=ZONE)
    default_stages: int = Field(description="How many stages its events have.")
    target_kw: int | None = Field(description="The target of its events in kW; null: none.")


class ForecastRow(Schema):
    """A control zone's load in one hour, on average."""

    control_zone: str = Field(description=ZONE)
    hour: datetime = Field(description="The hour's start.")
    forecast_kw: int = Field(description="Forecast, in kW; below 0 if the zone generates more than it uses.")
    metered_kw: int | None = Field(description="Metered, in kW; null until it is.")
    loaded: datetime = Field(description="When this was loaded.")

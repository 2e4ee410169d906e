"""What the reference system's interfaces of a CPM take: its names, codes and lengths."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, Field, StringConstraints, model_validator

from integration.pages.rest import Id, Moment, RestBody, moment_text
from integration.seam.messages import Category

from ..choices import ProgramEventState

CATEGORIES: Mapping[Literal["X1EC", "X1EM", "X1RE", "X1DT"], Category] = {
    "X1EC": "Economic",
    "X1EM": "Emergency",
    "X1RE": "Reliability",
    "X1DT": "Device Test",
}
ACTIONS: Mapping[str, ProgramEventState] = {
    "X1SD": ProgramEventState.SCHEDULED,
    "X1IP": ProgramEventState.IN_PROGRESS,
    "F1CO": ProgramEventState.COMPLETED,
    "F1CN": ProgramEventState.CANCELED,
}
OUTCOMES = Literal["D1SP", "D1IO", "D1ND", "D1ER", "D1CN"]
HeadEnd = Annotated[str, Field(min_length=1, max_length=50)]
NicId = Annotated[str, Field(min_length=1, max_length=100)]


class ProgramEventBody(RestBody):
    """A stage of an event."""

    external_identifier: Id
    event_external_identifier: Id
    program_external_identifier: Id
    program_event_category: Literal["X1EC", "X1EM", "X1RE", "X1DT"]
    start_date_time: Moment
    end_date_time: Moment

    @model_validator(mode="after")
    def ends_later(self) -> Self:
        _require_order(self.start_date_time, self.end_date_time)
        return self


class LifecycleBody(RestBody):
    """A change of an event's state."""

    event_external_identifier: Id
    action: Literal["X1SD", "X1IP", "F1CO", "F1CN"]
    cancel_reason: Annotated[str, Field(max_length=254)] = ""


class DeviceRow(RestBody):
    """A device, by head end system and NIC id."""

    head_end_system: HeadEnd
    nic_id: NicId

    @property
    def key(self) -> tuple[str, str]:
        return self.head_end_system, self.nic_id

    @property
    def sent(self) -> dict[str, str]:
        """The device under the interface's names."""
        return {"headEndSystem": self.head_end_system, "nicId": self.nic_id}


class ReservedDevice(DeviceRow):
    """A device to be reserved; without a window of its own it has the event's."""

    reservation_start_date_time: Moment | None = None
    reservation_end_date_time: Moment | None = None


class ReserveBody(RestBody):
    """Devices to be reserved for an event."""

    event_external_identifier: Id
    event_start_date_time: Moment
    event_end_date_time: Moment
    device_list: Annotated[list[ReservedDevice], Field(min_length=1)]

    @model_validator(mode="after")
    def each_once(self) -> Self:
        _each_once([one.key for one in self.device_list])
        _require_order(self.event_start_date_time, self.event_end_date_time)
        return self

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The devices as rows of an extract; the interface tells no power."""
        return [{"head_end": one.head_end_system, "nic_id": one.nic_id, "expected_w": 0} for one in self.device_list]

    @property
    def with_own_window(self) -> list[ReservedDevice]:
        """The devices whose window is not the event's."""
        whole = self.event_start_date_time, self.event_end_date_time
        return [
            one
            for one in self.device_list
            if (one.reservation_start_date_time or whole[0], one.reservation_end_date_time or whole[1]) != whole
        ]


class OutcomeRow(DeviceRow):
    """What a device did. An event that the list names need not stand here."""

    event_external_identifier: Annotated[str, Field(max_length=120)] = ""
    outcome: OUTCOMES
    participation_start_date_time: Moment | None = None
    participation_end_date_time: Moment | None = None
    error_message: Annotated[str, StringConstraints(max_length=100)] = ""

    @model_validator(mode="after")
    def ends_later(self) -> Self:
        start, end = self.participation_start_date_time, self.participation_end_date_time
        if start and end and end < start:
            raise ValueError("participationEndDateTime is before participationStartDateTime")
        return self

    @property
    def row(self) -> dict[str, Any]:
        """The outcome as a row of an extract; the interface tells no power."""
        start, end = self.participation_start_date_time, self.participation_end_date_time
        return {
            "head_end": self.head_end_system,
            "nic_id": self.nic_id,
            "code": self.outcome,
            "started_at": start and moment_text(start),
            "ended_at": end and moment_text(end),
            "reduction_w": 0,
            "error": self.error_message,
        }


class OutcomesBody(RestBody):
    """Outcomes of one event; versions of the interface write the list bare, or the event beside it."""

    event_external_identifier: Annotated[str, Field(max_length=120)] = ""
    post_outcome_list: Annotated[list[OutcomeRow], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def of_a_list(cls, given: Any) -> Any:
        return {"postOutcomeList": given} if isinstance(given, list) else given

    @model_validator(mode="after")
    def each_once(self) -> Self:
        _each_once([(self.event_of(one), *one.key) for one in self.post_outcome_list])
        if not all(map(self.event_of, self.post_outcome_list)):
            raise ValueError("eventExternalIdentifier is missing")
        return self

    def event_of(self, row: OutcomeRow) -> str:
        return row.event_external_identifier or self.event_external_identifier

    @property
    def by_event(self) -> dict[str, list[OutcomeRow]]:
        events: dict[str, list[OutcomeRow]] = {}
        for one in self.post_outcome_list:
            events.setdefault(self.event_of(one), []).append(one)
        return events


class StatusResult(RestBody):
    status: Literal["SUCCESS", "FAILURE"]


class StatusDetail(RestBody):
    """Whether the device of a status check can be reached."""

    # Both are published.
    transaction_id: Annotated[
        str, Field(validation_alias=AliasChoices("transactionID", "transactionId"), min_length=1, max_length=30)
    ]
    result: StatusResult


class StatusBody(RestBody):
    response_detail: StatusDetail


def _require_order(start: datetime, end: datetime) -> None:
    if end <= start:
        raise ValueError("the end must be after the start")


def _each_once(keys: list[Any]) -> None:
    """Raises ValueError if a device is there twice: it could not be said which row counts."""
    if len(set(keys)) < len(keys):
        raise ValueError("a device is there twice")

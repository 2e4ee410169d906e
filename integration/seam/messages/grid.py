"""What DERMS sends about the grid and the head end systems, so that others can refuse what isn't there."""

from pydantic import AwareDatetime, Field

from ..contract import Contract
from .bodies import Code, MessageBody, Name


class FeederPlace(Contract):
    """A feeder and where it is."""

    feeder: Code = Field(description="The feeder's code.")
    substation: Code = Field(description="Code of the substation that it begins at.")
    zone: Code = Field(description="Code of the control zone that both are in.")


class GridSync(MessageBody):
    """DERMS sends CPM all its feeders; those that are not named are gone."""

    kind = "grid_sync"
    example = {
        "feeders": [{"feeder": "NORTH-S1-F2", "substation": "NORTH-S1", "zone": "NORTH"}],
        "at": "2026-05-04T13:20:11Z",
    }

    feeders: tuple[FeederPlace, ...] = Field(description="Each feeder.")
    at: AwareDatetime = Field(description="When they were so; an earlier moment than the last has no effect.")

    @property
    def subject(self) -> str:
        return "grid"


class HeadEndName(Contract):
    """A head end system."""

    head_end: Code = Field(description="Its code, as devices name it.")
    name: Name = Field(description="Its name, as people read it.")


class HeadEndSync(MessageBody):
    """DERMS sends CPM and LEC all head end systems; those that are not named are gone."""

    kind = "head_end_sync"
    example = {"head_ends": [{"head_end": "HE1", "name": "Head End One"}], "at": "2026-05-04T13:20:11Z"}

    head_ends: tuple[HeadEndName, ...] = Field(description="Each head end system.")
    at: AwareDatetime = Field(description="When they were so; an earlier moment than the last has no effect.")

    @property
    def subject(self) -> str:
        return "head ends"

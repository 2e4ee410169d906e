"""What the meters say of a stage, so that DERMS knows how far what was reported is true."""

from pydantic import Field

from ..contract import Contract
from .bodies import EXAMPLE_STAGE, Code, DeviceClass, StageBody

_W = 1_000_000_000_000


class GroupRealisation(Contract):
    """Measured devices of one class behind one head end system; power is the mean over the stage."""

    head_end: Code = Field(description="The head end system through which these devices are reached.")
    device_class: DeviceClass = Field(description="What kind of devices they are.")
    meters: int = Field(ge=1, description="Meters that measured them, each counted by the device that stands for it.")
    expected_w: int = Field(ge=0, le=_W, description="W expected of all called devices behind these meters.")
    reported_w: int = Field(ge=0, le=_W, description="W that the same devices reported.")
    measured_w: int = Field(
        ge=-_W, le=_W, description="W that the meters say they reduced by; below 0, they used more."
    )


class MeasuredRealisation(StageBody):
    """CPM sends DERMS what the meters say of a stage; a lower or equal version has no effect."""

    kind = "measured_realisation"
    example = {
        **EXAMPLE_STAGE,
        "version": 1,
        "groups": [
            {
                "head_end": "HE1",
                "device_class": "thermostat",
                "meters": 5120,
                "expected_w": 4710400,
                "reported_w": 4505600,
                "measured_w": 3942400,
            }
        ],
    }

    version: int = Field(
        ge=1, description="Counts the measurements of the stage: corrected readings make the next one."
    )
    groups: tuple[GroupRealisation, ...] = Field(
        description="By head end system and class; empty if nothing was measured."
    )

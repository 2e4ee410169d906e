"""What is true of a device, whatever program it is in: CPM keeps it, DERMS chooses by it."""

from pydantic import AwareDatetime, Field

from .bodies import EXAMPLE_DEVICE, Code, DeviceBody, DeviceClass, Watts


class DeviceFacts(DeviceBody):
    """CPM sends DERMS an enrolled device as it is now; facts that aren't later than the known ones have no effect.

    Stages that have reserved the device keep the power they counted with.
    """

    kind = "device_facts"
    example = {
        **EXAMPLE_DEVICE,
        "at": "2026-05-11T09:14:52Z",
        "device_class": "thermostat",
        "rated_w": 4200,
        "zone": "NORTH",
        "feeder": "NORTH-S1-F2",
        "transformer": "NORTH-S1-F2-T018",
        "critical_care": False,
    }

    at: AwareDatetime = Field(description="When they became true: their version, which only grows per device.")
    device_class: DeviceClass = Field(description="What kind of device it is.")
    rated_w: Watts = Field(description="W that the device takes, or gives, at full power.")
    zone: Code = Field(description="Code of the control zone in which the device is installed.")
    feeder: Code = Field(description="Code of the feeder that supplies it.")
    transformer: Code = Field(description="Code of the transformer that supplies it.")
    critical_care: bool = Field(description="Whether somebody's health depends on power at its place.")


class DeviceFactsAnswer(DeviceBody):
    """DERMS answers changed facts of a device: it uses them, or refused them with a reason."""

    kind = "device_facts_answer"
    example = {**EXAMPLE_DEVICE, "at": "2026-05-11T09:14:52Z", "error": ""}

    at: AwareDatetime = Field(description="The version of the facts, as it was sent.")
    error: str = Field(default="", description="Why they were refused, as a sentence; else empty.")

"""How a device's response runs over time: what is left of it in each hour of a call, and what comes back afterwards.

The defaults are assumptions, each with its source. Shares are of the device's nominal power: what it would give in the
first hour of the call. Read by generated stages, pictures and the table in docs/reference/generated-stages.md.
"""

from dataclasses import dataclass

from .choices import Control, DeviceClass

DESIGN = "assumption, until measured events replace it"
SNAPBACK = f"{DESIGN}; on snapback: https://michaelsenergy.com/portfolio/demand-response-and-snapback/"


@dataclass(frozen=True)
class ResponseShape:
    """Shares per hour; `source` says what the assumption rests on.

    `held` is what is left of the nominal power in each hour of a call, its last value also in all later hours. `back`
    is what comes back in each hour after it, and nothing later; scaled down if it were more energy than was held.
    `ramp_minutes` is how long the devices take to get there.
    """

    held: tuple[float, ...]
    back: tuple[float, ...]
    ramp_minutes: int = 0
    source: str = ""

    def held_in(self, hour: int) -> float:
        """The share that is left in an hour of the call, counted from 0."""
        return self.held[min(hour, len(self.held) - 1)]

    def lowest(self, hours: float) -> float:
        """The lowest share during a call of this length: what can be promised for all of it."""
        return min(self.held_in(hour) for hour in range(max(1, -int(-hours // 1))))

    def energy(self, hours: float) -> float:
        """The energy of a call of this length, in hours of nominal power."""
        whole = int(hours)
        return sum(self.held_in(hour) for hour in range(whole)) + (hours - whole) * self.held_in(whole)

    def back_after(self, hours: float) -> tuple[float, ...]:
        """What comes back in each hour after a call of this length: no more energy than it held."""
        total = sum(self.back)
        scale = min(1.0, self.energy(hours) / total) if total else 0.0
        return tuple(share * scale for share in self.back)


FLAT = ResponseShape(held=(1.0,), back=())
SHAPES: dict[tuple[str, str], ResponseShape] = {
    (DeviceClass.THERMOSTAT, Control.SETPOINT_OFFSET): ResponseShape((1.0, 0.75, 0.55, 0.4), (0.5, 0.25), 10, SNAPBACK),
    (DeviceClass.THERMOSTAT, Control.DUTY_CYCLE): ResponseShape((1.0, 0.95, 0.9), (0.3, 0.15), 10, SNAPBACK),
    (DeviceClass.THERMOSTAT, Control.OFF): ResponseShape((1.0,), (0.6, 0.3, 0.1), 5, SNAPBACK),
    (DeviceClass.WATER_HEATER, Control.SETPOINT_OFFSET): ResponseShape((1.0, 0.8, 0.6), (0.5, 0.25), 10, SNAPBACK),
    (DeviceClass.WATER_HEATER, Control.DUTY_CYCLE): ResponseShape((1.0,), (0.5, 0.25), 5, SNAPBACK),
    (DeviceClass.WATER_HEATER, Control.OFF): ResponseShape((1.0,), (0.7, 0.2, 0.1), 5, SNAPBACK),
    (DeviceClass.EV_CHARGER, Control.DUTY_CYCLE): ResponseShape((1.0,), (0.3, 0.3, 0.2, 0.2), 1, DESIGN),
    (DeviceClass.EV_CHARGER, Control.OFF): ResponseShape((1.0,), (0.3, 0.3, 0.2, 0.2), 1, DESIGN),
    (DeviceClass.BATTERY, Control.DISCHARGE): ResponseShape((1.0, 1.0, 1.0, 0.5), (0.25, 0.25, 0.25, 0.25), 1, DESIGN),
}


def shape_of(device_class: str, control: str) -> ResponseShape:
    """Return the shape of a class's response to a control; FLAT if the control isn't made for it."""
    return SHAPES.get((device_class, control), FLAT)

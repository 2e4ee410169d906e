"""The table of controls, classes and directions of docs/reference/choosing.md, once more and in plain words."""

MADE_FOR = {
    "discharge": {"battery"},
    "setpoint_offset": {"thermostat", "water_heater"},
    "duty_cycle": {"thermostat", "water_heater", "ev_charger"},
    "off": {"thermostat", "water_heater", "ev_charger"},
}
# (class, is it summer?, is the offset above 0 K?): whether the load falls
FALLS = {
    ("thermostat", True, True): True,
    ("thermostat", True, False): False,
    ("thermostat", False, True): False,
    ("thermostat", False, False): True,
    ("water_heater", True, True): False,
    ("water_heater", True, False): True,
    ("water_heater", False, True): False,
    ("water_heater", False, False): True,
}


def plain_share(control: str, value: float, device_class: str, is_summer: bool) -> float | None:
    """The share of its flexible power that a device reduces by; None if it must not be called."""
    if device_class not in MADE_FOR[control]:
        return None
    if control == "duty_cycle":
        return value / 100
    if control == "setpoint_offset":
        falls = value == 0 or FALLS[device_class, is_summer, value > 0]
        return min(4.0, abs(value)) / 4 if falls else None
    return 1.0

"""The controls of stages: which device classes each works for, and the share of their power that it reduces by.

Read by device selection, the plan check, Submit, forms and the table in docs/reference/choosing.md.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .choices import Control, DeviceClass


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a control does to a device's power."""

    classes: tuple[DeviceClass, ...]  # it does nothing to devices of other classes
    share: Callable[[float], float]  # the share of its flexible power that a device reduces by, from the control value
    share_words: str  # the same, for the documentation
    unit: str | Promise  # what its value means
    has_direction: bool = False  # the value's sign decides whether a device reduces or adds load


NO_VALUE = _("none, enter 0")
SHEDDABLE = (DeviceClass.THERMOSTAT, DeviceClass.WATER_HEATER, DeviceClass.EV_CHARGER)
CONTROLS: dict[str, Effect] = {
    Control.SETPOINT_OFFSET: Effect(
        classes=(DeviceClass.THERMOSTAT, DeviceClass.WATER_HEATER),
        share=lambda kelvin: min(1.0, 0.25 * abs(kelvin)),
        share_words="0.25 per K, at most 1",
        unit=_("K, up or down"),
        has_direction=True,
    ),
    Control.DUTY_CYCLE: Effect(
        classes=SHEDDABLE,
        share=lambda percent: percent / 100,
        share_words="its percentage",
        unit=_("% of the time off"),
    ),
    Control.OFF: Effect(classes=SHEDDABLE, share=lambda _value: 1.0, share_words="1", unit=NO_VALUE),
    Control.DISCHARGE: Effect(
        classes=(DeviceClass.BATTERY,), share=lambda _value: 1.0, share_words="1", unit=_("none, enter 0")
    ),
}


def reduced_share(control: str, value: float, device_class: str, *, is_cooling: bool) -> float | None:
    """Return the share of its flexible power that a device of this class reduces by under a control.

    None if the control does nothing to the class, or makes it add load. `is_cooling` is whether the zone's buildings
    are cooled at the time. The rule: docs/reference/choosing.md, Controls.
    """
    effect = CONTROLS[control]
    if device_class not in effect.classes or adds_load(control, value, device_class, is_cooling=is_cooling):
        return None
    return effect.share(value)


def adds_load(control: str, value: float, device_class: str, *, is_cooling: bool) -> bool:
    """Whether a control of this value makes a device of this class draw more: a setpoint moved the wrong way.

    A thermostat that cools draws less at a higher setpoint, one that heats at a lower one, and so does a water heater
    at any time of the year.
    """
    effect = CONTROLS[control]
    if not effect.has_direction or device_class not in effect.classes:
        return False
    reducing = 1 if is_cooling and device_class == DeviceClass.THERMOSTAT else -1
    return value * reducing < 0

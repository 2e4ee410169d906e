"""What keeps a stage's control from reducing anything, as sentences that say what is wrong and what to do."""

from collections.abc import Iterable, Iterator

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from derms.choices import DeviceClass
from derms.controls import CONTROLS, adds_load
from derms.models import Event, Stage
from derms.set_operations.controls import unsuited_classes
from integration.pages.numbers import signed


def control_problems(event: Event, stages: list[Stage]) -> Iterator[str]:
    """Yield a sentence per stage whose control reduces the power of none of the devices it may choose from."""
    for stage in stages:
        if unsuited := unsuited_classes(stage):
            is_cooling = event.zone.is_cooling(stage.starts_at)
            wrong_way = [
                kind for kind in unsuited if adds_load(stage.control, stage.control_value, kind, is_cooling=is_cooling)
            ]
            yield _wrong_direction(event, stage, wrong_way) if wrong_way else _unsuited(stage, unsuited)


def _unsuited(stage: Stage, unsuited: list[DeviceClass]) -> str:
    return _(
        "Stage %(number)s: the control “%(control)s” is made for %(suited)s, but the stage can only call %(there)s. "
        "Choose another control, program or DER group."
    ) % {
        "number": stage.number,
        "control": stage.get_control_display(),
        "suited": _listed(CONTROLS[stage.control].classes),
        "there": _listed(unsuited),
    }


def _wrong_direction(event: Event, stage: Stage, classes: list[DeviceClass]) -> str:
    """Say that the setpoint moves the wrong way; only for thermostats the season matters."""
    values = {
        "number": stage.number,
        "value": signed(stage.control_value),
        "other": signed(-stage.control_value),
        "there": _listed(classes),
        "zone": event.zone,
    }
    if DeviceClass.THERMOSTAT not in classes:
        sentence = _("Stage %(number)s: a setpoint offset of %(value)s K adds load (%(there)s). Enter %(other)s K.")
    elif event.zone.is_cooling(stage.starts_at):
        sentence = _(
            "Stage %(number)s: a setpoint offset of %(value)s K adds load (%(there)s) in a month in which %(zone)s "
            "cools. Enter %(other)s K."
        )
    else:
        sentence = _(
            "Stage %(number)s: a setpoint offset of %(value)s K adds load (%(there)s) in a month in which %(zone)s "
            "heats. Enter %(other)s K."
        )
    return sentence % values


def _listed(classes: Iterable[DeviceClass]) -> str:
    return get_text_list([str(kind.label) for kind in classes], _("and"))

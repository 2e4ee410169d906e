"""What an event's plan was each time it was submitted, and what changed from one time to the next."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from derms.choices import Control, Objective
from derms.models import ControlZone, Event, Stage, SubmittedPlan
from derms.pages.moments import window_in_words
from integration.pages.numbers import NONE, power_text, signed
from integration.seam.program_rules import RULES

Words = Callable[[Any, ControlZone], str]
Fields = Mapping[str, tuple[str | Promise, Words]]


class PlanChange(NamedTuple):
    """One field of the event, or of a stage (`stage` names it), and its values before and after, in words."""

    stage: str
    field: str | Promise
    old: str
    new: str


class Resubmitted(NamedTuple):
    """When the plan was submitted before, and what has changed in it since."""

    at: datetime
    changes: list[PlanChange]


def keep_plan(event: Event, stages: Sequence[Stage], now: datetime) -> None:
    """Store the plan of an event that was just submitted; the caller has locked it and counted its revision up."""
    plan = {
        "event": {name: getattr(event, name) for name in EVENT},
        "stages": {str(stage.uid): _stage(stage) for stage in stages},
    }
    SubmittedPlan.objects.create(event=event, revision=event.revision, at=now, plan=plan)


def changed_since_last_time(event: Event) -> Resubmitted | None:
    """Return what changed between the last two times an event was submitted; None if there was only one."""
    last = list(event.submitted_plans.order_by("-revision")[:2])
    if len(last) < 2:
        return None
    after, before = last
    return Resubmitted(before.at, list(_changes(before.plan, after.plan, event.zone)))


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "number": stage.number,
        "program": stage.program.name,
        "window": [stage.starts_at.isoformat(), stage.ends_at.isoformat()],
        "groups": [[group["name"], group["version"]] for group in stage.submitted_groups or []],
        "target_kw": stage.target_kw,
        "share_pct": stage.share_pct,
        "control": [stage.control, float(stage.control_value)],
    }


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], zone: ControlZone) -> Iterator[PlanChange]:
    yield from _fields("", EVENT, before["event"], after["event"], zone)
    old, new = before["stages"], after["stages"]
    for uid in sorted({*old, *new}, key=lambda one: ((new.get(one) or old[one])["number"], one in new)):
        stage = _("Stage %(number)s") % {"number": (new.get(uid) or old[uid])["number"]}
        if uid not in new:
            yield PlanChange(stage, "", _in_short(old[uid], zone), _("removed"))
        elif uid not in old:
            yield PlanChange(stage, "", _("not there"), _in_short(new[uid], zone))
        else:
            yield from _fields(stage, STAGE, old[uid], new[uid], zone)


def _fields(
    stage: str, fields: Fields, old: Mapping[str, Any], new: Mapping[str, Any], zone: ControlZone
) -> Iterator[PlanChange]:
    for name, (label, words) in fields.items():
        if old[name] != new[name]:
            yield PlanChange(stage, label, words(old[name], zone), words(new[name], zone))


def _in_short(stage: Mapping[str, Any], zone: ControlZone) -> str:
    parts = [stage["program"], _window(stage["window"], zone), _control(stage["control"], zone)]
    if stage["target_kw"] is not None:
        parts.append(power_text(stage["target_kw"]))
    return ", ".join(parts)


def _text(text: str, zone: ControlZone) -> str:
    return text or NONE


def _kw(kw: float | None, zone: ControlZone) -> str:
    return power_text(kw)


def _percent(percent: int | None, zone: ControlZone) -> str:
    return NONE if percent is None else f"{percent} %"


def _objective(objective: str, zone: ControlZone) -> str:
    return str(Objective(objective).label)


def _rules(rules: Sequence[str], zone: ControlZone) -> str:
    return ", ".join(_(RULES[name].reason) if name in RULES else name for name in rules) or _("none")


def _window(window: Sequence[str], zone: ControlZone) -> str:
    starts_at, ends_at = map(datetime.fromisoformat, window)
    return window_in_words(starts_at, ends_at, zone)


def _groups(groups: Sequence[tuple[str, int]], zone: ControlZone) -> str:
    """The version says that a group's criteria have changed."""
    named = (_("%(group)s (version %(version)s)") % {"group": name, "version": version} for name, version in groups)
    return ", ".join(named) or _("every device of the program")


def _control(control: tuple[str, float], zone: ControlZone) -> str:
    name, value = control
    unit = {Control.SETPOINT_OFFSET: "K", Control.DUTY_CYCLE: "%"}.get(Control(name))
    label = str(Control(name).label)
    return f"{label} {signed(value) if unit == 'K' else f'{value:g}'} {unit}" if unit else label


EVENT: Fields = {
    "name": (gettext_lazy("Name"), _text),
    "description": (gettext_lazy("Description"), _text),
    "objective": (gettext_lazy("Objective"), _objective),
    "target_kw": (gettext_lazy("Target"), _kw),
    "threshold_kw": (gettext_lazy("Threshold"), _kw),
    "overridden_rules": (gettext_lazy("Overridden rules"), _rules),
    "shortfall_accepted_kw": (gettext_lazy("Accepted shortfall"), _kw),
}
STAGE: Fields = {
    "program": (gettext_lazy("Program"), _text),
    "window": (gettext_lazy("Window"), _window),
    "groups": (gettext_lazy("DER groups"), _groups),
    "target_kw": (gettext_lazy("Target"), _kw),
    "share_pct": (gettext_lazy("Share"), _percent),
    "control": (gettext_lazy("Control"), _control),
}

"""Why a generated plan misses something, in words."""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from derms.models import Program

from .generating.problem import Reason

REASONS: dict[str, str | Promise] = {
    "increase": _("Max Increase or the threshold beside the window holds devices back; without it, less is missing by"),
    "feeders": _("Ratings of feeders hold devices back; without them, less is missing by"),
    "stages": _("The number, least size and times of stages; without these bounds, less is missing by"),
    "length": _("%(program)s: its longest event; without it, less is missing by"),
    "hours": _("Hours in which devices may not be called; without them, less is missing by"),
    "whole": _("No part of a device can be called; this is missing because of it:"),
    "size": _("Too many kinds of devices for so long a window: choose fewer programs or hours. Missing:"),
    "nobody": _("In some hours of the window nobody may be called; the least of the others is missing there:"),
    "time": _("The solver ran into its time limit; missing in its plan:"),
    "devices": _("All devices that may be called are; no bound matters. Missing:"),
}


class ReasonInWords(NamedTuple):
    """A reason, and how much less would be missing without it."""

    says: str
    kwh: float


def in_words(reasons: Sequence[Reason], programs: Sequence[Program]) -> list[ReasonInWords]:
    """Return the reasons of a plan that may call these programs."""
    names = {program.pk: program.name for program in programs}
    return [
        ReasonInWords(str(REASONS[one.kind]) % {"program": names.get(one.program or 0, "")}, one.kwh) for one in reasons
    ]

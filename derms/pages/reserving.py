"""Sentences about what Schedule would do with a plan: refuse it, or reserve far too much at some moment."""

from django.utils.translation import gettext as _

from integration.pages.numbers import count_text, power_text, power_unit

from ..figures.profile import Figures, Window
from ..models import ControlZone, Event
from .moments import window_in_words


def refusal_in_words(event: Event, figures: Figures, devices: int) -> str:
    """Say that Schedule would refuse the event, with what is missing and what is accepted; empty if it would not.

    `figures` and `devices` are what would be reserved. The rule is Event.accepts; Schedule asks it, too.
    """
    if not event.accepts(figures.missing_kw):
        return _(
            "The event would not be scheduled unless a shortfall of %(missing)s kW is accepted; accepted are "
            "%(accepted)s kW."
        ) % {"missing": count_text(figures.missing_kw), "accepted": count_text(event.shortfall_accepted_kw)}
    return "" if devices else _("The event would not be scheduled: no device can be reserved.")


def gap_in_words(zone: ControlZone, figures: Figures) -> str:
    """Say how much of the target is missing at most, and when; empty if nothing is."""
    if (gap := figures.missing_in) is None:
        return ""
    window, missing = _window(gap, zone), count_text(gap.missing_kw)
    return _("%(window)s: %(missing)s kW are missing.") % {"window": window, "missing": missing}


def surplus_in_words(zone: ControlZone, figures: Figures, *, overlaps: bool) -> str:
    """Say when more than twice the target would be reserved, when the most is missing, and why; empty if it isn't.

    `overlaps`: stages of the event do.
    """
    surplus, unit = figures.surplus_in, power_unit(figures.aimed_kw, figures.target_kw, figures.missing_kw)
    if surplus is None:
        return ""
    sentences = [
        _("%(window)s: %(reserved)s would be reserved, more than twice the target of %(target)s.")
        % {
            "window": _window(surplus, zone),
            "reserved": power_text(surplus.reserved_kw, unit),
            "target": power_text(surplus.target_kw, unit),
        }
    ]
    if gap_in_words(zone, figures):
        sentences.append(gap_in_words(zone, figures))
    alone = _("A stage reserves for the moment of its window that asks the most; the target is lower then.")
    together = _(
        "Each stage takes the most that any moment of its window asks of it, so stages that overlap in part add up "
        "to more than the target: let them begin and end together, or one after the other."
    )
    return " ".join([*sentences, together if overlaps else alone])


def _window(window: Window, zone: ControlZone) -> str:
    return window_in_words(window.starts_at, window.ends_at, zone)

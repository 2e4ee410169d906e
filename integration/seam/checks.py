"""`manage.py check`: every dotted name in the routes resolves, and every message has a route and a sender."""

from typing import Any

from django.conf import settings
from django.core.checks import Error, register
from django.utils.module_loading import import_string

from .messages import CONTRACTS, sendable_majors
from .routes import DOOR_TESTS, DUE, EVENT_STEPS, EVERY, ROUTES, SEALED_BESIDE, SENDERS, STAKES, TO_EXTERNAL_CPM


def _names() -> list[str]:
    routes = [name for several in ROUTES.values() for r in several for name in (r.handler, r.prepare) if name]
    routes += [route.handler for route in TO_EXTERNAL_CPM.values()]
    due = [name for due in DUE.values() for name in (due.ids, due.operation, due.stage) if name]
    of_systems = [*STAKES, EVENT_STEPS, *SEALED_BESIDE, *DOOR_TESTS.values()]
    return routes + due + [every.operation for every in EVERY.values()] + of_systems


@register()
def routes_resolve(**kwargs: Any) -> list[Error]:
    """One error for each name that does not resolve."""
    errors = []
    for name in _names():
        try:
            import_string(name)
        except ImportError as problem:
            errors.append(Error(f"{name} in routes.py does not resolve: {problem}", id="gridcall.E001"))
    for kind in CONTRACTS.keys() ^ ROUTES.keys():
        errors.append(Error(f"“{kind}” is not both in messages.CONTRACTS and in routes.ROUTES.", id="gridcall.E002"))
    for kind in ROUTES.keys() ^ SENDERS.keys():
        errors.append(Error(f"“{kind}” is not both in routes.ROUTES and in routes.SENDERS.", id="gridcall.E002"))
    return errors


@register()
def protocol_can_be_sent(**kwargs: Any) -> list[Error]:
    """An error if PROTOCOL_VERSION is neither the current major version nor the one before."""
    majors = sendable_majors()
    if settings.PROTOCOL_VERSION in majors:
        return []
    text = f"PROTOCOL_VERSION is {settings.PROTOCOL_VERSION}; this process can send {' or '.join(map(str, majors))}."
    return [Error(text, id="gridcall.E003")]


@register()
def external_cpm_is_set_up(**kwargs: Any) -> list[Error]:
    """An error if EXTERNAL_CPM_LIFECYCLE is another word than those there are."""
    if settings.EXTERNAL_CPM_LIFECYCLE in ("event", "stage"):
        return []
    text = f"EXTERNAL_CPM_LIFECYCLE is “{settings.EXTERNAL_CPM_LIFECYCLE}”; it must be event or stage."
    return [Error(text, id="gridcall.E005")]

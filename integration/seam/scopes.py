"""Scopes: what a service account may be allowed, as permissions of the pages.

A scope opens nothing by itself: a call may do what the token's scopes, the account's scopes and the owner's present
permissions all allow. No scope carries approving, the Balance Authority, people, roles or service accounts.
"""

from collections.abc import Iterable, Mapping

SCOPES: Mapping[str, frozenset[str]] = {
    "events:read": frozenset({"derms.view_event"}),
    "devices:read": frozenset({"derms.view_device"}),
    "programs:read": frozenset({"cpm.view_program"}),
    "program_events:read": frozenset({"cpm.view_programevent"}),
    "participations:read": frozenset({"cpm.view_participation"}),
    "enrollments:read": frozenset({"cpm.view_enrollment"}),
    "customers:read": frozenset({"cpm.view_customer"}),
    "alerts:read": frozenset({"integration.view_alert"}),
    "messages:read": frozenset({"integration.view_message"}),
    "events:write": frozenset({"derms.plan_event"}),
    "unavailability:write": frozenset({"cpm.change_unavailability"}),
    "opt_outs:write": frozenset({"cpm.opt_out"}),
    "imports:write": frozenset({"importing.add_importrun"}),
    "enrollments:write": frozenset({"cpm.add_enrollment", "cpm.change_enrollment"}),
    "program_events:write": frozenset({"cpm.change_programevent"}),
    "device_status:write": frozenset({"cpm.change_devicestatus"}),
    # Those of the OpenADR specification for a ven: what it reads and writes is its own (lec_sim/openadr/).
    "read_targets": frozenset({"lec_sim.view_lecstage"}),
    "read_ven_objects": frozenset({"lec_sim.view_lecstage"}),
    "write_reports": frozenset({"lec_sim.change_headendprofile"}),
    "write_subscriptions": frozenset({"lec_sim.change_headendprofile"}),
    "write_vens": frozenset({"lec_sim.change_headendprofile"}),
    # Those of its business logic, which has something to read and to write in the conformance realm alone.
    "read_all": frozenset({"lec_sim.view_lecstage"}),
    "write_programs": frozenset({"lec_sim.change_headendprofile"}),
    "write_events": frozenset({"lec_sim.change_headendprofile"}),
}


# What no key of a person carries, whatever scopes come later.
NEVER_PERSONAL = frozenset(
    {
        "derms.approve_event",
        "derms.approve_event_as_balance_authority",
        "cpm.approve_settlementrun",
        "config.change_user",
        "integration.change_serviceaccount",
    }
)
PERSONAL: Mapping[str, frozenset[str]] = {
    scope: carried for scope, carried in SCOPES.items() if not carried & NEVER_PERSONAL
}


def permissions_of(scopes: Iterable[str]) -> frozenset[str]:
    """The permissions that any of these scopes carries; a scope that no longer exists carries none."""
    return frozenset().union(*(SCOPES.get(scope, frozenset()) for scope in scopes))

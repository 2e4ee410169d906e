"""The roles of docs/reference/roles.md, as Django groups and permissions."""

from typing import Any

from integration.seam.texts import _

# Names of groups; pages translate them.
OPERATOR = _("DERMS operator")
APPROVER = _("DERMS approver")
BALANCE_AUTHORITY = _("Balance Authority")
CSR = _("CSR")
PROGRAM_MANAGER = _("Program manager")
ADMINISTRATOR = _("Administrator")

ROLES: dict[str, set[str]] = {
    OPERATOR: {
        "derms.view_event",
        "derms.plan_event",
        "derms.view_device",
        "derms.change_controlzone",
        "cpm.add_devicestatus",
        "lec_sim.view_lecstage",
        "lec_sim.change_headendprofile",
        "integration.view_message",
        "integration.view_alert",
        "integration.change_alert",
    },
    APPROVER: {"config.view_audit_trail", "derms.view_event", "derms.approve_event", "integration.view_alert"},
    BALANCE_AUTHORITY: {"derms.view_event", "derms.approve_event_as_balance_authority", "integration.view_alert"},
    CSR: {
        "cpm.view_participation",
        "cpm.view_customer",
        "cpm.change_customer",
        "cpm.view_meter",
        "cpm.change_meter",
        "cpm.change_unavailability",
        "cpm.opt_out",
        "cpm.view_enrollment",
        "cpm.add_enrollment",
        "cpm.change_enrollment",
        "cpm.add_selfservicelink",
        "cpm.add_devicestatus",
        "derms.view_device",
    },
    PROGRAM_MANAGER: {
        "derms.view_event",
        "cpm.add_devicestatus",
        "cpm.view_participation",
        "cpm.change_customer",
        "cpm.opt_out",
        "cpm.view_programevent",
        "cpm.view_meter",
        "cpm.view_enrollment",
        "cpm.change_enrollment",
        "cpm.view_program",
        "cpm.change_program",
        "cpm.change_settlementmethod",
        "cpm.view_settlementrun",
        "cpm.add_settlementrun",
        "cpm.review_settlementrun",
        "cpm.approve_settlementrun",
    },
    ADMINISTRATOR: {
        "integration.view_message",
        "integration.change_message",
        "integration.view_alert",
        "integration.change_alert",
        "config.change_user",
        "integration.change_serviceaccount",
        "cpm.change_programevent",
        "cpm.change_devicestatus",
        "integration.change_webhook",
        "importing.add_importrun",
        "config.view_audit_trail",
        "derms.abort_event",
        "derms.change_eventtype",
        "derms.change_controlzone",
    },
}


def save_roles(**kwargs: Any) -> None:
    """Give each role's group exactly the permissions listed above; runs after every migrate."""
    from django.apps import apps
    from django.contrib.auth.management import create_permissions
    from django.contrib.auth.models import Group, Permission

    for config in apps.get_app_configs():
        create_permissions(config, verbosity=0)
    by_name = {f"{p.content_type.app_label}.{p.codename}": p for p in Permission.objects.select_related("content_type")}
    for role, names in ROLES.items():
        Group.objects.get_or_create(name=role)[0].permissions.set([by_name[name] for name in names])

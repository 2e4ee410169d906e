"""What people call the kinds of messages."""

from django.utils.translation import gettext

from .texts import _

NAMES = {
    "stage_status": _("stage status"),
    "stage_execution_status": _("stage execution status"),
    "delivered_load": _("delivered load"),
    "enrollment_sync": _("enrollment sync"),
    "enrollment_answer": _("enrollment answer"),
    "device_facts": _("device facts"),
    "device_facts_answer": _("device facts answer"),
    "program_rule_sync": _("program rule sync"),
    "customer_unavailability": _("customer unavailability"),
    "measured_realisation": _("measured realisation"),
    "event_opt_out": _("event opt-out"),
    "opt_out_answer": _("opt-out answer"),
    "device_opt_out": _("device opt-out"),
    "device_removal": _("device removal"),
    "removal_answer": _("removal answer"),
    "reservation_released": _("reservation released"),
    "device_status_check": _("device status check"),
    "device_status": _("device status"),
    "grid_sync": _("grid sync"),
    "head_end_sync": _("head end sync"),
    "device_reservation": _("device reservation"),
    "raw_outcome": _("raw outcome"),
    "device_outcome": _("device outcome"),
    "enrollment_load": _("enrollment load"),
    "enrollment_load_answer": _("enrollment load answer"),
}


def words_of_kind(kind: str) -> str:
    """The name of a kind in the reader's language; of a kind that this version doesn't know, its own."""
    return gettext(NAMES[kind]) if kind in NAMES else kind.replace("_", " ")

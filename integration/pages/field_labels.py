"""The names of fields in logs of changes: those that the fields have on their forms."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

# Fields whose own name is too short to be read.
LABELS = {
    "lead time s": _("Minimum lead time (s)"),
    "outcome timeout s": _("Outcome time-out (s)"),
    "reserve margin pct": _("Reserve margin (%)"),
    "approved cap pct": _("Most of what was approved (%)"),
    "balance authority threshold kw": _("Threshold (kW)"),
    "limit kw": _("Limit (kW)"),
    "rating kw": _("Rating (kW)"),
    "kva": _("Rated power (kVA)"),
    "target kw": _("Target (kW)"),
    "threshold kw": _("Threshold (kW)"),
    "call order": _("Order of devices"),
    "offset minutes": _("Offset from start (min)"),
    "length minutes": _("Length (min)"),
    "email": _("E-mail address"),
    "rated w": _("Rated power, W"),
    "device class": _("Class"),
    "whereabouts": _("State"),
    "repair since": _("In repair since"),
    "channel": _("Wants to hear by"),
    "consent to hear of events": _("Consents to hear of events"),
    "is active": _("May sign in"),
}


def label_of(name: str) -> str:
    """The label of a field, from its name in its table; what no form shows keeps its name."""
    return str(LABELS[name]) if name in LABELS else gettext(name[:1].upper() + name[1:])

"""The values that columns of imports may hold."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class RunState(TextChoices):
    RECEIVED = "Received", _("Received")
    CHECKING = "Checking", _("Checking")
    CHECKED = "Checked", _("Checked")
    APPLYING = "Applying", _("Applying")
    APPLIED = "Applied", _("Applied")
    REFUSED = "Refused", _("Refused")
    CANCELED = "Canceled", _("Canceled")


ENDED_STATES = (RunState.APPLIED, RunState.REFUSED, RunState.CANCELED)

"""The forms of the monitor."""

from django import forms
from django.utils.translation import gettext_lazy as _


class DiscardForm(forms.Form):
    """The reason for discarding a dead letter."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("What made sure that nobody needs it any more. It stays with the message."),
        error_messages={"required": _("Say why it is given up: it stays with the message.")},
    )

"""The forms of the monitor."""

from django import forms
from django.utils.translation import gettext_lazy as _


class DiscardForm(forms.Form):
    """The reason for discarding a dead letter."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("Why nobody needs it any more. The reason is kept with the message."),
        error_messages={"required": _("Say why it is discarded: the reason is kept with the message.")},
    )


class AcknowledgeForm(forms.Form):
    """What the others should know about an alert that somebody takes on."""

    note = forms.CharField(
        label=_("Note"), max_length=200, required=False, help_text=_("What you are doing about it; others see it.")
    )

"""What people set in the simulator."""

from django import forms
from django.utils.translation import gettext_lazy as _

from .choices import Fault


class FaultForm(forms.Form):
    """Which fault a head end has."""

    fault = forms.ChoiceField(
        label=_("Fault"),
        choices=Fault.choices,
        help_text=_("Applies to calls from now on; devices already called are not affected."),
    )

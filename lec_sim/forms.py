"""What people set in the simulator."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from .choices import Fault
from .queries.silent import head_ends


class FaultForm(forms.Form):
    """Which fault a head end has."""

    fault = forms.ChoiceField(
        label=_("Fault"),
        choices=Fault.choices,
        help_text=_("Applies to calls from now on; devices already called are not affected."),
    )


class SilentForm(forms.Form):
    """Devices that have not answered, by head end."""

    system = forms.ChoiceField(required=False, label=_("Head end"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast(forms.ChoiceField, self.fields["system"])
        choice.choices = [("", _("All head ends")), *[(one, one) for one in head_ends()]]

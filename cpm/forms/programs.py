"""Program Configuration and Program Type Configuration."""

from django import forms
from django.utils.translation import gettext_lazy as _

from cpm.models.programs import Program, ProgramType


class ProgramForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameter when it runs
    """The flags of a program."""

    class Meta:
        model = Program
        fields = ["name", "active", "allow_customer_unavailability"]
        labels = {
            "name": _("Name"),
            "active": _("Active"),
            "allow_customer_unavailability": _("Allow Customer Unavailability"),
        }
        help_texts = {
            "active": _("An event can only use active programs."),
            "allow_customer_unavailability": _("Shows Schedule Unavailability in the Customer Program Summary."),
        }


class ProgramTypeForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameter when it runs
    """Event Opt Out Parameters."""

    class Meta:
        model = ProgramType
        fields = ["name", "allow_to_opt_out", "opt_out_cutoff_minutes"]
        labels = {
            "name": _("Name"),
            "allow_to_opt_out": _("Allow To Opt Out"),
            "opt_out_cutoff_minutes": _("Cut-off (minutes before the stage starts)"),
        }
        help_texts = {
            "allow_to_opt_out": _("Customers may opt out of an event of these programs before it starts."),
            "opt_out_cutoff_minutes": _("0: until the stage starts."),
        }

    def clean_opt_out_cutoff_minutes(self) -> int:
        minutes: int = self.cleaned_data["opt_out_cutoff_minutes"]
        if minutes > 7 * 24 * 60:
            raise forms.ValidationError(_("%(m)s minutes are more than a week."), params={"m": minutes})
        return minutes

"""Program Configuration and Program Type Configuration."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cpm.models.programs import Program, ProgramType
from integration.importing.coded_form import CodedForm

from ..choices import LONGEST_CUTOFF, DeviceClass
from ..imports.program_checks import ORDER
from .lines import LinesField, QuestionsField

DAY = "%Y-%m-%d"
ENROLLING = ("eligible_classes", "eligible_models", "eligible_rates", "questions", "dual_participation")
NOT_CODES = ("new",)  # what the address of a page for a new one ends with


def day_field(label: Any, **options: Any) -> forms.DateField:
    """A day, as the browser's picker sends it."""
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format=DAY), **options)


class ProgramForm(CodedForm):
    """A program's flags and dates."""

    not_codes = NOT_CODES
    eligible_classes = forms.MultipleChoiceField(
        label=_("Eligible device classes"),
        choices=DeviceClass.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None checked: every class."),
    )
    eligible_models = LinesField(
        120,
        label=_("Eligible models"),
        help_text=_("Parts of make and model, one per line. Empty: every model."),
    )
    eligible_rates = LinesField(20, label=_("Eligible rates"), help_text=_("One per line. Empty: every rate."))
    questions = QuestionsField(
        label=_("Qualification questions"),
        help_text=_("One per line, with the answer that is wanted at its end: Do you own the house? yes"),
    )
    starts_on = day_field(_("First day of events"), required=False, help_text=_("Empty: any."))
    ends_on = day_field(_("Last day of events"), required=False, help_text=_("Empty: any."))

    class Meta:
        model = Program
        fields = [
            "code",
            "name",
            "type",
            "active",
            "starts_on",
            "ends_on",
            "allow_customer_unavailability",
            "follows_holidays",
            "settlement",
            "eligible_classes",
            "eligible_models",
            "eligible_rates",
            "dual_participation",
        ]
        labels = {
            "code": _("Code"),
            "name": _("Name"),
            "type": _("Program type"),
            "active": _("Active"),
            "allow_customer_unavailability": _("Allow Customer Unavailability"),
            "follows_holidays": _("No events on holidays"),
            "settlement": _("Settlement method"),
            "dual_participation": _("Dual participation"),
        }
        help_texts = {
            "active": _("An event can only use active programs."),
            "allow_customer_unavailability": _("Shows Schedule Unavailability in the Customer Program Summary."),
            "follows_holidays": _("Those of your country and of your own, next to the days of its rules."),
            "settlement": _("What customers are paid by. The utility's billing settles it."),
            "dual_participation": _("A place may be in another program of the same type at the same time."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["questions"] = self.instance.questions
        if self.instance.pk:
            del self.fields["type"]  # its opt-out parameters were promised to those who are enrolled

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        require_order(self, "starts_on", "ends_on")
        if "questions" in given:
            given["questions_data"] = [one._asdict() for one in given.pop("questions")]
        return given

    @property
    def of_program(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if field.name not in ENROLLING]

    @property
    def of_enrolling(self) -> list[forms.BoundField]:
        """Who may join."""
        return [self[name] for name in ENROLLING]


class ProgramTypeForm(CodedForm):
    """What the programs of a type are, and Event Opt Out Parameters."""

    not_codes = NOT_CODES

    class Meta:
        model = ProgramType
        fields = ["code", "name", "category", "device_required", "allow_to_opt_out", "opt_out_cutoff_minutes"]
        labels = {
            "code": _("Code"),
            "name": _("Name"),
            "category": _("Category"),
            "device_required": _("Device required"),
            "allow_to_opt_out": _("Allow To Opt Out"),
            "opt_out_cutoff_minutes": _("Cut-off (minutes before the stage starts)"),
        }
        help_texts = {
            "category": _("Events choose the devices of device control alone. It stays once the type has programs."),
            "device_required": _("If not, a place without a device can be enrolled, too; events choose devices alone."),
            "allow_to_opt_out": _("Customers may opt out of an event of these programs before it starts."),
            "opt_out_cutoff_minutes": _("0: until the stage starts."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # It decides whether devices are called: who is enrolled was told so.
        self.fields["category"].disabled = bool(self.instance.pk) and self.instance.programs.exists()

    def clean_opt_out_cutoff_minutes(self) -> int:
        minutes: int = self.cleaned_data["opt_out_cutoff_minutes"]
        if minutes > LONGEST_CUTOFF:
            raise forms.ValidationError(_("%(m)s minutes are more than a week."), params={"m": minutes})
        return minutes


class RuleDaysForm(forms.Form):
    """The days for which rules hold."""

    effective_on = day_field(_("Take effect on"), help_text=_("For stages that start on this day or later."))
    expires_on = day_field(_("Last day"), required=False, help_text=_("Empty: until other rules take effect."))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        require_order(self, "effective_on", "expires_on")
        return given


class SuspendForm(forms.Form):
    """Whether the devices that scheduled stages hold are released."""

    releases_devices = forms.BooleanField(
        label=_("Release the devices: cancel the program's scheduled stages"),
        required=False,
        help_text=_("Otherwise these stages keep their devices and run. A running stage finishes in either case."),
    )


def require_order(form: forms.BaseForm, first: str, last: str) -> None:
    """Add an error if the last of two days is before the first."""
    begins: date | None = form.cleaned_data.get(first)
    ends: date | None = form.cleaned_data.get(last)
    if begins and ends and ends < begins:
        form.add_error(last, _(ORDER.text) % {"first": begins, "last": ends})

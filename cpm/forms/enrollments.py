"""Enrolling a customer, their devices, and leaving a program."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cpm.models.customers import Customer, Device
from cpm.models.programs import Program
from integration.seam.messages import MOST_W

from ..choices import DeviceClass, LeavingReason, Supply
from .unavailability import DevicesField

YES, NO = "yes", "no"
_REFERRER = _("The number of the customer who recommended the program.")


def _yes_or_no(question: str) -> forms.ChoiceField:
    return forms.ChoiceField(label=question, choices=[(YES, _("Yes")), (NO, _("No"))], widget=forms.RadioSelect)


class EnrollForm(forms.Form):
    """Which devices of a place join a program, or how one comes there; and what the program asks.

    With the customer who was perhaps `referred`, it asks by whom.
    """

    devices = DevicesField(queryset=Device.objects.none(), label=_("Devices"), required=False)
    supply = forms.ChoiceField(
        label=_("No device yet: how does one come?"),
        choices=[("", _("A device is there, or none is needed")), *Supply.choices],
        required=False,
    )

    def __init__(
        self,
        *args: Any,
        devices: QuerySet[Device],
        program: Program,
        referred: Customer | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.referred = referred
        if referred:
            self.fields["referrer"] = forms.CharField(label=_("Referred by"), required=False, help_text=_REFERRER)
        self.program = program
        self.fields |= {f"question_{n}": _yes_or_no(one.text) for n, one in enumerate(program.questions)}
        field = self.fields["devices"]
        assert isinstance(field, DevicesField)  # noqa: S101  (narrows the type)
        field.queryset = devices
        if len(devices) == 1:
            field.initial = [device.pk for device in devices]
        if not devices:
            del self.fields["devices"]

    def clean_referrer(self) -> Customer | None:
        """The customer with this number."""
        number = self.cleaned_data["referrer"]
        found = Customer.objects.filter(number=number).first() if number else None
        if number and found is None:
            raise forms.ValidationError(_("There is no customer %(number)s."), params={"number": number})
        if found and found == self.referred:
            raise forms.ValidationError(_("Nobody refers themselves. Leave it empty."))
        return found

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if not given.get("devices") and not given.get("supply") and self.program.type.device_required:
            raise forms.ValidationError(_("Choose a device, or how one comes to the customer."))
        if given.get("devices") and given.get("supply"):
            raise forms.ValidationError(_("Choose devices that are there, or how one comes; not both."))
        return given

    @property
    def chosen(self) -> list[Device]:
        return list(self.cleaned_data.get("devices") or ())

    @property
    def is_supplied(self) -> bool:
        """Whether a device will come."""
        return bool(self.cleaned_data["supply"])

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The questions as they were asked, and the answers: yes is true."""
        asked = enumerate(self.program.questions)
        return [{"text": one.text, "answer": self.cleaned_data[f"question_{n}"] == YES} for n, one in asked]


class ReplacementForm(forms.Form):
    """The device that takes the place of another one behind the same head end system."""

    nic_id = forms.CharField(label=_("NIC id of the new device"), max_length=40)
    make = forms.CharField(label=_("Make"), max_length=60, required=False)
    model = forms.CharField(label=_("Model"), max_length=60)
    rated_w = forms.IntegerField(label=_("Rated power, W"), min_value=1, max_value=MOST_W)


class DeviceForm(forms.Form):
    """A device that was installed for an enrollment."""

    head_end = forms.CharField(label=_("Head end system"), max_length=40)
    nic_id = forms.CharField(label=_("NIC id"), max_length=40)
    device_class = forms.ChoiceField(label=_("Class"), choices=DeviceClass.choices)
    make = forms.CharField(label=_("Make"), max_length=60, required=False)
    model = forms.CharField(label=_("Model"), max_length=60)
    rated_w = forms.IntegerField(label=_("Rated power, W"), min_value=1, max_value=MOST_W)
    critical_care = forms.BooleanField(
        label=_("Critical care"), required=False, help_text=_("Somebody's health depends on power at its place.")
    )


class LeavingForm(forms.Form):
    """Why a customer leaves a program."""

    because = forms.ChoiceField(label=_("Reason"), choices=LeavingReason.choices)
    note = forms.CharField(label=_("Note"), max_length=200, required=False)


class WhyForm(forms.Form):
    """Why an enrollment is canceled."""

    why = forms.CharField(label=_("Reason"), max_length=200)

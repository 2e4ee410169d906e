"""Forms of customers, device locations and devices. What messages and files name a row by is given once."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from cpm.models.customers import Customer, Device, DeviceLocation
from integration.importing.coded_form import CodeField
from integration.pages.time_zones import TimeZoneField
from integration.seam.messages import MOST_W

from ..choices import Channel

NO_NUMBERS = ("new",)  # what the address of a page for a new customer ends with


class CustomerForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs alone
    number = CodeField(label=_("Customer number"), max_length=20)
    account = CodeField(label=_("Account"), max_length=20)
    cis_id = CodeField(label=_("Id in the CIS"), max_length=40, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    phone = forms.CharField(label=_("Telephone"), max_length=30, required=False)
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("As the utility")), *settings.LANGUAGES]
    )

    class Meta:
        model = Customer
        fields = [
            "number",
            "name",
            "account",
            "cis_id",
            "email",
            "phone",
            "second_phone",
            "language",
            "channel",
            "consents",
            "consent_source",
            "notes",
        ]
        labels = {
            "name": _("Name"),
            "second_phone": _("Second telephone"),
            "channel": _("Wants to hear by"),
            "consents": _("Consents to hear of events"),
            "consent_source": _("Source of the consent"),
            "notes": _("Notes"),
        }
        help_texts = {
            "consents": _("Without it, and for other channels than e-mail, no e-mails are sent."),
            "consent_source": _("Such as a letter or a call. The time is noted whenever one of the two is changed."),
        }
        widgets = {"notes": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["number"]

    def clean_number(self) -> str:
        number: str = self.cleaned_data["number"]
        if number in NO_NUMBERS:
            raise forms.ValidationError(_("“%(code)s” can't be a code. Choose another one."), params={"code": number})
        return number

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if other := _other(self, "cis_id"):
            self.add_error("cis_id", _("Customer %(other)s has this id.") % {"other": other.number})
        if given.get("channel") == Channel.EMAIL and not given.get("email") and "email" not in self.errors:
            self.add_error("email", _("Enter an e-mail address, or choose another channel."))
        return given


class LocationForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs alone
    service_point = CodeField(
        label=_("Service point"), max_length=40, required=False, help_text=_("The utility's id of the place.")
    )
    time_zone = TimeZoneField()
    zone = CodeField(label=_("Control zone"), max_length=20)
    substation = CodeField(label=_("Substation"), max_length=30, required=False)
    feeder = CodeField(label=_("Feeder"), max_length=30)
    transformer = CodeField(label=_("Transformer"), max_length=40)
    rate = CodeField(label=_("Rate"), max_length=20, required=False, help_text=_("By which the place is billed."))

    class Meta:
        model = DeviceLocation
        fields = [
            "service_point",
            "address",
            "time_zone",
            "zone",
            "substation",
            "feeder",
            "transformer",
            "rate",
            "life_support",
            "access_note",
            "latitude",
            "longitude",
        ]
        labels = {
            "address": _("Address"),
            "life_support": _("Life support"),
            "access_note": _("Access"),
            "latitude": _("Latitude"),
            "longitude": _("Longitude"),
        }
        help_texts = {
            "life_support": _("Somebody's health depends on power at this place: all its devices are critical care."),
            "access_note": _("Gate code, dog, whom to call first."),
            "latitude": _("Degrees, north positive."),
            "longitude": _("Degrees, east positive."),
        }

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if other := _other(self, "service_point"):
            self.add_error("service_point", _("Customer %(other)s has this id.") % {"other": other.customer.number})
        for name, most in (("latitude", 90), ("longitude", 180)):
            value = given.get(name)
            if value is not None and abs(value) > most:
                sentence = _("%(value)s is not between -%(most)s and %(most)s degrees.")
                self.add_error(name, forms.ValidationError(sentence, params={"value": value, "most": most}))
        if not self.errors and (given.get("latitude") is None) != (given.get("longitude") is None):
            self.add_error("longitude", _("Enter both coordinates, or none."))
        return given


class KeptDeviceForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs alone
    head_end = CodeField(label=_("Head end system"), max_length=40, help_text=_("Its code."))
    nic_id = CodeField(label=_("NIC id"), max_length=40)
    rated_w = forms.IntegerField(label=_("Rated power, W"), min_value=1, max_value=MOST_W)

    class Meta:
        model = Device
        fields = [
            "head_end",
            "nic_id",
            "device_class",
            "make",
            "model",
            "serial_number",
            "badge",
            "firmware",
            "rated_w",
            "critical_care",
            "owner",
            "whereabouts",
        ]
        labels = {
            "device_class": _("Class"),
            "make": _("Make"),
            "model": _("Model"),
            "serial_number": _("Serial number"),
            "badge": _("Badge"),
            "firmware": _("Firmware"),
            "critical_care": _("Critical care"),
            "owner": _("Owner"),
            "whereabouts": _("State"),
        }
        help_texts = {
            "badge": _("The number on the utility's sticker."),
            "critical_care": _("Somebody's health depends on power at its place."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["head_end"], self.fields["nic_id"]
        if self.instance.ended_at is None:
            del self.fields["whereabouts"]  # it is installed

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        head_end, nic_id = given.get("head_end"), given.get("nic_id", "")
        if other := Device.objects.filter(head_end=head_end, nic_id__iexact=nic_id, ended_at=None).first():
            sentence = _(
                "There is already a device %(other)s; capital and small letters make no difference. Correct the NIC id."
            )
            self.add_error("nic_id", sentence % {"other": other})
        return given


def _other(form: Any, field: str) -> Any:
    """Another row that has the id which was typed into a field."""
    typed = form.cleaned_data.get(field)
    rows = form._meta.model._default_manager.exclude(pk=form.instance.pk)
    return rows.filter(**{field: typed}).first() if typed else None

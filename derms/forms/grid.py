"""Forms of the grid and of head end systems. A code is given once: devices and messages name the part by it."""

from typing import Any

from django import forms
from django.utils.dates import MONTHS
from django.utils.translation import gettext_lazy as _

from integration.importing.coded_form import CodedForm
from integration.pages.time_zones import TimeZoneField

from ..models import ControlZone, Feeder, HeadEnd, Substation, Transformer


class ZoneForm(CodedForm):
    time_zone = TimeZoneField(help_text=_("Its days and hours count for limits and rules."))
    cooling_months = forms.TypedMultipleChoiceField(
        label=_("Cooling months"),
        choices=list(MONTHS.items()),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Buildings are cooled in these months and heated in the others."),
    )

    class Meta:
        model = ControlZone
        fields = ["code", "name", "time_zone", "limit_kw", "cooling_months"]
        labels = {"code": _("Code"), "name": _("Name"), "limit_kw": _("Limit (kW)")}
        help_texts = {"limit_kw": _("What the zone can carry. Empty: unknown.")}


class SubstationForm(CodedForm):
    class Meta:
        model = Substation
        fields = ["code", "zone"]
        labels = {"code": _("Code"), "zone": _("Control zone")}


class FeederForm(CodedForm):
    class Meta:
        model = Feeder
        fields = ["code", "substation", "rating_kw"]
        labels = {"code": _("Code"), "substation": _("Substation"), "rating_kw": _("Rating (kW)")}
        help_texts = {"rating_kw": _("What the feeder can carry. Empty: unknown.")}


class TransformerForm(CodedForm):
    feeder = forms.ModelChoiceField(
        Feeder.objects.order_by("code"),
        to_field_name="code",
        widget=forms.TextInput,
        label=_("Feeder"),
        help_text=_("Its code."),
        error_messages={"invalid_choice": _("There is no feeder “%(value)s”.")},
    )

    class Meta:
        model = Transformer
        fields = ["code", "feeder", "kva"]
        labels = {"code": _("Code"), "kva": _("Rated power (kVA)")}
        help_texts = {"kva": _("Empty: unknown.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["feeder"] = self.instance.feeder.code


class HeadEndForm(CodedForm):
    class Meta:
        model = HeadEnd
        fields = ["code", "name"]
        labels = {"code": _("Code"), "name": _("Name")}
        help_texts = {"code": _("As devices and Live Energy Connect name it.")}

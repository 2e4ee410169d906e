"""The form of a DER group."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..choices import DeviceClass
from ..models import DerGroup, Feeder, HeadEnd, Program, Substation, Transformer

NAMED = 5  # of the codes that are not there


class TransformerCodes(forms.CharField):
    """Transformers by their codes, since there may be too many to choose from; its value are their ids."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=forms.Textarea(attrs={"rows": 3}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return "\n".join(Transformer.objects.filter(pk__in=value).order_by("code").values_list("code", flat=True))

    def clean(self, value: Any) -> Any:
        codes = list(dict.fromkeys(filter(None, re.split(r"[\s,;]+", super().clean(value)))))
        known = dict(Transformer.objects.filter(code__in=codes).values_list("code", "pk"))
        if missing := [code for code in codes if code not in known]:
            raise forms.ValidationError(_missing(missing))
        return sorted(known.values())


class GroupForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs alone
    """The criteria of a DER group; an empty list matches every device."""

    device_classes = forms.MultipleChoiceField(
        choices=DeviceClass.choices,
        required=False,
        label=_("Device classes"),
        widget=forms.CheckboxSelectMultiple,
    )
    substation_ids = forms.ModelMultipleChoiceField(
        Substation.objects.order_by("code"),
        required=False,
        label=_("Substations"),
        widget=forms.SelectMultiple(attrs={"size": 8}),
    )
    feeder_ids = forms.ModelMultipleChoiceField(
        Feeder.objects.order_by("code"),
        required=False,
        label=_("Feeders"),
        widget=forms.SelectMultiple(attrs={"size": 8}),
    )
    transformer_ids = TransformerCodes(
        label=_("Transformers"), help_text=_("Their codes, separated by blanks, commas or lines.")
    )
    head_end_ids = forms.ModelMultipleChoiceField(
        HeadEnd.objects.order_by("code"),
        required=False,
        label=_("Head end systems"),
        widget=forms.CheckboxSelectMultiple,
    )
    program_ids = forms.ModelMultipleChoiceField(
        Program.objects.order_by("name"), required=False, label=_("Programs"), widget=forms.CheckboxSelectMultiple
    )
    least_rate_pct = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=150,
        label=_("Response rate, at least (%)"),
        help_text=_("As it is when devices are chosen. One that was never called begins at its program's mean."),
    )

    class Meta:
        model = DerGroup
        fields = [
            "name", "description", "device_classes", "substation_ids", "feeder_ids", "transformer_ids", "head_end_ids",
            "program_ids", "least_rate_pct",
        ]  # fmt: skip
        labels = {"name": _("Name"), "description": _("Description")}

    def clean(self) -> dict[str, Any]:
        super().clean()
        for name in ("substation_ids", "feeder_ids", "head_end_ids", "program_ids"):
            if name in self.cleaned_data:
                self.cleaned_data[name] = [row.pk for row in self.cleaned_data[name]]
        return self.cleaned_data


def _missing(codes: Sequence[str]) -> str:
    named = ", ".join(f"“{code[:40]}”" for code in codes[:NAMED])
    return gettext("There is no transformer %(codes)s. Nothing was saved; correct the codes.") % {"codes": named}

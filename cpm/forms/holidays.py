"""The utility's holidays: its country, and dates of its own."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cpm.models.holidays import Holiday, HolidayCalendar

from ..queries import country_named, part_named, parts_of
from .programs import day_field


class CountryForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs alone
    """The country whose public holidays the utility keeps."""

    class Meta:
        model = HolidayCalendar
        fields = ["country", "part"]
        labels = {"part": _("Part of the country")}
        help_texts = {
            "part": _("A state or region with holidays of its own, by its code: CA, BY. Empty: the whole country."),
        }

    country = forms.CharField(
        label=_("Country"),
        max_length=60,
        required=False,
        help_text=_("By its two letters: US, DE. Empty: none, only dates of your own."),
    )

    def clean_country(self) -> str:
        name: str = self.cleaned_data["country"]
        code = country_named(name) if name else ""
        if code is None:
            raise forms.ValidationError(
                _("The holidays of “%(country)s” aren't known. Write a country by its two letters, such as US or DE."),
                params={"country": name},
            )
        return code

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        country, part = given.get("country"), given.get("part", "")
        if not part or country is None:
            return given
        if not country:
            self.add_error("country", _("Write the country that “%(part)s” is a part of.") % {"part": part})
        elif found := part_named(country, part):
            given["part"] = found
        else:
            known = ", ".join(parts_of(country)) or "—"
            self.add_error(
                "part",
                _("The country has no part “%(part)s” with holidays of its own. It has: %(known)s.")
                % {"part": part, "known": known},
            )
        return given


class HolidayForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs alone
    """A date of the utility's own."""

    day = day_field(_("Day"))

    class Meta:
        model = Holiday
        fields = ["day", "name"]
        labels = {"name": _("Name")}

"""The field that chooses a time zone: by region, then by place."""

from itertools import groupby
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _


def time_zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The time zones by region, each with its places in the order of the alphabet, and UTC."""
    names = sorted(name for name in available_timezones() if "/" in name)
    by_region = groupby(names, key=_region)
    return [("UTC", [("UTC", "UTC")]), *((region, [(name, name) for name in of]) for region, of in by_region)]


class TimeZoneField(forms.ChoiceField):
    """A time zone by its name, like Europe/Berlin."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"label": _("Time zone"), **options}, choices=time_zone_choices)


def _region(name: str) -> str:
    return name.partition("/")[0]

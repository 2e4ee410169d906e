"""Form fields for wall times: typed in the local time of a place, stored as moments in UTC."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from integration.seam.localtime import LocalTimeMissing, LocalTimeTwice, offset_text, offsets, to_utc

LOCAL_FORMAT = "%Y-%m-%dT%H:%M"
YEARS = range(2000, 2101)  # at both ends of the calendar some wall times have no moment in UTC


class LocalMomentMixin(forms.BaseForm):
    """Turns wall times that were typed in a time zone into moments in UTC."""

    def take_moment(self, name: str, time_zone: str) -> None:
        """Replace a cleaned wall time by its moment, or add an error to the field."""
        wall = self.cleaned_data.get(name)
        if wall is None:
            return
        try:
            offset = self.data.get(self.add_prefix(f"{name}_offset"), "")
            self.cleaned_data[name] = to_utc(wall, time_zone, offset)
        except LocalTimeMissing as problem:
            self.add_error(name, str(problem))
        except LocalTimeTwice as problem:
            self._offer_offsets(name, wall, time_zone)
            self.add_error(name, str(problem))

    def _offer_offsets(self, name: str, wall: datetime, time_zone: str) -> None:
        choices = [(o, f"{wall:%H:%M} (UTC{o})") for o in offsets(wall, time_zone)]
        label = _("Which %(time)s is meant") % {"time": f"{wall:%H:%M}"}
        self.fields[f"{name}_offset"] = forms.ChoiceField(choices=choices, label=label)


def typed_moment(name: str, moment: datetime, time_zone: str) -> dict[str, str]:
    """A moment as a form has it: the wall time, to the second, and the offset in case that occurs twice."""
    local = moment.astimezone(ZoneInfo(time_zone)).replace(microsecond=0)
    return {name: f"{local:%Y-%m-%dT%H:%M:%S}", f"{name}_offset": offset_text(local)}


class WallTimeField(forms.DateTimeField):
    """A date and time without zone, as the browser's picker sends it."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format=LOCAL_FORMAT)

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        for pattern in (LOCAL_FORMAT, "%Y-%m-%dT%H:%M:%S"):
            try:
                wall = datetime.strptime(str(value), pattern)  # noqa: DTZ007  (a wall time; the form adds its zone)
            except ValueError:
                continue
            if wall.year in YEARS:
                return wall
            raise forms.ValidationError(_("Choose a time in the years 2000 to 2100."))
        raise forms.ValidationError(
            _("“%(value)s” is not a date and time like 2026-07-21T17:30."), params={"value": value}
        )

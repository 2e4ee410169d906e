"""When a customer's devices must not be used."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cpm.models.customers import Device
from cpm.models.unavailability import Unavailability
from integration.pages.wall_time import LocalMomentMixin, WallTimeField

MINUTE = timedelta(minutes=1)
LONGEST = timedelta(days=366)


class DevicesField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # takes no parameter when it runs
    """Devices as check boxes."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, device: Any) -> str:
        return f"{device.get_device_class_display()} {device.nic_id}"


class PeriodForm(LocalMomentMixin, forms.Form):
    """From, until and why, in the device location's time. `period` is the one being edited."""

    starts_at = WallTimeField(label=_("From"))
    ends_at = WallTimeField(label=_("Until"))
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(
        self, *args: Any, time_zone: str, now: datetime, period: Unavailability | None = None, **kwargs: Any
    ) -> None:
        self.zone, self.now, self.period = ZoneInfo(time_zone), now, period
        super().__init__(*args, **kwargs)
        for name in ("starts_at", "ends_at"):
            self.fields[name].widget.attrs["step"] = "60"
        for name, moment in self._first_values().items():
            self.fields[name].initial = moment.astimezone(self.zone).replace(tzinfo=None)
        if period:
            self.fields["reason"].initial = period.reason

    def _first_values(self) -> dict[str, datetime]:
        if self.period:
            return {"starts_at": self.period.starts_at, "ends_at": self.period.ends_at}
        return {"starts_at": self.now.replace(second=0, microsecond=0) + 5 * MINUTE}

    def clean(self) -> dict[str, Any]:
        super().clean()
        for name in ("starts_at", "ends_at"):
            self.take_moment(name, self.zone.key)
        if not self.errors:
            self._keep_what_was_not_changed()
            self._check_period(self.cleaned_data["starts_at"], self.cleaned_data["ends_at"])
        return self.cleaned_data

    def _keep_what_was_not_changed(self) -> None:
        """A picker shows whole minutes: the current minute means now, and an unchanged moment keeps its seconds."""
        for name, before in self._first_values().items() if self.period else ():
            if 0 <= (before - self.cleaned_data[name]).total_seconds() < 60:
                self.cleaned_data[name] = before
        if self.now - MINUTE < self.cleaned_data["starts_at"] < self.now and not self.period:
            self.cleaned_data["starts_at"] = self.now

    def _check_period(self, starts_at: datetime, ends_at: datetime) -> None:
        if starts_at < self.now and not (self.period and starts_at == self.period.starts_at):
            sentence = _("%(from)s has passed. A period starts now (%(now)s) or later.")
            self.add_error("starts_at", sentence % {"from": self._local(starts_at), "now": self._local(self.now)})
        if ends_at <= starts_at:
            sentence = _("%(until)s is not after %(from)s.")
            self.add_error("ends_at", sentence % {"until": self._local(ends_at), "from": self._local(starts_at)})
        if ends_at - starts_at > LONGEST:
            self.add_error("ends_at", _("More than a year. End the enrollment instead."))

    def _local(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%d %b %Y %H:%M %Z}"


class UnavailabilityForm(PeriodForm):
    """A new period of one or more devices of one location."""

    devices = DevicesField(queryset=Device.objects.none(), label=_("Devices"))
    field_order = ["devices", "starts_at", "ends_at", "reason"]

    def __init__(self, *args: Any, devices: QuerySet[Device], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["devices"]
        assert isinstance(field, DevicesField)  # noqa: S101  (narrows the type)
        field.queryset = devices
        if len(devices) == 1:
            field.initial = [device.pk for device in devices]

    @property
    def chosen(self) -> list[int]:
        return [device.pk for device in self.cleaned_data["devices"]]


class OptOutForm(forms.Form):
    """Preemptive Opt-Out of a device, for one stage or for all coming stages of the event."""

    preemptive_opt_out = forms.ChoiceField(
        label=_("Preemptive Opt-Out"), choices=[("no", _("No")), ("yes", _("Yes"))], initial="no"
    )
    scope = forms.ChoiceField(
        label=_("For"),
        choices=[("stage", _("this stage")), ("event", _("all coming stages of the event"))],
        initial="stage",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, stages: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if stages < 2:
            self.fields["scope"].widget = forms.HiddenInput()

"""Filters of lists. A filter is a query string, so every filtered list has an address."""

from typing import Any, cast

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.forms import HiddenInput
from django.utils.translation import gettext_lazy as _

from integration.pages.badges import OUTCOME_CHOICES

from .choices import FINAL_STATES, OPEN_STATES, Category, DeviceClass, EventState
from .columns import EVENTS
from .models import ControlZone, Device, Event, Stage
from .pages.stage_devices import DeviceChoice

EVENT_VIEWS: dict[str, tuple[Any, tuple[EventState, ...]]] = {
    "active": (_("Active"), OPEN_STATES),
    "waiting": (_("Awaiting approval"), (EventState.SUBMITTED,)),
    "completed": (_("Completed"), FINAL_STATES),
    "all": (_("All"), tuple(EventState)),
}


class EventFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library carries no types
    """DERMS Events by view, number or name, type, control zone, state and whether they missed their target."""

    view = django_filters.ChoiceFilter(
        choices=[(name, label) for name, (label, _states) in EVENT_VIEWS.items()], method="in_view", widget=HiddenInput
    )
    q = django_filters.CharFilter(method="search", label=_("Number or name"))
    type = django_filters.ChoiceFilter(choices=Category.choices, label=_("Type"), empty_label=_("All types"))
    zone = django_filters.ModelChoiceFilter(
        queryset=ControlZone.objects.order_by("name"),
        to_field_name="code",
        label=_("Control zone"),
        empty_label=_("All zones"),
    )
    state = django_filters.ChoiceFilter(choices=EventState.choices, label=_("State"), empty_label=_("All states"))
    missed = django_filters.ChoiceFilter(
        choices=[("yes", _("Missed"))], method="has_missed", label=_("Target"), empty_label=_("Missed or not")
    )

    sort = django_filters.OrderingFilter(
        fields={field: order for order, field in EVENTS.sort_fields().items()},
        widget=HiddenInput,
    )

    class Meta:
        model = Event
        fields = ["view", "q", "type", "zone", "state", "missed"]

    def in_view(self, events: QuerySet[Event], name: str, view: str) -> QuerySet[Event]:
        return events.filter(state__in=EVENT_VIEWS[view][1])

    def has_missed(self, events: QuerySet[Event], name: str, answer: str) -> QuerySet[Event]:
        return events.filter(figures__missed_pct__isnull=False)

    def search(self, events: QuerySet[Event], name: str, words: str) -> QuerySet[Event]:
        return events.filter(Q(number__icontains=words) | Q(name__icontains=words))


class DeviceFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library carries no types
    """Devices by NIC id, class, control zone and feeder."""

    q = django_filters.CharFilter(field_name="nic_id", lookup_expr="startswith", label=_("NIC id begins with"))
    device_class = django_filters.ChoiceFilter(
        choices=DeviceClass.choices, label=_("Device class"), empty_label=_("All classes")
    )
    zone = django_filters.ModelChoiceFilter(
        queryset=ControlZone.objects.order_by("name"),
        to_field_name="code",
        label=_("Control zone"),
        empty_label=_("All zones"),
    )
    feeder = django_filters.CharFilter(field_name="feeder__code", label=_("Feeder"))

    class Meta:
        model = Device
        fields = ["q", "device_class", "zone", "feeder"]


class StageDeviceForm(forms.Form):
    """Devices of a stage by NIC id, feeder and outcome."""

    q = forms.CharField(required=False, label=_("NIC id begins with"), max_length=40)
    feeder = forms.ChoiceField(required=False, label=_("Feeder"))
    outcome = forms.ChoiceField(
        required=False,
        label=_("Outcome"),
        choices=[
            ("", _("All outcomes")),
            *OUTCOME_CHOICES,
            ("none", _("None yet")),
        ],
    )

    def __init__(self, *args: Any, stage: Stage, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        feeders = cast(forms.ChoiceField, self.fields["feeder"])
        feeders.choices = [("", _("All feeders")), *[(code, code) for code in sorted(stage.feeders)]]

    @property
    def chosen(self) -> DeviceChoice:
        """The filter that was asked for; an invalid one shows all devices."""
        return DeviceChoice(**self.cleaned_data) if self.is_valid() else DeviceChoice()

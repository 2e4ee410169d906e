"""Filters of lists. A filter is a query string, so every filtered list has an address."""

from typing import Any, cast

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.forms import HiddenInput, TextInput
from django.utils.translation import gettext_lazy as _

from derms.queries.lists import events_for_list
from derms.queries.silence import SilentChoice
from integration.pages.badges import OUTCOME_CHOICES
from integration.pages.filters import SHOWN, FilterRefused

from .choices import FINAL_STATES, OPEN_STATES, Category, DeviceClass, EventState
from .columns import EVENTS
from .models import ControlZone, Device, Event, Feeder, HeadEnd, Program, Stage
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


def events_numbered(numbers: list[str]) -> QuerySet[Event]:
    """The events that an address names. Raises FilterRefused if one of them does not exist."""
    found = events_for_list().filter(number__in=numbers)
    missing = [*dict.fromkeys(numbers)]
    if len(missing) > len(found):
        existing = {event.number for event in found}
        names = ", ".join(f"“{number[:SHOWN]}”" for number in missing if number not in existing)
        raise FilterRefused(_("There is no event %(numbers)s. Select events in the list.") % {"numbers": names})
    return found


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
    feeder = django_filters.ModelChoiceFilter(
        queryset=Feeder.objects.order_by("code"), to_field_name="code", widget=TextInput, label=_("Feeder")
    )

    class Meta:
        model = Device
        fields = ["q", "device_class", "zone", "feeder"]


def _named(kind: Any, label: Any, all_of_them: Any) -> Any:
    """A choice among all of a kind by name; addresses name their codes."""
    return forms.ModelChoiceField(
        kind.objects.order_by("name"), required=False, to_field_name="code", label=label, empty_label=all_of_them
    )


class SilentForm(forms.Form):
    """Devices that never answer, by program, head end, control zone and NIC id."""

    program = _named(Program, _("Program"), _("All programs"))
    head_end = _named(HeadEnd, _("Head end"), _("All head ends"))
    zone = _named(ControlZone, _("Control zone"), _("All zones"))
    q = forms.CharField(required=False, label=_("NIC id begins with"), max_length=40)

    @property
    def chosen(self) -> SilentChoice:
        """The filter that a valid form describes."""
        named = {name: row.code if row else "" for name, row in self.cleaned_data.items() if name != "q"}
        return SilentChoice(**named, q=self.cleaned_data["q"])


class GridForm(forms.Form):
    """Parts of the grid by their code."""

    q = forms.CharField(required=False, label=_("Code contains"), max_length=40)


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
        """The filter that a valid form describes."""
        return DeviceChoice(**self.cleaned_data)

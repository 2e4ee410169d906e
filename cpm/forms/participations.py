"""The filters of Event Participation."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cpm.models.program_events import ProgramEvent
from integration.pages.badges import OUTCOME_CHOICES

from ..choices import ParticipationStatus
from ..queries import Wanted, device_ids, program_event_named

# More devices than anyone wants to read.
MOST_DEVICES = 200


class ParticipationFilter(forms.Form):
    """Becomes a `Wanted`. People who may not see customers get no field for them."""

    program_event = forms.CharField(
        label=_("Program event and stage"),
        required=False,
        max_length=30,
        widget=forms.TextInput(attrs={"placeholder": "DR-2026-0142-1"}),
    )
    device = forms.CharField(label=_("Device: NIC id begins with"), required=False, max_length=81)
    customer = forms.CharField(label=_("Customer: number or account"), required=False, max_length=20)
    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("Any status")), *ParticipationStatus.choices]
    )
    outcome = forms.ChoiceField(label=_("Outcome"), required=False, choices=[("", _("Any outcome")), *OUTCOME_CHOICES])

    def __init__(self, *args: Any, sees_customers: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not sees_customers:
            del self.fields["customer"]

    def clean_program_event(self) -> ProgramEvent | None:
        name = self.cleaned_data["program_event"]
        found = program_event_named(name) if name else None
        if name and found is None:
            raise forms.ValidationError(
                _("There is no program event “%(name)s”. Enter the event's number and the stage: DR-2026-0142-1."),
                params={"name": name},
            )
        return found

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        ids = device_ids(device=given.get("device", ""), customer=given.get("customer", ""), most=MOST_DEVICES + 1)
        if ids and len(ids) > MOST_DEVICES:
            raise forms.ValidationError(
                _("More than %(most)s devices match “%(words)s”. Type more of the NIC id."),
                params={"most": MOST_DEVICES, "words": given.get("device") or given.get("customer")},
            )
        return {**given, "device_ids": ids}

    @property
    def wanted(self) -> Wanted:
        """The query that a valid form describes."""
        given = self.cleaned_data
        event = given["program_event"]
        return Wanted(
            program_events=Q(pk=event.pk) if event else Q(),
            device_ids=given["device_ids"],
            status=given["status"] or None,
            outcome=given["outcome"] or None,
        )

"""The filters of Event Participation."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program
from integration.pages.badges import OUTCOME_CHOICES

from ..choices import ParticipationStatus
from ..queries import Wanted, device_ids, program_event_named

# More devices than anyone wants to read.
MOST_DEVICES = 200


# As in sql/matching_participations.sql; of a device of which nothing was expected, no reduction is little or much.
REDUCTIONS = [
    ("", _("Any reduction")),
    ("none", _("None")),
    ("less", _("Less than half of what was expected")),
    ("more", _("Half of what was expected, or more")),
    ("unexpected", _("Nothing expected")),
]


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

    program = forms.ModelChoiceField(
        label=_("Program"),
        required=False,
        queryset=Program.objects.order_by("name"),
        to_field_name="code",
        empty_label=_("All programs"),
    )
    head_end = forms.CharField(label=_("Head end"), required=False, max_length=40)
    feeder = forms.CharField(label=_("Feeder"), required=False, max_length=30)
    flag = forms.ChoiceField(
        label=_("Reservation flag"), required=False, choices=[("", _("Yes or No")), ("yes", _("Yes")), ("no", _("No"))]
    )
    reduction = forms.ChoiceField(label=_("Reduction"), required=False, choices=REDUCTIONS)

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
        event, program = given["program_event"], given["program"]
        return Wanted(
            program_events=(Q(pk=event.pk) if event else Q()) & (Q(program=program) if program else Q()),
            device_ids=given["device_ids"],
            status=given["status"] or None,
            outcome=given["outcome"] or None,
            flag={"yes": True, "no": False}.get(given["flag"]),
            head_end=given["head_end"] or None,
            feeder=given["feeder"] or None,
            reduction=given["reduction"] or None,
        )

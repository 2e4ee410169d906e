"""What people set in the simulator."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from integration.seam.service_accounts import ServiceAccount

from .choices import MOST_START_SPREAD_MIN, OPENADR, REACHED_BY, Fault
from .queries.silent import head_ends


class FaultForm(forms.Form):
    """Which fault a head end has."""

    fault = forms.ChoiceField(
        label=_("Fault"),
        choices=Fault.choices,
        help_text=_("Applies to calls from now on; devices already called are not affected."),
    )


class ReachForm(forms.Form):
    """How a head end is reached; the client of one reached by OpenADR is a service account."""

    driver = forms.ChoiceField(label=_("Reached by"), choices=REACHED_BY)
    client = forms.ChoiceField(
        label=_("Client"),
        required=False,
        help_text=_("The service account that the head end signs in with. Its owner must be a DERMS operator."),
    )

    start_spread_min = forms.IntegerField(
        label=_("Start spread, min"),
        min_value=0,
        max_value=MOST_START_SPREAD_MIN,
        initial=0,
        help_text=_(
            "Over how long its devices begin, each at a moment of its own; none ends after the stage. 0: all at once. "
            "Only by OpenADR, and never more than half of a stage. It applies to stages that wait to start."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        accounts = ServiceAccount.objects.order_by("name").values_list("client_id", "name")
        present = self.initial.get("client") or ""
        known = [("", _("None")), *accounts]
        choice = cast(forms.ChoiceField, self.fields["client"])
        choice.choices = known if present in dict(known) else [*known, (present, present)]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("driver") == OPENADR and not given.get("client"):
            self.add_error("client", _("Choose the service account that the head end signs in with."))
        return given


class SilentForm(forms.Form):
    """Devices that have not answered, by head end."""

    system = forms.ChoiceField(required=False, label=_("Head end"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast(forms.ChoiceField, self.fields["system"])
        choice.choices = [("", _("All head ends")), *[(one, one) for one in head_ends()]]

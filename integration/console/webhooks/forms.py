"""What people type about webhooks."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration.seam.models import Webhook
from integration.seam.outgoing import AddressRefused, require_callable
from integration.seam.webhooks.kinds import KINDS

from ..owners import OwnerField


class AddressField(forms.CharField):
    """An address that may be called, as far as can be said without asking for its name."""

    def clean(self, value: Any) -> Any:
        url = super().clean(value)
        try:
            require_callable(url)
        except AddressRefused as problem:
            raise forms.ValidationError(str(problem)) from problem
        return url


class WebhookForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in its stubs
    owner = OwnerField(
        label=gettext_lazy("Owner"),
        help_text=gettext_lazy("The webhook is told of nothing that its owner may not see."),
    )
    url = AddressField(
        label=gettext_lazy("Address"),
        max_length=500,
        help_text=gettext_lazy("Where notices are posted, such as https://billing.example/hooks/gridcall."),
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("What it is told of"),
        choices=[(name, kind.label) for name, kind in KINDS.items()],
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Webhook
        fields = ["name", "url", "owner", "kinds", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people: Any = self.fields["owner"]
        people.offer(self.instance.owner_id)
        self.initial["owner"] = self.instance.owner.username if self.instance.pk else None

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        owner = given.get("owner")
        for kind in given.get("kinds", []):
            if owner and not owner.has_perm(KINDS[kind].permission):
                sentence = _("%(owner)s may not see this, so the webhook can't be told of it: %(kind)s.")
                self.add_error("kinds", sentence % {"owner": owner, "kind": KINDS[kind].label})
        return given

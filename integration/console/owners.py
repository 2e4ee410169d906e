"""Who may be the owner of what other systems do here: people who may sign in."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.db.models.functions import Lower

from .models import User


class OwnerField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic only in its stubs
    """A choice of people by their names; `offer` fills it once the row is known."""

    def __init__(self, *, label: Any, help_text: Any) -> None:
        super().__init__(User.objects.none(), label=label, help_text=help_text, to_field_name="username")

    def offer(self, present: int | None) -> None:
        """Offer everybody who may sign in, and the present owner, who may not any more."""
        people = User.objects.filter(is_active=True) | User.objects.filter(pk__in=[present] if present else [])
        self.queryset: QuerySet[User] = people.order_by(Lower("username"))

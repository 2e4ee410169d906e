"""The filters of lists. A filter is a query string, so every filtered list has an address."""

from typing import get_args

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from integration.seam.messages import Category

from .choices import WAITING_STATES, EnrollmentState, ProgramEventState
from .models.enrollments import Enrollment
from .models.program_events import ProgramEvent
from .models.programs import Program


class ProgramEventFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library has no types
    """Program Events by number or name, program, category and state."""

    q = django_filters.CharFilter(method="search", label=_("Number or name"))
    program = django_filters.ModelChoiceFilter(
        queryset=Program.objects.order_by("name"),
        to_field_name="code",
        label=_("Program"),
        empty_label=_("All programs"),
    )
    category = django_filters.ChoiceFilter(
        choices=[(name, _(name)) for name in get_args(Category)], label=_("Category"), empty_label=_("All categories")
    )
    state = django_filters.ChoiceFilter(
        choices=ProgramEventState.choices, label=_("State"), empty_label=_("All states")
    )

    class Meta:
        model = ProgramEvent
        fields = ["q", "program", "category", "state"]

    def search(self, events: QuerySet[ProgramEvent], name: str, words: str) -> QuerySet[ProgramEvent]:
        return events.filter(Q(event_number__icontains=words) | Q(event_name__icontains=words))


class EnrollmentFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library has no types
    """Enrollments by state and program; without a state, those that wait for somebody."""

    state = django_filters.ChoiceFilter(
        choices=[("any", _("Any state")), *EnrollmentState.choices],
        method="in_state",
        label=_("State"),
        empty_label=_("Waits for somebody"),
    )
    program = django_filters.ModelChoiceFilter(
        queryset=Program.objects.order_by("name"),
        to_field_name="code",
        label=_("Program"),
        empty_label=_("All programs"),
    )

    class Meta:
        model = Enrollment
        fields = ["state", "program"]

    def filter_queryset(self, found: QuerySet[Enrollment]) -> QuerySet[Enrollment]:
        if not self.form.cleaned_data["state"]:
            found = found.filter(state__in=WAITING_STATES)
        return super().filter_queryset(found)  # type: ignore[no-any-return]

    def in_state(self, found: QuerySet[Enrollment], name: str, state: str) -> QuerySet[Enrollment]:
        return found if state == "any" else found.filter(state=state)

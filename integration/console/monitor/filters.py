"""The filters of the monitor's lists; a filter is a query string, so a filtered list has an address."""

import django_filters
from django.db.models import Q, QuerySet
from django.forms import HiddenInput
from django.utils.translation import gettext_lazy as _

from integration.seam.alert_kinds import ALERT_KINDS
from integration.seam.kind_names import words_of_kind
from integration.seam.messages import CONTRACTS
from integration.seam.models import Alert, Delivery, Priority
from integration.seam.queries import DELIVERY_STATES, stage_uids_of
from integration.seam.routes import ROUTES
from integration.seam.systems import Outside

RECEIVERS = [*sorted({route.receiver for routes in ROUTES.values() for route in routes}), Outside.CPM]


class DeliveryFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library carries no types
    """Messages by subject, kind, state and receiver."""

    q = django_filters.CharFilter(method="about", label=_("Subject, or event number"))
    kind = django_filters.ChoiceFilter(
        field_name="message__kind",
        choices=lambda: [(kind, words_of_kind(kind)) for kind in CONTRACTS],
        label=_("Kind"),
        empty_label=_("All kinds"),
    )
    state = django_filters.ChoiceFilter(
        method="in_state",
        choices=[
            ("open", _("Open")),
            ("delivered", _("Delivered")),
            ("dead", _("Dead")),
            ("discarded", _("Discarded")),
        ],
        label=_("State"),
        empty_label=_("All states"),
    )
    receiver = django_filters.ChoiceFilter(
        choices=[(system, system.label) for system in RECEIVERS], label=_("Receiver"), empty_label=_("All receivers")
    )

    class Meta:
        model = Delivery
        fields = ["q", "kind", "state", "receiver"]

    def about(self, rows: QuerySet[Delivery], name: str, text: str) -> QuerySet[Delivery]:
        return rows.filter(Q(message__subject__icontains=text) | Q(message__stage_uid__in=stage_uids_of(text)))

    def in_state(self, rows: QuerySet[Delivery], name: str, state: str) -> QuerySet[Delivery]:
        return rows.filter(DELIVERY_STATES[state])


class AlertFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library carries no types
    """Alerts by view, text, priority, acknowledgement and kind."""

    view = django_filters.ChoiceFilter(
        choices=[("open", _("Open")), ("all", _("All"))], method="in_view", widget=HiddenInput
    )
    q = django_filters.CharFilter(field_name="text", lookup_expr="icontains", label=_("Alert text"))
    priority = django_filters.ChoiceFilter(
        choices=Priority.choices, label=_("Priority"), empty_label=_("All priorities")
    )
    acknowledged = django_filters.ChoiceFilter(
        choices=[("no", _("Nobody has yet")), ("yes", _("Acknowledged"))],
        method="is_acknowledged",
        label=_("Acknowledged"),
        empty_label=_("Either"),
    )
    kind = django_filters.ChoiceFilter(
        choices=[(kind, about.label) for kind, about in ALERT_KINDS.items()],
        label=_("Kind"),
        empty_label=_("All kinds"),
    )

    class Meta:
        model = Alert
        fields = ["view", "q", "priority", "acknowledged", "kind"]

    def in_view(self, rows: QuerySet[Alert], name: str, view: str) -> QuerySet[Alert]:
        return rows if view == "all" else rows.filter(closed_at=None)

    def is_acknowledged(self, rows: QuerySet[Alert], name: str, answer: str) -> QuerySet[Alert]:
        return rows.filter(acknowledged_at__isnull=answer == "no")

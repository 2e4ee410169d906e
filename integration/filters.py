"""What the monitor's lists can be narrowed to; a filter is a query string, so a view of a list is an address."""

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from .messages import CONTRACTS
from .models import Delivery
from .queries import DELIVERY_STATES, stage_uids_of
from .routes import ROUTES

SYSTEMS = {"derms": "DERMS", "cpm": "CPM", "lec": "LEC"}
RECEIVERS = sorted({route.receiver for routes in ROUTES.values() for route in routes})


class DeliveryFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library carries no types
    """Messages by subject, kind, state and receiver."""

    q = django_filters.CharFilter(method="about", label=_("Subject, or event number"))
    kind = django_filters.ChoiceFilter(
        field_name="message__kind",
        choices=[(kind, kind.replace("_", " ")) for kind in CONTRACTS],
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
        choices=[(name, SYSTEMS[name]) for name in RECEIVERS], label=_("Receiver"), empty_label=_("All receivers")
    )

    class Meta:
        model = Delivery
        fields = ["q", "kind", "state", "receiver"]

    def about(self, rows: QuerySet[Delivery], name: str, words: str) -> QuerySet[Delivery]:
        return rows.filter(Q(message__subject__icontains=words) | Q(message__stage_uid__in=stage_uids_of(words)))

    def in_state(self, rows: QuerySet[Delivery], name: str, state: str) -> QuerySet[Delivery]:
        return rows.filter(DELIVERY_STATES[state])

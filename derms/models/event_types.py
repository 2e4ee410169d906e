"""Event types and their parameters."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integration.seam.versions import Versioned

from ..choices import Category


class EventType(Versioned):
    """The parameters of one event type."""

    category = models.CharField(max_length=12, choices=Category.choices, primary_key=True)
    lead_time_s = models.PositiveIntegerField(
        default=300,
        help_text=_("Seconds before the first start, until which an event can be submitted, approved and scheduled."),
    )
    outcome_timeout_s = models.PositiveIntegerField(default=14_400, help_text="Seconds to wait for raw outcomes.")
    balance_authority_check = models.BooleanField(default=False)
    balance_authority_threshold_kw = models.PositiveIntegerField(default=0)
    reserve_margin_pct = models.PositiveSmallIntegerField(default=5, help_text="Reserved above the target, in %.")

    approved_cap_pct = models.PositiveSmallIntegerField(
        default=110, help_text="The most that Schedule reserves of what was approved, in %."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_cap_pct__gte=100), name="event_type_cap_allows_what_was_approved"
            ),
            models.CheckConstraint(
                condition=Q(reserve_margin_pct__lte=100), name="event_type_reserve_margin_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_category_display())

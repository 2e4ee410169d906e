"""Letting the response rates of control zones fade in which no stage has closed for a while."""

from datetime import datetime, timedelta

from django.db import transaction

from derms.set_operations.candidates import fade_rates, lock_candidates
from integration.seam.loads import patiently

from ..models import ControlZone

RENEWED_AFTER = timedelta(days=7)  # a week is a twentieth of what fades in 90 days


def fade_response_rates(*, now: datetime) -> None:
    """Renew the candidates of each zone whose rates last faded a week ago. Raises NotYet if one is in constant use."""
    for zone in ControlZone.objects.filter(rate_renewal__at__lte=now - RENEWED_AFTER).order_by("pk"):
        _fade(zone, now)


@transaction.atomic
def _fade(zone: ControlZone, now: datetime) -> None:
    lock_candidates()
    patiently(fade_rates(zone, now=now).attach)

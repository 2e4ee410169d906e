"""Links to a customer's own page."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from ..models import SelfServiceLink

LINK_LASTS = timedelta(days=14)


def make_link(*, customer_id: int, by: str, now: datetime) -> SelfServiceLink:
    """Create a link for one customer that works for two weeks."""
    return SelfServiceLink.objects.create(customer_id=customer_id, made_at=now, made_by=by, expires_at=now + LINK_LASTS)


@transaction.atomic
def revoke_link(*, uid: UUID, by: str, now: datetime) -> None:
    """Revoke a link now. If it was revoked before, nothing changes."""
    link = SelfServiceLink.objects.select_for_update(no_key=True).get(uid=uid)
    if link.revoked_at is None:
        link.revoked_at, link.revoked_by = now, by
        link.save(update_fields=["revoked_at", "revoked_by"])

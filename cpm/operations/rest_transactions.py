"""A call with a transaction id acts once; sent again, it gets the first answer."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cpm.models.rest_transactions import RestTransaction
from integration.seam.refusals import Refused


class OtherBody(Refused):
    """The transaction id belongs to a call with another body."""

    status = 422


@transaction.atomic
def answer_once(
    act: Callable[[], dict[str, Any]], *, operation: str, transaction_id: str, digest: str, by: str, now: datetime
) -> dict[str, Any]:
    """The first answer to this transaction of an account; a refusal is none, and leaves the id unused.

    Without an id, the call acts every time. Raises OtherBody.
    """
    if not transaction_id:
        return act()
    key = {"account": by, "operation": operation, "transaction_id": transaction_id}
    # Waits for the same call, if it is under way, without an error in PostgreSQL's log.
    RestTransaction.objects.bulk_create([RestTransaction(**key, digest=digest, called_at=now)], ignore_conflicts=True)
    row = RestTransaction.objects.get(**key)
    if row.digest != digest:
        raise OtherBody(
            _("The transaction %(id)s was already sent, with other contents. Nothing was changed now.")
            % {"id": transaction_id}
        )
    if row.answer is None:
        row.answer = act()
        row.save(update_fields=["answer"])
    return dict(row.answer)

"""Announce a change to the webhooks that want it: in the change's own transaction, if and only if it commits.

Most installations have no webhook and most kinds nobody who wants them: then a change costs one small query, and what
it would say is not even put together.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from .. import sql
from ..outbox import BY_THE_CLOCK, wake

Data = Mapping[str, Any]
_WANTED = "SELECT id FROM integration_webhook WHERE is_active AND generation > 0 AND %s = ANY(kinds)"
_WRITE = """
INSERT INTO integration_webhooknotice (webhook_id, kind, type, subject, data)
SELECT unnest(%s::bigint[]), %s, %s, %s, %s::jsonb
"""


def announce(kind: str, *, what: str, subject: str, data: Callable[[], Data]) -> None:
    """Write a notice for each webhook that wants this kind; `data` contains ids, states, counts and times, no texts.

    The caller holds the lock of what the notice is about, so that notices have the order of the changes.
    """
    if wanted := sql.column(_WANTED, [kind]):
        write_notices(wanted, kind=kind, what=what, subject=subject, data=data())


def write_notices(webhook_ids: list[int], *, kind: str, what: str, subject: str, data: Data) -> None:
    """Write a notice for each of these webhooks, and wake the scheduler at commit."""
    sql.execute(_WRITE, [webhook_ids, kind, what, subject, json.dumps(data, cls=DjangoJSONEncoder)])
    wake(BY_THE_CLOCK)

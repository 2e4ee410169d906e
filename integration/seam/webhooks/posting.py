"""Post due notices: a few at a time to each webhook, to several webhooks at once: a slow one holds up only itself.

    lease   a webhook is this process's for LEASE; commit
    take    its next notices, each of another subject, for as long: count the attempts; commit, so that one that kills
            the process runs out, too
    post    outside any transaction, each in a thread of its own
    mark    store the answer and what follows from it; commit; the last one marked frees the webhook

A process that dies between post and mark posts one notice twice, with the same id. Later notices about its subject wait
until it is marked, so that none overtakes another.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.module_loading import import_string

from .. import clock, sql
from ..outgoing import NotReached, post
from ..routes import DOOR_RIGHTS
from ..sql import statement
from ..steps import in_committed_steps
from ..vault import KeyChanged, unlock
from .kinds import KINDS
from .marking import ANSWERED, ATTEMPTS, DIED, REDIRECTED, WITHHELD, Result, mark
from .rows import Webhook, WebhookNotice
from .signing import signed_headers

AT_ONCE = 40
TOGETHER = 8  # to one webhook
TURN_S = 30.0
LEASE = timedelta(seconds=120)  # longer than a post and the resolution of a name take together


class Letter(NamedTuple):
    """A notice that is to be posted now."""

    notice: WebhookNotice
    url: str
    body: bytes
    headers: dict[str, str]


def lanes_to_post(now: datetime) -> range:
    """One piece of due work if anything is due to any webhook."""
    return range(1 if sql.rows(statement("integration.seam", "due_webhooks")) else 0)


def post_notices(lane: int, *, now: datetime) -> None:
    """Post due notices for half a minute."""
    in_committed_steps(partial(post_due_notices, seconds=TURN_S))


def post_due_notices(*, seconds: float) -> None:
    """Post due notices until none is left or the time is over."""
    until = time.monotonic() + seconds
    posting: dict[Future[Result], WebhookNotice] = {}
    left: Counter[int] = Counter()  # by webhook
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="posts") as pool:
        while True:
            # Only what a thread is free for: what waits for one would outlast its lease.
            if time.monotonic() < until and (webhooks := (AT_ONCE - len(posting)) // TOGETHER):
                for letter in _next(webhooks):
                    posting[pool.submit(_post, letter)] = letter.notice
                    left[letter.notice.webhook_id] += 1
            if not posting:
                return
            done, _waiting = wait(posting, timeout=1.0, return_when=FIRST_COMPLETED)
            for future in done:
                notice = posting.pop(future)
                left[notice.webhook_id] -= 1
                mark(notice, future.result(), is_last=not left[notice.webhook_id])


def _next(limit: int) -> Iterator[Letter]:
    """Lease as many webhooks, and return the next notices of each. One that has none any more is free again at once."""
    due = statement("integration.seam", "due_webhooks")
    leased = sql.column(statement("integration.seam", "lease_webhooks", due=due), {"lease": LEASE, "limit": limit})
    if not leased:
        return
    limits = {"leased": leased, "lease": LEASE, "together": TOGETHER}
    taken = sql.column(statement("integration.seam", "take_notices"), limits)
    now = clock.now()
    notices = list(WebhookNotice.objects.select_related("webhook__owner").filter(pk__in=taken))
    died = [notice for notice in notices if notice.attempts > ATTEMPTS]
    to_post = [notice for notice in notices if notice not in died and _may_know(notice)]
    withheld = [notice.pk for notice in set(notices) - {*died, *to_post}]
    WebhookNotice.objects.filter(pk__in=withheld).update(discarded_at=now, discard_reason=WITHHELD())
    busy = {notice.webhook_id for notice in to_post}
    idle = set(leased) - busy - {notice.webhook_id for notice in died}
    Webhook.objects.filter(pk__in=idle).update(rests_until=now)
    for notice in died:
        mark(notice, Result(None, DIED(), None), is_last=notice.webhook_id not in busy)
    for notice in to_post:
        yield _letter(notice, now)


def _may_know(notice: WebhookNotice) -> bool:
    """Whether the webhook's owner, or who asked for a door's callback, may still see what the notice is about."""
    if notice.webhook.door:
        return bool(import_string(DOOR_RIGHTS[notice.webhook.door])(notice))
    owner, kind = notice.webhook.owner, KINDS.get(notice.kind)
    return owner.is_active and (kind is None or owner.has_perm(kind.permission))


def _letter(notice: WebhookNotice, now: datetime) -> Letter:
    if notice.webhook.door:
        return _letter_of_door(notice)
    content = {"type": notice.type, "timestamp": notice.made_at, "data": notice.data}
    body = json.dumps(content, cls=DjangoJSONEncoder, separators=(",", ":")).encode()
    signed = signed_headers(notice.webhook, notice.uid, body, now=now)
    return Letter(
        notice, notice.webhook.url, body, {"Content-Type": "application/json", "User-Agent": "Gridcall", **signed}
    )


def _letter_of_door(notice: WebhookNotice) -> Letter:
    """A notice whose content is its whole body, as the door's protocol has it."""
    headers = {"Content-Type": "application/json", "User-Agent": "Gridcall"}
    with suppress(KeyChanged):  # then the receiver refuses it, and the log says so
        if notice.webhook.authorization:
            headers["Authorization"] = f"Bearer {unlock(notice.webhook.authorization)}"
    body = json.dumps(notice.data, cls=DjangoJSONEncoder, separators=(",", ":")).encode()
    return Letter(notice, notice.webhook.url, body, headers)


def _post(letter: Letter) -> Result:
    """Post a notice; in a thread that has no database connection."""
    try:
        answer = post(letter.url, letter.body, letter.headers)
    except NotReached as problem:
        return Result(None, problem.sentence, None)
    if 200 <= answer.status < 300:
        return Result(answer.status, "", answer.ms)
    said = REDIRECTED if 300 <= answer.status < 400 else ANSWERED
    return Result(answer.status, said(status=answer.status), answer.ms)

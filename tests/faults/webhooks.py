"""A receiver of webhooks that is away, and comes back: nothing is lost, and no subject's changes are out of order."""

import time
from collections import defaultdict

from django.db.models import QuerySet

from integration.console.models import User
from integration.seam import clock
from integration.seam.models import Webhook, WebhookNotice
from integration.seam.webhooks.keeping import add_webhook, make_secret, save_webhook, send_test
from integration.seam.webhooks.kinds import TEST
from tests.doors import receivers
from tests.doors.receivers import Answer, Handler, Posted, receiving
from tests.faults import figures
from tests.faults.driver import Driver
from tests.faults.row import Row
from tests.faults.system import System, patiently

BY = "fault suite"
THERE_S = 20.0  # before and after
ARRIVED_S = 60.0


def webhook_away(system: System, driver: Driver, seconds: int) -> Row:
    """Next to the load: the receiver takes notices, answers 503, is away, answers what is no HTTP, and is back."""
    taken: list[Posted] = []
    with receiving(system.receiver_context, _taking(taken)) as there:
        hook = patiently(lambda: _made(there.url))
        time.sleep(THERE_S)
        there.answer = receivers.status(503)
        time.sleep(seconds / 3)
    time.sleep(seconds / 3)
    with receiving(system.receiver_context, receivers.garbled, port=there.port) as back:
        time.sleep(seconds / 3)
        waiting = patiently(lambda: _notices(hook).filter(delivered_at=None).count())
        back.answer = _taking(taken)
        patiently(lambda: send_test(pk=hook.pk, by=BY))
        time.sleep(THERE_S)
        patiently(lambda: save_webhook(pk=hook.pk, fields={"kinds": []}, by=BY, now=clock.now()))
        took = figures.seconds_until(lambda: not _notices(hook).filter(delivered_at=None).exists(), most=ARRIVED_S)
    return patiently(lambda: _row(list(_notices(hook)), taken, seconds, waiting=waiting, took=took))


def _taking(taken: list[Posted]) -> Answer:
    def answer(handler: Handler, posted: Posted) -> None:
        taken.append(posted)
        receivers.status(204)(handler, posted)

    return answer


def _made(url: str) -> Webhook:
    owner, kinds = User.objects.get(username="faults.operator"), ["event", "stage", "outcome"]
    made = add_webhook({"name": BY, "owner": owner, "url": url, "kinds": kinds}, by=BY, now=clock.now())
    make_secret(pk=made.pk, by=BY, now=clock.now())
    return made


def _notices(hook: Webhook) -> QuerySet[WebhookNotice]:
    return hook.notices.exclude(kind=TEST)


def _row(notices: list[WebhookNotice], taken: list[Posted], seconds: int, *, waiting: object, took: float) -> Row:
    by_id = {f"msg_{one.uid.hex}": one for one in notices}
    ids = [one.headers["webhook-id"] for one in taken]
    last: dict[str, int] = defaultdict(int)
    disordered = 0
    for notice in [by_id[one] for one in ids if one in by_id]:
        disordered += notice.pk < last[notice.subject]
        last[notice.subject] = notice.pk
    lost = len(by_id.keys() - set(ids))
    return Row(
        f"webhook receiver away for {seconds} s: 503, nobody listens, no HTTP",
        len(notices),
        f"none lost, no subject out of order, all there <= {ARRIVED_S:.0f} s after it is back",
        f"{lost} lost and {disordered} out of order of {len(notices)}; {waiting} waited, the last {took:.0f} s after",
        bool(waiting) and not (lost or disordered) and took < ARRIVED_S,
    )

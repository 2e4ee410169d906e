"""Objects of the conformance realm as its clients see them, and the notifications of those that subscribed to them."""

from collections.abc import Collection
from typing import Any

from integration.seam.webhooks.announcing import write_notices

from ..choices import OPENADR
from ..models import Callback, RealmObject
from ..queries.realm import Reader, readers
from ..queries.subscriptions import callbacks_of
from .wire import moment_of


def shown(found: RealmObject, reader: Reader, asked: Collection[str] | None = None) -> dict[str, Any]:
    """An object as a client may see it: of a program or event, a ven sees the targets that it is granted and asked."""
    may_see = reader.may_see(found.kind, asked)
    targets = [one for one in found.targets if may_see is None or one in may_see]
    return {
        **found.content,
        "id": object_id(found),
        "createdDateTime": moment_of(found.created_at),
        "modificationDateTime": moment_of(found.modified_at),
        "objectType": found.kind,
        **({"clientID": found.client} if found.client else {}),
        **({"targets": targets} if targets else {}),
    }


def object_id(found: RealmObject) -> str:
    return f"realm-{found.pk}"


def tell(found: RealmObject, operation: str) -> None:
    """Notify each client of the realm that may read the object and has subscribed to what happened to it."""
    for reader in readers():
        if not reader.sees(found):
            continue
        callbacks = [one for one in callbacks_of(reader.client, found.kind, operation) if _takes(one, found)]
        if callbacks:
            write_notices(
                [one.webhook_id for one in callbacks],
                kind=OPENADR,
                what=f"{found.kind} {operation}",
                subject=object_id(found),
                data={"objectType": found.kind, "operation": operation, "object": shown(found, reader)},
            )


def _takes(callback: Callback, found: RealmObject) -> bool:
    """Whether a subscription is to an object: to its program, and to one of its targets."""
    of = callback.subscription
    if of.program_id and (program := _program(found)) and object_id(program) != of.program_id:
        return False
    return not of.targets or not set(of.targets).isdisjoint(found.targets)


def _program(found: RealmObject) -> RealmObject | None:
    while found.kind != "PROGRAM":
        if found.parent is None:
            return None
        found = found.parent
    return found

"""The answer to a status check, from a system outside that was asked."""

from base64 import b32decode, b32encode
from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils.translation import gettext as _

from cpm.queries.last_heard import devices_asked
from integration.pages.http import SignedInRequest
from integration.pages.rest import operation
from integration.seam import clock
from integration.seam.messages import DeviceStatus, FoundDevices
from integration.seam.refusals import Refused

from .. import operations
from .bodies import StatusBody

ANSWERS = {"SUCCESS": "online", "FAILURE": "offline"}
UID_CHARACTERS = 26  # 128 bits, five to a character


@operation("cpm.change_devicestatus", body=StatusBody)
def device_status_response(request: SignedInRequest, body: StatusBody) -> dict[str, Any]:
    """Whether the device of a check can be reached; the transaction is the check's."""
    detail = body.response_detail
    check_uid = uid_of(detail.transaction_id)
    asked = devices_asked(check_uid) if check_uid else []
    if check_uid is None or not asked:
        raise Http404
    if len(asked) > 1:
        raise OneResultForSeveral(
            _("The check asked about %(count)s devices; one result can't say which.") % {"count": len(asked)}
        )
    status: Any = ANSWERS[detail.result.status]
    found = FoundDevices(head_end=asked[0].head_end, nic_ids=(asked[0].nic_id,), status=status)
    operations.keep_device_status(DeviceStatus(check_uid=check_uid, at=clock.now(), devices=(found,)))
    return {"responseDetail": {"transactionID": detail.transaction_id, "result": {"status": detail.result.status}}}


class OneResultForSeveral(Refused):
    """The interface has one result for a check that asked about several devices."""


def transaction_id_of(check_uid: UUID) -> str:
    """A check's id in the 30 characters that the interface has: 26 letters and digits."""
    return b32encode(check_uid.bytes).decode().rstrip("=")


def uid_of(transaction_id: str) -> UUID | None:
    """The check that `transaction_id_of` wrote so; None if it is no such text."""
    text = transaction_id.upper()
    if len(text) != UID_CHARACTERS:
        return None
    try:
        return UUID(bytes=b32decode(text + "=" * (-len(text) % 8)))
    except ValueError:
        return None

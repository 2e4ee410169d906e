"""Signatures of the Standard Webhooks scheme (https://www.standardwebhooks.com), version v1: HMAC-SHA256."""

from base64 import b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import digest
from uuid import UUID

from django.utils.crypto import salted_hmac

from .rows import Webhook

PREFIX = "whsec_"
BOTH_SIGN = timedelta(days=1)  # after a rotation, so that the receiver can change over


def secret_of(webhook: Webhook) -> str:
    """The secret that the receiver checks signatures with."""
    return PREFIX + b64encode(_key(webhook.uid, webhook.generation)).decode()


def signed_headers(webhook: Webhook, notice_uid: UUID, body: bytes, *, now: datetime) -> dict[str, str]:
    """The headers of one attempt: the notice's id is the same in each, the moment and the signature are its own."""
    notice, moment = f"msg_{notice_uid.hex}", str(int(now.timestamp()))
    signed = f"{notice}.{moment}.".encode() + body
    generations = [webhook.generation]
    if webhook.generation > 1 and webhook.secret_at and now - webhook.secret_at < BOTH_SIGN:
        generations.append(webhook.generation - 1)
    signatures = (b64encode(digest(_key(webhook.uid, one), signed, sha256)).decode() for one in generations)
    return {
        "webhook-id": notice,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }


def _key(uid: UUID, generation: int) -> bytes:
    """256 bits that nobody without SECRET_KEY can make, so that the database holds no secret."""
    return salted_hmac("gridcall.webhook", f"{uid}:{generation}", algorithm="sha256").digest()

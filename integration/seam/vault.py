"""Secrets of others that must be sent again, and so can't be kept as digests: encrypted with a key from SECRET_KEY."""

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken
from django.utils.crypto import salted_hmac


class KeyChanged(Exception):
    """The text was locked with another SECRET_KEY."""


def lock(text: str) -> str:
    return _box().encrypt(text.encode()).decode()


def unlock(locked: str) -> str:
    """The text that was locked. Raises KeyChanged."""
    try:
        return _box().decrypt(locked.encode()).decode()
    except InvalidToken as problem:
        raise KeyChanged from problem


def _box() -> Fernet:
    return Fernet(urlsafe_b64encode(salted_hmac("gridcall.vault", "", algorithm="sha256").digest()))

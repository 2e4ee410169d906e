"""Ids in addresses: any text that people or other systems gave to something is one part of an address."""

import re

from django.urls import register_converter

KEPT = frozenset("-_.@+")
# Parts of addresses in the place of an id: such an id is written otherwise, since its page would be theirs.
TAKEN = frozenset(("new", "export", "actions", "participation"))
QUOTED = re.compile("(?:~[0-9A-F]{2})+")


def quote_id(text: str) -> str:
    """An id as a part of an address.

    Letters and digits of any language stay. Every other character becomes ~ and two hex digits per byte, because
    servers, proxies and browsers take a slash, a question mark or “..” for something else even if percent-encoded.
    """
    if text in TAKEN:
        return _quoted(text[0]) + text[1:]
    kept = KEPT - {"."} if text.startswith(".") else KEPT
    return "".join(one if one.isalnum() or one in kept else _quoted(one) for one in text)


def unquote_id(part: str) -> str:
    """The id that a part of an address names. Raises ValueError if it names none."""
    return QUOTED.sub(lambda found: bytes.fromhex(found[0].replace("~", "")).decode(), part)


def device_key(head_end: str, nic_id: str) -> str:
    """A device as one value of a form."""
    return f"{quote_id(head_end)}/{quote_id(nic_id)}"


def device_of(key: str) -> tuple[str, str] | None:
    """The head end and NIC id of a device's key; None if the text is no key."""
    parts = key.split("/")
    try:
        head_end, nic_id = map(unquote_id, parts)
    except ValueError:
        return None
    return head_end, nic_id


def _quoted(character: str) -> str:
    return "".join(f"~{byte:02X}" for byte in character.encode())


class IdConverter:
    """`<id:name>` in an address."""

    regex = "[^/]+"

    def to_python(self, part: str) -> str:
        return unquote_id(part)

    def to_url(self, text: str) -> str:
        return quote_id(str(text))


def register_ids() -> None:
    """Let addresses contain `<id:name>`."""
    register_converter(IdConverter, "id")

"""Texts of the seam that people read. Contracts don't import Django, so pages translate them."""


def _(text: str) -> str:
    """Mark a text for the catalogues of integration/locale."""
    return text


def one_line(text: str) -> str:
    """Return an id of another system. Raises ValueError if it has characters that nobody sees, or that break a line."""
    if not text.isprintable():
        raise ValueError("write it as one line without control characters")
    return text

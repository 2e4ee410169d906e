"""Texts of the seam that people read. Contracts don't import Django, so pages translate them."""


def _(text: str) -> str:
    """Mark a text for the catalogues of integration/locale."""
    return text

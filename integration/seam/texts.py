"""Texts of the seam that people read: contracts know nothing of Django, so pages translate them."""


def _(text: str) -> str:
    """Mark a text for the catalogues of integration/locale."""
    return text

"""What people type is what others see: text that is invisible or changes the direction of its line is refused."""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

JOINERS = "\u200c\u200d"  # scripts from Persian to Malayalam, and pictures of several people, need them
# Letters and signs without any ink, which Unicode counts as letters, marks or symbols.
BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Of the invisible categories: line breaks and tabs, and the signs of Arabic and Syriac numbers, which are drawn.
SHOWN = frozenset("\t\n\r\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2")
INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
NUL = "\0"  # Django's own validator refuses it
WITHOUT_JOINERS = ("LATIN", "GREEK", "CYRILLIC", "DIGIT")


def require_shown(text: Any) -> None:
    """Raise ValidationError, with the character's code and place, if a text contains something that nobody sees."""
    if not isinstance(text, str):  # a field that has read something else in it, such as numbers or dates
        return
    for place, character in enumerate(text):
        if (character.isascii() and character.isprintable()) or character == NUL:
            continue
        if _is_unseen(character) or (character in JOINERS and not _joins(text, place)):
            raise ValidationError(
                _("Character %(place)s (%(code)s) is invisible or changes the direction of the text. Remove it."),
                params={"place": place + 1, "code": f"U+{ord(character):04X}"},
            )


def validate_every_text_field() -> None:
    """Make it a rule of every text field of every form, so that none can be forgotten.

    Kinds of text with rules of their own, such as e-mail addresses, do not inherit it.
    """
    for kind in (forms.CharField, forms.EmailField, forms.URLField, forms.SlugField):
        kind.default_validators = [*kind.default_validators, require_shown]


def _is_unseen(character: str) -> bool:
    if character in SHOWN or character in JOINERS:
        return False
    return character in BLANKS or unicodedata.category(character) in INVISIBLE


def _joins(text: str, place: int) -> bool:
    """Whether a joiner is between two characters of which the first belongs to a script or picture that uses it."""
    before, after = text[max(place - 1, 0) : place], text[place + 1 : place + 2]
    if not before or not after or before.isspace() or after.isspace() or before in JOINERS:
        return False
    return not unicodedata.name(before, "LATIN").startswith(WITHOUT_JOINERS) and not before.isascii()
